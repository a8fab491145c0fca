/** Owns what each database engine must offer. Nothing outside this folder sees it. */
import type { CompiledQuery, Dialect, Driver, QueryResult } from 'kysely'

export type EngineName = 'sqlite' | 'mysql'
export type Result = QueryResult<unknown>

/** An open transaction on a connection of its own. */
export interface Session {
  run(query: CompiledQuery): Promise<Result>
  commit(): Promise<void>
  /** Never throws: a connection that can not roll back is thrown away, which rolls back as well. */
  rollback(): Promise<void>
  release(): void
}

export interface Engine {
  readonly name: EngineName
  /** One statement outside a transaction. */
  run(query: CompiledQuery): Promise<Result>
  begin(): Promise<Session>
  /** Everything of Kysely's dialect but the driver. */
  dialect(driver: Driver): Dialect
  /** Runs `fn` while no other process migrates. `ddl` runs one statement without a time limit. */
  whileMigrating: <T>(fn: (ddl: (statement: string) => Promise<void>) => Promise<T>) => Promise<T>
  /** Copies the whole database beside itself; engines that have their own backups do nothing. */
  copy(label: string): Promise<string | undefined>
  close(): Promise<void>
}

export type Bindable = string | number | bigint | null | Uint8Array

/**
 * Only plain values reach an engine: mysql2 would expand an object into SQL, and the two engines disagree on the
 * rest.
 */
export const bindable = (values: readonly unknown[]): Bindable[] =>
  values.map((value) => {
    if (typeof value === 'boolean') return value ? 1 : 0
    if (value === null || typeof value === 'string' || typeof value === 'bigint') return value
    if (typeof value === 'number' && Number.isFinite(value)) return value
    if (value instanceof Uint8Array) return value
    throw new TypeError(`A value of type ${typeof value} can not be stored`)
  })
