/** Owns a connection's prepared statements: preparing costs more than most lookups. It keeps a bounded number. */
import type BetterSqlite from 'better-sqlite3'

const kept = 500

export type Statement = BetterSqlite.Statement<unknown[], unknown>

export interface Statements {
  prepare(sql: string): Statement
  /** True if the statement changes nothing. */
  readsOnly(sql: string): boolean
}

export const createStatements = (db: BetterSqlite.Database): Statements => {
  const statements = new Map<string, Statement>()

  const prepare = (sql: string): Statement => {
    const found = statements.get(sql)
    const statement = found ?? db.prepare<unknown[], unknown>(sql)
    // Set again at the end: a Map keeps the order of insertion, so the first is the one unused for longest.
    if (found) statements.delete(sql)
    statements.set(sql, statement)
    const [oldest] = statements.keys()
    if (statements.size > kept && oldest !== undefined) statements.delete(oldest)
    return statement
  }

  return {
    prepare,
    readsOnly: (sql) => {
      if (/^\s*(insert|update|delete|replace)\b/i.test(sql)) return false
      // A pragma may change the connection and still count as read-only.
      return !/^\s*pragma\b/i.test(sql) && prepare(sql).readonly
    },
  }
}
