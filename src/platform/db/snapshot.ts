/**
 * Owns reading a whole database as it stood at one moment, while others go on writing, and filling an empty one with
 * what was read; the same rows on either engine. It refuses names that are no table or column of ours.
 */
import type { DatabaseConfig } from './db.ts'

/** A value as JSON keeps it: bytes stand as `{ "bytes": base64 }`. */
export type Row = Readonly<Record<string, unknown>>

export interface Snapshot extends AsyncDisposable {
  tables(): Promise<string[]>
  /** In batches, in the order of the primary key where the engine gives it. */
  rows(table: string): AsyncIterable<Row[]>
  /** The last number that each counting table gave out; those of deleted rows count. */
  sequences(): Promise<Record<string, number>>
}

export interface Filling extends AsyncDisposable {
  tables(): Promise<string[]>
  empty(table: string): Promise<void>
  /** Foreign keys are not looked at: tables come in any order. */
  insert(table: string, rows: readonly Row[]): Promise<void>
  count(table: string): Promise<number>
  /** The next number is above this one. */
  continueAfter(table: string, last: number): Promise<void>
}

export const rowsPerBatch = 500

export const openSnapshot = async (config: DatabaseConfig): Promise<Snapshot> =>
  config.kind === 'sqlite'
    ? (await import('./snapshot-sqlite.ts')).openSqliteSnapshot(config.file)
    : (await import('./snapshot-mysql.ts')).openMysqlSnapshot(config.url)

/** The tables must be there already. */
export const openFilling = async (config: DatabaseConfig): Promise<Filling> =>
  config.kind === 'sqlite'
    ? (await import('./snapshot-sqlite.ts')).openSqliteFilling(config.file)
    : (await import('./snapshot-mysql.ts')).openMysqlFilling(config.url)

export const quoted = (name: string): string => {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(name)) throw new Error(`${JSON.stringify(name)} is no table or column`)
  return `\`${name}\``
}

export const toJson = (row: Record<string, unknown>): Row => {
  for (const [name, value] of Object.entries(row))
    if (value instanceof Uint8Array) row[name] = { bytes: Buffer.from(value).toString('base64') }
  return row
}

export const fromJson = (value: unknown): string | number | null | Buffer => {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  const { bytes } = value as { bytes?: unknown }
  if (typeof bytes === 'string') return Buffer.from(bytes, 'base64')
  throw new Error('A row holds a value that no column takes')
}

/** All rows of a batch have the columns of its first. */
export const columnsOf = (rows: readonly Row[]): string[] => Object.keys(rows[0] ?? {})
