/**
 * Owns the embedded engine: one connection that writes, in turns, and one that reads beside it. It refuses a file
 * that another process has open.
 */
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type BetterSqlite from 'better-sqlite3'
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { CompiledQuery } from 'kysely'
import { bindable } from './engine.ts'
import type { Engine, Result, Session } from './engine.ts'
import { failed, failureOf, translate } from './failure.ts'
import { createGroupSync } from './group-sync.ts'
import type { GroupSync } from './group-sync.ts'
import { createStatements } from './sqlite-statements.ts'
import type { Statements } from './sqlite-statements.ts'
import { createTurns } from './turn.ts'

/** How many copies made before migrations stay beside the file. */
const keptCopies = 3

class Adapter extends SqliteAdapter {
  // Kysely would queue every statement behind one connection; our turns let readers pass.
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

/** With `beside`, a command may write a little while the process that holds the lock goes on. */
export const openSqlite = async (file: string, { beside = false } = {}): Promise<Engine> => {
  if (Number(process.versions.node.split('.')[0]) < 22) {
    throw new Error('SQLite needs Node 22 or newer: the native library crashes on older ones')
  }
  const { default: Database } = await import('better-sqlite3')
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await makePrivate(file)
  const lock = beside ? undefined : lockFile(Database, file)
  let writer: BetterSqlite.Database | undefined
  let reader: BetterSqlite.Database | undefined
  try {
    writer = openConnection(Database, file)
    // A reader can not create the file, hence in this order.
    reader = openConnection(Database, file)
    reader.pragma('query_only = ON')
    // Pages straight from the system's cache: with more data than `cache_size` each look-up would copy several.
    reader.pragma('mmap_size = 2147418112')
    return createEngine(file, lock, writer, reader)
  } catch (error) {
    reader?.close()
    writer?.close()
    lock?.close()
    throw translate(error)
  }
}

/** Mobile numbers and hashes are nobody's but ours; SQLite gives the files beside it the same mode. */
const makePrivate = async (file: string): Promise<void> => {
  await using made = await open(file, 'a', 0o600)
  await made.chmod(0o600)
}

/**
 * The kernel drops this lock with the process, however it dies; a file with a process number in it would stay
 * behind and lie.
 */
const lockFile = (Database: typeof BetterSqlite, file: string): BetterSqlite.Database => {
  const lock = new Database(`${file}.lock`, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (failureOf(error) !== 'transient') throw translate(error)
    throw new Error(
      `${file} is in use by another Vireo process. SQLite serves one process: stop the other one, or use MariaDB or MySQL.`,
      { cause: error },
    )
  }
}

const openConnection = (Database: typeof BetterSqlite, file: string): BetterSqlite.Database => {
  const db = new Database(file, { timeout: 5000 })
  try {
    db.pragma('journal_mode = WAL')
    // Each commit waits for the disk all the same, in groups (group-sync.ts).
    db.pragma('synchronous = NORMAL')
    db.pragma('foreign_keys = ON')
    db.pragma('journal_size_limit = 67108864')
    db.pragma('cache_size = -16384')
    db.pragma('temp_store = MEMORY')
    // As utf8mb4_bin compares.
    db.pragma('case_sensitive_like = ON')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

const createEngine = (
  file: string,
  lock: BetterSqlite.Database | undefined,
  writer: BetterSqlite.Database,
  reader: BetterSqlite.Database,
): Engine => {
  const writes = createStatements(writer)
  const reads = createStatements(reader)
  const turns = createTurns({ maxWaiting: 2000, timeoutMs: 15_000 })
  const log = createGroupSync(`${file}-wal`)
  let closed = false

  const inTurn = async <T>(fn: () => T | Promise<T>): Promise<T> => {
    const end = await turns.take()
    try {
      return await fn()
    } finally {
      end()
    }
  }

  return {
    name: 'sqlite',
    async run(query) {
      // A SELECT sees what is committed and never waits for the writer.
      if (reads.readsOnly(query.sql)) return execute(reads, query)
      const result = await inTurn(() => execute(writes, query))
      await log.done()
      return result
    },
    async begin() {
      const end = await turns.take()
      try {
        writer.exec('BEGIN IMMEDIATE')
      } catch (error) {
        end()
        throw translate(error)
      }
      return createSession(writer, writes, end, log)
    },
    dialect: (driver) => ({
      createDriver: () => driver,
      createAdapter: () => new Adapter(),
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createIntrospector: (db) => new SqliteIntrospector(db),
    }),
    // The process lock is enough: nobody else has the file open.
    whileMigrating: (fn) => fn((statement) => inTurn(() => void writer.exec(statement))),
    copy: (label) => inTurn(() => copyFile(writer, file, label)),
    async close() {
      if (closed) return
      closed = true
      // Takes its turn so that a transaction under way is not cut off.
      await inTurn(() => {
        reader.close()
        if (lock) writer.pragma('optimize')
        writer.close()
        lock?.close()
      })
      await log.done().finally(log.close)
    },
  }
}

const execute = (statements: Statements, query: CompiledQuery): Result => {
  const statement = statements.prepare(query.sql)
  const values = bindable(query.parameters)
  if (statement.reader) return { rows: statement.all(values) }
  const { changes, lastInsertRowid } = statement.run(values)
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
}

const createSession = (
  writer: BetterSqlite.Database,
  writes: Statements,
  end: () => void,
  log: GroupSync,
): Session => {
  // From then on what is open on the connection is somebody else's.
  let isCommitted = false
  return {
    async run(query) {
      try {
        return execute(writes, query)
      } catch (error) {
        const failure = failureOf(error)
        // SQLite rolls back by itself after some errors; going on would write outside the transaction.
        if (!writer.inTransaction && (failure === 'bug' || failure === 'duplicate')) {
          throw failed('broken', error)
        }
        throw error
      }
    },
    async commit() {
      try {
        writer.exec('COMMIT')
        isCommitted = true
        // The next one may write while this one waits for the disk.
        end()
        await log.done()
      } catch (error) {
        throw translate(error)
      }
    },
    async rollback() {
      if (!isCommitted && writer.inTransaction) writer.exec('ROLLBACK')
    },
    release: end,
  }
}

/** Renamed into place when it is whole, so that a killed copy is never taken for a good one. */
const copyFile = async (writer: BetterSqlite.Database, file: string, label: string): Promise<string> => {
  const target = `${file}.before-${label}`
  const partial = `${target}.partial`
  await rm(partial, { force: true })
  try {
    writer.prepare('VACUUM INTO ?').run(partial)
    const handle = await open(partial, 'r+')
    await handle.sync()
    await handle.close()
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { force: true })
    throw translate(error)
  }
  await dropOldCopies(file)
  return target
}

const dropOldCopies = async (file: string): Promise<void> => {
  const prefix = `${basename(file)}.before-`
  const names = (await readdir(dirname(file))).filter((name) => name.startsWith(prefix))
  const copies = await Promise.all(
    names.map(async (name) => {
      const path = join(dirname(file), name)
      return { path, atMs: (await stat(path)).mtimeMs }
    }),
  )
  copies.sort((a, b) => b.atMs - a.atMs)
  for (const { path } of copies.slice(keptCopies)) await rm(path, { force: true })
}
