/**
 * Owns migrated MariaDB databases that tests hand on to one another, emptied: making the tables takes seconds, emptying
 * them does not. Who has one holds the server's lock of its name, which ends with the connection, however that ends.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createConnection } from 'mysql2/promise'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { migrations } from './migrations/index.ts'

const prefix = 'vireo_kept_'
const most = 100

/** Changes with every change of a migration. */
const schemaMark = (): string => {
  const directory = new URL('./migrations/', import.meta.url)
  const hash = createHash('sha256')
  for (const file of [...readdirSync(directory).sort(), '../schema.ts'])
    hash.update(readFileSync(new URL(file, directory)))
  return hash.digest('hex').slice(0, 12)
}

export interface KeptDatabase extends AsyncDisposable {
  readonly name: string
}

/** A database that nobody has now: new and without tables, or migrated and empty. */
export const takeKeptDatabase = async (serverUrl: string): Promise<KeptDatabase> => {
  const server = await createConnection({ uri: serverUrl })
  try {
    const mark = schemaMark()
    for (let n = 0; n < most; n++) {
      const name = `${prefix}${mark}_${n}`
      if (!(await isMine(server, name))) continue
      if (n === 0) await dropOutdated(server, mark)
      if (await isSpoiled(server, name)) await server.query(`DROP DATABASE ${name}`)
      await server.query(`CREATE DATABASE IF NOT EXISTS ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`)
      await empty(server, name)
      return { name, [Symbol.asyncDispose]: () => server.end() }
    }
    throw new Error(`all ${most} kept databases are taken`)
  } catch (error) {
    await server.end()
    throw error
  }
}

const rowsOf = async (server: Connection, text: string, values: unknown[] = []): Promise<RowDataPacket[]> =>
  (await server.query<RowDataPacket[]>(text, values))[0]

const isMine = async (server: Connection, name: string): Promise<boolean> =>
  (await rowsOf(server, 'SELECT GET_LOCK(?, 0) AS got', [name]))[0]?.['got'] === 1

/** Did a test leave migrations of its own in it? */
const isSpoiled = async (server: Connection, name: string): Promise<boolean> => {
  const there = await rowsOf(
    server,
    "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = 'schema_migration'",
    [name],
  )
  if (there.length === 0) return false
  const ids = migrations.map(({ id }) => id)
  const strange = `SELECT 1 FROM ${name}.schema_migration WHERE migration NOT IN (?) LIMIT 1`
  return (await rowsOf(server, strange, [ids])).length > 0
}

/** Every row but those that say which migrations ran; numbers that the engine gives begin at one again. */
const empty = async (server: Connection, name: string): Promise<void> => {
  const tables = (
    await rowsOf(
      server,
      "SELECT table_name AS name, auto_increment AS next FROM information_schema.tables WHERE table_schema = ? AND table_name <> 'schema_migration'",
      [name],
    )
  ).map((row) => ({ table: `${name}.\`${String(row['name'])}\``, next: Number(row['next'] ?? 0) }))
  if (tables.length === 0) return
  const looks = tables.map(({ table }) => `(SELECT '${table}' AS name FROM ${table} LIMIT 1)`)
  const filled = await rowsOf(server, looks.join(' UNION ALL '))
  await server.query('SET foreign_key_checks = 0')
  await server.beginTransaction()
  for (const row of filled) await server.query(`DELETE FROM ${String(row['name'])}`)
  await server.commit()
  // Consumers of events would wait for the numbers before.
  for (const { table, next } of tables) if (next > 1) await server.query(`TRUNCATE TABLE ${table}`)
}

/** Of migrations as they were before; those that somebody still has stay. */
const dropOutdated = async (server: Connection, mark: string): Promise<void> => {
  const all = await rowsOf(
    server,
    'SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name LIKE ?',
    [`${prefix.replaceAll('_', '\\_')}%`],
  )
  for (const row of all) {
    const name = String(row['name'])
    if (name.includes(mark) || !(await isMine(server, name))) continue
    await server.query(`DROP DATABASE ${name}`)
    await server.query('DO RELEASE_LOCK(?)', [name])
  }
}
