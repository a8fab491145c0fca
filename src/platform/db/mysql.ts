/**
 * Owns the engine that speaks the MySQL protocol (MariaDB, MySQL 8, TiDB): a bounded pool of connections that all
 * behave alike. It refuses to create a database.
 */
import { createHash } from 'node:crypto'
import { MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler } from 'kysely'
import type { CompiledQuery } from 'kysely'
import type { Pool, PoolConnection, QueryResult as Rows, ResultSetHeader } from 'mysql2'
import { bindable } from './engine.ts'
import type { Engine, Result, Session } from './engine.ts'
import { failed, failureOf, translate } from './failure.ts'

const poolSize = 10
const queueLimit = 500
const acquireTimeoutMs = 10_000
const statementTimeoutMs = 30_000

/**
 * What every connection agrees on. Steps of 1 keep event ids without gaps (Galera would step by its number of
 * nodes); writers on several nodes then collide, which is retried. Merging indexes loses their order: `seek` on a
 * small table was sorted instead of read from its index.
 */
const setUp = [
  // The variable is called differently on each server; the statement is the same.
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  `SET SESSION time_zone = '+00:00',
  sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
  innodb_lock_wait_timeout = 5, auto_increment_increment = 1, auto_increment_offset = 1,
  optimizer_switch = 'index_merge_sort_union=off,index_merge_union=off'`,
]

export const openMysql = async (url: string): Promise<Engine> => {
  const { createPool } = await import('mysql2')
  const pool = createPool(poolOptions(url))
  const connections = createConnections(pool)
  // A wrong address or password shows here, not at the first request.
  try {
    connections.release(await connections.take())
  } catch (error) {
    pool.end(() => undefined)
    throw translate(error)
  }
  return createEngine(pool, connections)
}

const poolOptions = (url: string) => ({
  ...connectionOptions(url),
  connectionLimit: poolSize,
  maxIdle: poolSize,
  idleTimeout: 60_000,
  queueLimit,
  enableKeepAlive: true,
})

/** Read by hand: the library would take any of its options, dangerous ones too, from the address. */
export const connectionOptions = (url: string) => {
  const { protocol, hostname, port, username, password, pathname, searchParams } = new URL(url)
  const database = decodeURIComponent(pathname.slice(1))
  if (protocol !== 'mysql:' || database === '') throw new Error('The database address must be mysql://…/name')
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 3306 : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database,
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    supportBigNumbers: true,
    decimalNumbers: true,
    dateStrings: true,
    flags: ['FOUND_ROWS'],
    connectTimeout: 5000,
    ...(searchParams.get('ssl') === 'true' ? { ssl: { rejectUnauthorized: true } } : {}),
  }
}

interface Connections {
  take(): Promise<PoolConnection>
  release(connection: PoolConnection): void
}

const createConnections = (pool: Pool): Connections => {
  const ready = new WeakSet<PoolConnection>()

  const take = (): Promise<PoolConnection> =>
    new Promise((resolve, reject) => {
      let late = false
      const timer = setTimeout(() => {
        late = true
        reject(failed('busy', new Error('Waited too long for a connection')))
      }, acquireTimeoutMs)
      pool.getConnection((error: Error | null, connection) => {
        clearTimeout(timer)
        if (late) connection?.release()
        else if (error) reject(error)
        else resolve(connection)
      })
    })

  return {
    async take() {
      const connection = await take()
      if (ready.has(connection)) return connection
      // Without a listener the end of an idle connection would end the process.
      connection.on('error', () => connection.destroy())
      try {
        for (const statement of setUp) await send(connection, statement, [])
      } catch (error) {
        connection.destroy()
        throw error
      }
      ready.add(connection)
      return connection
    },
    release: (connection) => connection.release(),
  }
}

const send = (
  connection: PoolConnection,
  sql: string,
  values: unknown[],
  timeoutMs?: number,
): Promise<Rows> =>
  new Promise((resolve, reject) => {
    connection.query(
      { sql, values, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) },
      (error, rows) => {
        if (error) reject(error)
        else resolve(rows)
      },
    )
  })

const execute = async (connection: PoolConnection, query: CompiledQuery): Promise<Result> => {
  const rows = await send(connection, query.sql, bindable(query.parameters), statementTimeoutMs)
  if (Array.isArray(rows)) return { rows }
  const { affectedRows, insertId } = rows as ResultSetHeader
  return { rows: [], numAffectedRows: BigInt(affectedRows), insertId: BigInt(insertId) }
}

/** A connection whose state is not known any more must not be handed to the next one. */
const isUnsure = (error: unknown): boolean => ['lost', 'busy', 'broken'].includes(failureOf(error))

const createEngine = (pool: Pool, connections: Connections): Engine => ({
  name: 'mysql',
  async run(query) {
    const connection = await connections.take()
    try {
      const result = await execute(connection, query)
      connections.release(connection)
      return result
    } catch (error) {
      if (isUnsure(error)) connection.destroy()
      else connections.release(connection)
      throw error
    }
  },
  async begin() {
    const connection = await connections.take()
    try {
      await send(connection, 'BEGIN', [], statementTimeoutMs)
    } catch (error) {
      connection.destroy()
      throw error
    }
    return createSession(connection, connections)
  },
  dialect: (driver) => ({
    createDriver: () => driver,
    createAdapter: () => new MysqlAdapter(),
    createQueryCompiler: () => new MysqlQueryCompiler(),
    createIntrospector: (db) => new MysqlIntrospector(db),
  }),
  whileMigrating: (fn) => whileMigrating(connections, fn),
  copy: () => Promise.resolve(undefined),
  close: () => new Promise((resolve) => pool.end(() => resolve())),
})

const createSession = (connection: PoolConnection, connections: Connections): Session => {
  let unsure = false
  const sent = async <T>(promise: Promise<T>): Promise<T> => {
    try {
      return await promise
    } catch (error) {
      unsure ||= isUnsure(error)
      throw error
    }
  }
  return {
    run: (query) => sent(execute(connection, query)),
    async commit() {
      await sent(send(connection, 'COMMIT', [], statementTimeoutMs))
    },
    async rollback() {
      try {
        if (!unsure) await send(connection, 'ROLLBACK', [], statementTimeoutMs)
      } catch {
        // The server rolls back what belongs to a connection that is gone.
        unsure = true
      }
    },
    release() {
      if (unsure) connection.destroy()
      else connections.release(connection)
    },
  }
}

/** Two nodes that start together must not both migrate: the second waits, then finds nothing to do. */
const whileMigrating = async <T>(
  connections: Connections,
  fn: (ddl: (statement: string) => Promise<void>) => Promise<T>,
): Promise<T> => {
  const connection = await connections.take()
  try {
    const name = await send(connection, 'SELECT DATABASE() AS name', [])
    const lock = `vireo.${createHash('sha1').update(JSON.stringify(name)).digest('hex')}`
    const got = await send(connection, 'SELECT GET_LOCK(?, 120) AS got', [lock])
    if (!JSON.stringify(got).includes('"got":1')) {
      throw new Error('Another node has been migrating this database for two minutes')
    }
    return await fn(async (statement) => void (await send(connection, statement, [])))
  } catch (error) {
    throw translate(error)
  } finally {
    // Ending the connection gives the lock back whatever happened.
    connection.destroy()
  }
}
