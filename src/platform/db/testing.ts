/**
 * Owns fresh databases for tests, on every engine. Where an engine can not be reached its tests are left out and it
 * is said; with CI=true they fail instead.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { systemClock } from '../clock/clock.ts'
import type { Clock } from '../clock/clock.ts'
import { silentLog } from '../log/log.ts'
import type { Log } from '../log/log.ts'
import { takeKeptDatabase } from './kept-databases.ts'
import { openDatabase } from './db.ts'
import type { DatabaseConfig, Db } from './db.ts'
import { migrate } from './migrate.ts'
import type { Migration } from './migrate.ts'
import { migrations as allMigrations } from './migrations/index.ts'

export interface OpenOptions {
  /** All of them by default. */
  migrations?: readonly Migration[]
  clock?: Clock
  log?: Log
  transactionTimeoutMs?: number
}

export interface TestEngine {
  readonly name: 'sqlite' | 'mariadb'
  /** A migrated database of its own; `dispose` drops it. */
  readonly open: (options?: OpenOptions) => Promise<Db>
  /**
   * Where to open one, for tests that open it themselves, several times or in another process. Empty, or with
   * `migrated` perhaps already with its tables, which is quicker.
   */
  readonly place: (options?: { migrated?: boolean }) => Promise<{ config: DatabaseConfig } & AsyncDisposable>
}

/** Services that tests need. Read here because tests have no config. */
export const testServices = {
  mysqlUrl: env['VIREO_TEST_MYSQL_URL'] ?? 'mysql://root@127.0.0.1:3306',
  redisUrl: env['VIREO_TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379',
}

/** `describe.each(testDatabases())`. */
export const testDatabases = (): TestEngine[] => {
  const engines = [testEngine('sqlite', sqlitePlace)]
  if (hasService('MariaDB', testServices.mysqlUrl)) engines.push(testEngine('mariadb', mysqlPlace))
  return engines
}

/** Is it there to test against? Without it, under CI=true, the answer is yes: then the tests fail, as they must. */
export const hasService = (name: string, url: string): boolean => {
  const { hostname, port } = new URL(url)
  const script = `require('net').connect(${Number(port)}, ${JSON.stringify(hostname)}).setTimeout(2000).on('connect', () => process.exit(0)).on('error', () => process.exit(1)).on('timeout', () => process.exit(1))`
  try {
    execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' })
    return true
  } catch {
    if (env['CI'] === 'true') return true
    process.stderr.write(`SKIPPED: the tests on ${name}, which does not answer at ${hostname}:${port}\n`)
    return false
  }
}

const testEngine = (name: TestEngine['name'], place: TestEngine['place']): TestEngine => ({
  name,
  place,
  async open(options = {}) {
    const where = await place({ migrated: options.migrations === undefined })
    try {
      const {
        migrations = allMigrations,
        clock = systemClock,
        log = silentLog,
        transactionTimeoutMs,
      } = options
      const db = await openDatabase({
        config: where.config,
        clock,
        log,
        ...(transactionTimeoutMs === undefined ? {} : { transactionTimeoutMs }),
      })
      await migrate(db, migrations)
      const closeIt = db.close
      const close = async (): Promise<void> => {
        await closeIt()
        await where[Symbol.asyncDispose]()
      }
      return Object.assign(db, { close, [Symbol.asyncDispose]: close })
    } catch (error) {
      await where[Symbol.asyncDispose]()
      throw error
    }
  },
})

const sqlitePlace: TestEngine['place'] = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vireo-db-'))
  return {
    config: { kind: 'sqlite', file: join(directory, 'vireo.db') },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

const mysqlPlace: TestEngine['place'] = async ({ migrated = false } = {}) => {
  if (migrated) {
    const kept = await takeKeptDatabase(testServices.mysqlUrl)
    return {
      config: { kind: 'mysql', url: urlOf(kept.name) },
      [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
    }
  }
  const name = `vireo_test_${randomBytes(8).toString('hex')}`
  await onServer(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`)
  return {
    config: { kind: 'mysql', url: urlOf(name) },
    [Symbol.asyncDispose]: () => onServer(`DROP DATABASE IF EXISTS ${name}`),
  }
}

const urlOf = (name: string): string => {
  const url = new URL(testServices.mysqlUrl)
  url.pathname = `/${name}`
  return url.href
}

const onServer = async (statement: string): Promise<void> => {
  const { createConnection } = await import('mysql2/promise')
  const connection = await createConnection({ uri: testServices.mysqlUrl })
  try {
    await connection.query(statement)
  } finally {
    await connection.end()
  }
}
