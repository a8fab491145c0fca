/** Owns the snapshot of the embedded engine: one read transaction, which writers do not wait for (WAL). */
import type BetterSqlite from 'better-sqlite3'
import { columnsOf, fromJson, quoted, rowsPerBatch, toJson } from './snapshot.ts'
import type { Filling, Row, Snapshot } from './snapshot.ts'

const tablesOf = (db: BetterSqlite.Database): string[] =>
  db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    .pluck()
    .all()
    .map(String)
    .sort()

export const openSqliteSnapshot = async (file: string): Promise<Snapshot> => {
  const { default: Database } = await import('better-sqlite3')
  const db = new Database(file, { readonly: true, fileMustExist: true, timeout: 5000 })
  db.exec('BEGIN')
  // The transaction sees what is committed at its first read: now.
  const tables = tablesOf(db)
  return {
    tables: async () => tables,
    async *rows(table) {
      let batch: Row[] = []
      for (const row of db.prepare(`SELECT * FROM ${quoted(table)}`).iterate()) {
        batch.push(toJson(row as Record<string, unknown>))
        if (batch.length < rowsPerBatch) continue
        yield batch
        batch = []
      }
      if (batch.length > 0) yield batch
    },
    async sequences() {
      const hasAny = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").get()
      if (hasAny === undefined) return {}
      const rows = db.prepare('SELECT name, seq FROM sqlite_sequence').all() as {
        name: string
        seq: number
      }[]
      return Object.fromEntries(rows.map(({ name, seq }) => [name, seq]))
    },
    async [Symbol.asyncDispose]() {
      db.close()
    },
  }
}

export const openSqliteFilling = async (file: string): Promise<Filling> => {
  const { default: Database } = await import('better-sqlite3')
  const db = new Database(file, { fileMustExist: true })
  // Not acknowledged to anybody before it is closed and moved into place.
  db.pragma('synchronous = OFF')
  db.pragma('foreign_keys = OFF')
  return {
    tables: async () => tablesOf(db),
    async empty(table) {
      db.exec(`DELETE FROM ${quoted(table)}`)
    },
    async insert(table, rows) {
      const columns = columnsOf(rows)
      const names = columns.map(quoted).join(', ')
      const statement = db.prepare(
        `INSERT INTO ${quoted(table)} (${names}) VALUES (${columns.map(() => '?').join(', ')})`,
      )
      db.transaction(() => {
        for (const row of rows) statement.run(columns.map((name) => fromJson(row[name])))
      })()
    },
    count: async (table) =>
      db
        .prepare(`SELECT count(*) FROM ${quoted(table)}`)
        .pluck()
        .get() as number,
    async continueAfter(table, last) {
      const { changes } = db
        .prepare('UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?')
        .run(last, table)
      if (changes === 0) db.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)').run(table, last)
    },
    async [Symbol.asyncDispose]() {
      db.pragma('wal_checkpoint(TRUNCATE)')
      db.close()
    },
  }
}
