/** Owns the few statements that the engines spell differently, so that no store has to ask which one it is on. */
import { sql } from 'kysely'
import type { Expression, Insertable, RawBuilder } from 'kysely'
import type { Queries, Transaction } from './db.ts'
import { isDuplicate } from './failure.ts'
import type { Tables } from './tables.ts'

type Name<T extends keyof Tables> = keyof Tables[T] & string

/**
 * `select … .modifyEnd(forUpdate(trx))`: the rows stay as they are until the transaction ends. On SQLite a
 * transaction is the only writer anyway.
 */
export const forUpdate = (trx: Transaction): RawBuilder<unknown> =>
  trx.engine === 'mysql' ? sql`for update` : sql``

/** The larger of the values; none of them may be NULL. */
export const greatest = <T>(q: Queries, ...values: Expression<T>[]): RawBuilder<T> =>
  q.engine === 'mysql' ? sql<T>`greatest(${sql.join(values)})` : sql<T>`max(${sql.join(values)})`

/** The smaller of the values; none of them may be NULL. */
export const least = <T>(q: Queries, ...values: Expression<T>[]): RawBuilder<T> =>
  q.engine === 'mysql' ? sql<T>`least(${sql.join(values)})` : sql<T>`min(${sql.join(values)})`

/** False if a unique constraint refused the row, `indexName` if given. */
export const insertIfAbsent = async <T extends keyof Tables>(
  q: Queries,
  table: T,
  row: Insertable<Tables[T]>,
  indexName?: string,
): Promise<boolean> => {
  try {
    await insertRows(table, [row]).execute(q)
    return true
  } catch (error) {
    if (isDuplicate(error, indexName)) return false
    throw error
  }
}

/**
 * Inserts rows; where one with the same `key` exists, `replace`s these columns by the new values and `add`s the new
 * values to those. `key` must be the primary key or a unique index, and the only one the rows can meet.
 */
export const upsert = async <T extends keyof Tables>(
  q: Queries,
  table: T,
  rows: readonly Insertable<Tables[T]>[],
  on: { key: readonly Name<T>[]; replace?: readonly Name<T>[]; add?: readonly Name<T>[] },
): Promise<void> => {
  if (rows.length === 0) return
  const given = (name: string): RawBuilder<unknown> =>
    q.engine === 'mysql' ? sql`values(${sql.ref(name)})` : sql`excluded.${sql.ref(name)}`
  const changes = [
    ...(on.replace ?? []).map((name) => sql`${sql.ref(name)} = ${given(name)}`),
    ...(on.add ?? []).map((name) => sql`${sql.ref(name)} = ${sql.ref(`${table}.${name}`)} + ${given(name)}`),
  ]
  const keys = on.key.map((name) => sql.ref(name))
  // Without a change MySQL still needs one: a column set to itself.
  const doNothing = q.engine === 'mysql' ? sql`update ${keys[0]} = ${keys[0]}` : sql`nothing`
  const action = changes.length === 0 ? doNothing : sql`update ${setOf(q)}${sql.join(changes)}`
  const clause =
    q.engine === 'mysql' ? sql`on duplicate key ${action}` : sql`on conflict (${sql.join(keys)}) do ${action}`
  await sql`${insertRows(table, rows)} ${clause}`.execute(q)
}

const setOf = (q: Queries): RawBuilder<unknown> => (q.engine === 'mysql' ? sql`` : sql`set `)

const insertRows = <T extends keyof Tables>(
  table: T,
  rows: readonly Insertable<Tables[T]>[],
): RawBuilder<unknown> => {
  const records = rows as readonly Readonly<Record<string, unknown>>[]
  const names = Object.keys(records[0] ?? {})
  const lines = records.map((row) => sql`(${sql.join(names.map((name) => row[name]))})`)
  return sql`insert into ${sql.table(table)} (${sql.join(names.map((name) => sql.ref(name)))}) values ${sql.join(lines)}`
}
