/** Owns the snapshot of the MySQL protocol: one REPEATABLE READ transaction on a connection of its own. */
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { connectionOptions } from './mysql.ts'
import { columnsOf, fromJson, quoted, rowsPerBatch, toJson } from './snapshot.ts'
import type { Filling, Row, Snapshot } from './snapshot.ts'

const connect = async (url: string): Promise<Connection> => {
  const { createConnection } = await import('mysql2/promise')
  const connection = await createConnection(connectionOptions(url))
  await connection.query(
    "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES', net_write_timeout = 600",
  )
  return connection
}

const ask = async (connection: Connection, sql: string, values: unknown[] = []): Promise<RowDataPacket[]> =>
  (await connection.query<RowDataPacket[]>(sql, values))[0]

const tablesOf = async (connection: Connection): Promise<string[]> => {
  const rows = await ask(
    connection,
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
  )
  return rows.map((row) => String(row['name'])).sort()
}

export const openMysqlSnapshot = async (url: string): Promise<Snapshot> => {
  const connection = await connect(url)
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ')
  await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')
  return {
    tables: () => tablesOf(connection),
    async *rows(table) {
      // Streamed by the library underneath: a large table is never whole in memory.
      const stream = (
        connection as unknown as { connection: { query(sql: string): { stream(): AsyncIterable<object> } } }
      ).connection
        .query(`SELECT * FROM ${quoted(table)}`)
        .stream()
      let batch: Row[] = []
      for await (const row of stream) {
        batch.push(toJson({ ...row }))
        if (batch.length < rowsPerBatch) continue
        yield batch
        batch = []
      }
      if (batch.length > 0) yield batch
    },
    async sequences() {
      const found: Record<string, number> = {}
      for (const table of await tablesOf(connection)) {
        // information_schema may be a day old; this is not.
        const [row] = await ask(connection, `SHOW CREATE TABLE ${quoted(table)}`)
        const next = /\bAUTO_INCREMENT=(\d+)/.exec(String(row?.['Create Table']))?.[1]
        if (next !== undefined) found[table] = Number(next) - 1
      }
      return found
    },
    [Symbol.asyncDispose]: () => connection.end(),
  }
}

export const openMysqlFilling = async (url: string): Promise<Filling> => {
  const connection = await connect(url)
  await connection.query('SET SESSION foreign_key_checks = 0')
  return {
    tables: () => tablesOf(connection),
    async empty(table) {
      await connection.query(`DELETE FROM ${quoted(table)}`)
    },
    async insert(table, rows) {
      const columns = columnsOf(rows)
      const line = `(${columns.map(() => '?').join(', ')})`
      await connection.query(
        `INSERT INTO ${quoted(table)} (${columns.map(quoted).join(', ')}) VALUES ${rows.map(() => line).join(', ')}`,
        rows.flatMap((row) => columns.map((name) => fromJson(row[name]))),
      )
    },
    async count(table) {
      const [row] = await ask(connection, `SELECT count(*) AS n FROM ${quoted(table)}`)
      return Number(row?.['n'])
    },
    async continueAfter(table, last) {
      await connection.query(`ALTER TABLE ${quoted(table)} AUTO_INCREMENT = ${Math.trunc(last) + 1}`)
    },
    [Symbol.asyncDispose]: () => connection.end(),
  }
}
