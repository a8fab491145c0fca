/** Owns what an engine's error means, for both engines. It refuses to guess: what it does not know is a bug. */
import { AppError, isAppError } from '../errors/app-error.ts'

/**
 * - `duplicate`: a unique constraint said no; the transaction goes on.
 * - `transient`: lost against a concurrent transaction; the whole transaction may be run again.
 * - `lost`: the connection broke; what it had not committed is gone.
 * - `busy`: the wait for a connection or for the writer's turn was too long.
 * - `full`: no space left. `broken`: the engine can not work (file damaged, access refused).
 */
export type Failure = 'duplicate' | 'transient' | 'lost' | 'busy' | 'full' | 'broken' | 'bug'

const mysqlErrnos: Readonly<Record<number, Failure>> = {
  1062: 'duplicate',
  1213: 'transient', // deadlock; Galera reports a failed certification with it, too
  1205: 'transient', // lock wait timeout
  1020: 'transient', // record has changed since last read (MariaDB with snapshot isolation)
  3101: 'transient', // group replication rolled back at COMMIT
  8022: 'transient', // TiDB: commit failed, retry
  9007: 'transient', // TiDB: write conflict
  1040: 'lost', // too many connections
  1047: 'lost', // Galera: node not ready
  1053: 'lost', // server shutdown
  1129: 'lost',
  1152: 'lost',
  1158: 'lost',
  1159: 'lost',
  1160: 'lost',
  1161: 'lost',
  1290: 'lost', // read-only after a failover
  1836: 'lost',
  1927: 'lost', // connection killed
  4031: 'lost', // idle connection closed by the server
  1021: 'full',
  1114: 'full',
  1044: 'broken',
  1045: 'broken',
  1049: 'broken',
}

const lostCodes = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
])

const sqliteFailure = (code: string): Failure => {
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') return 'duplicate'
  if (code === 'SQLITE_CONSTRAINT_ROWID') return 'duplicate'
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return 'transient'
  if (code === 'SQLITE_FULL') return 'full'
  if (/^SQLITE_(IOERR|CORRUPT|NOTADB|CANTOPEN|READONLY|NOMEM|PROTOCOL|PERM)/.test(code)) return 'broken'
  return 'bug'
}

interface EngineError {
  code?: unknown
  errno?: unknown
  fatal?: unknown
  message: string
}

/** What `error` means; the cause is looked at only through an AppError that this folder made. */
export const failureOf = (error: unknown): Failure => {
  if (!(error instanceof Error)) return 'bug'
  if (isAppError(error)) return translated.get(error) ?? 'bug'
  const { code, errno, fatal, message } = error as EngineError
  if (typeof code === 'string' && code.startsWith('SQLITE_')) return sqliteFailure(code)
  const known = typeof errno === 'number' ? mysqlErrnos[errno] : undefined
  if (known !== undefined) return known
  if (typeof code === 'string' && lostCodes.has(code)) return 'lost'
  if (/\bErrcode: 28\b|No space left on device/.test(message)) return 'full'
  if (message === 'Queue limit reached.') return 'busy'
  if (fatal === true || /in closed state|Pool is closed/.test(message)) return 'lost'
  return 'bug'
}

const translated = new WeakMap<Error, Failure>()

/** The error that leaves this folder: an AppError where the engine failed, `error` itself otherwise. */
export const translate = (error: unknown): unknown => {
  const failure = failureOf(error)
  if (isAppError(error) || failure === 'duplicate' || failure === 'bug') return error
  return failed(failure, error)
}

/** Makes the AppError for a failure and remembers which it was. */
export const failed = (failure: Exclude<Failure, 'duplicate' | 'bug'>, cause: unknown): AppError => {
  const wrapped =
    failure === 'full'
      ? new AppError('storage_full', { cause })
      : failure === 'busy' || failure === 'transient'
        ? new AppError('unavailable', { cause, retryAfterS: 1 })
        : new AppError('storage_failed', { cause })
  translated.set(wrapped, failure)
  return wrapped
}

/**
 * Did a unique constraint refuse the row? With `indexName`, that one only: the name `uniqueName()` makes, or
 * `PRIMARY`.
 */
export const isDuplicate = (error: unknown, indexName?: string): boolean => {
  if (!(error instanceof Error) || failureOf(error) !== 'duplicate') return false
  return indexName === undefined || duplicateIndex(error) === indexName
}

/** SQLite names the columns, MySQL the index: one name for both. */
const duplicateIndex = (error: Error): string | undefined => {
  const { code, message } = error as EngineError
  // The refused value stands before it in the message and may be hostile: read from the end.
  if (typeof code === 'string' && !code.startsWith('SQLITE_'))
    return /for key '(?:[^']+\.)?([^'.]+)'$/.exec(message)?.[1]
  if (code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || code === 'SQLITE_CONSTRAINT_ROWID') return 'PRIMARY'
  const columns = /^UNIQUE constraint failed: (.+)$/.exec(message)?.[1]?.split(', ') ?? []
  const table = columns[0]?.split('.')[0]
  return table === undefined
    ? undefined
    : uniqueName(
        table,
        columns.map((name) => name.split('.')[1] ?? name),
      )
}

/** The name of the unique index on these columns, as migrations make it. */
export const uniqueName = (table: string, columns: readonly string[]): string =>
  `uq_${table}_${columns.join('_')}`

/** "It is there already", which a resumed migration counts as done. */
export const isAlreadyThere = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false
  const { code, errno, message } = error as EngineError
  if (errno === 1050 || errno === 1060 || errno === 1061 || errno === 1826) return true
  return code === 'SQLITE_ERROR' && /already exists$|^duplicate column name: /.test(message)
}
