/** Owns the handle to the database. It refuses everything that only one of the engines could do. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { Kysely } from 'kysely'
import type { Clock } from '../clock/clock.ts'
import type { Log } from '../log/log.ts'
import type { Engine, EngineName } from './engine.ts'
import { createLeaseDriver } from './lease.ts'
import type { Scope } from './lease.ts'
import type { Tables } from './tables.ts'
import { createRunTransaction } from './transaction.ts'

export { isDuplicate, uniqueName } from './failure.ts'

export type DatabaseConfig = { kind: 'sqlite'; file: string } | { kind: 'mysql'; url: string }

/**
 * What a store takes as its first argument: the database itself, each statement on its own, or an open transaction.
 * Made for Kysely's `sql` tag, too.
 */
export interface Queries extends Pick<
  Kysely<Tables>,
  | 'selectFrom'
  | 'selectNoFrom'
  | 'insertInto'
  | 'updateTable'
  | 'deleteFrom'
  | 'with'
  | 'fn'
  | 'case'
  | 'dynamic'
  | 'getExecutor'
> {
  readonly engine: EngineName
}

export interface Transaction extends Queries {
  /** Runs `hook` once, after the commit; never after a rollback. For wake-up calls, not for what must happen. */
  afterCommit(hook: () => void | Promise<void>): void
}

export interface Db extends Queries, AsyncDisposable {
  /**
   * Runs `fn` all or nothing. `fn` may run several times (deadlock, busy database), so it changes nothing but the
   * database. While it runs, only `trx` may be used; `trx` dies with it. A duplicate may be caught inside; after
   * any other failed statement only a rollback follows. On SQLite transactions run one after the other. After 8 s
   * it is rolled back: events count on no transaction being open for 10 s.
   * Throws AppError `storage_failed`, `storage_full`, `unavailable`.
   */
  transaction<T>(fn: (trx: Transaction) => Promise<T>, options?: { timeoutMs?: number }): Promise<T>
  readonly close: () => Promise<void>
  /** For this folder only. */
  readonly internals: { readonly engine: Engine; readonly log: Log; readonly clock: Clock }
}

export const openDatabase = async (deps: {
  config: DatabaseConfig
  log: Log
  clock: Clock
  transactionTimeoutMs?: number
  /** For a command that changes a few rows while the product runs: takes no lock, must not migrate. */
  beside?: boolean
}): Promise<Db> => {
  const { config, log, clock } = deps
  const engine = await openEngine(config, deps.beside ?? false)
  const scopes = new AsyncLocalStorage<Scope>()
  const kysely = new Kysely<Tables>({ dialect: engine.dialect(createLeaseDriver(engine, scopes)), log: [] })
  const transaction = createRunTransaction({
    begin: kysely.transaction.bind(kysely),
    engine: engine.name,
    scopes,
    log,
    timeoutMs: deps.transactionTimeoutMs ?? 8_000,
  })
  const close = (): Promise<void> => engine.close()
  // Kysely's own object carries the query builder; its ways around `transaction` are shadowed.
  return Object.assign(kysely as Omit<typeof kysely, 'transaction' | 'connection' | 'destroy'>, {
    engine: engine.name,
    transaction,
    close,
    [Symbol.asyncDispose]: close,
    internals: { engine, log, clock },
  })
}

const openEngine = async (config: DatabaseConfig, beside: boolean): Promise<Engine> => {
  // Loaded on demand: the other engine's library would only cost time and memory.
  if (config.kind === 'sqlite') return (await import('./sqlite.ts')).openSqlite(config.file, { beside })
  return (await import('./mysql.ts')).openMysql(config.url)
}
