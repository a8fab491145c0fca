/** Owns the look at the database, at Redis, and at whether their clocks agree with ours. */
import type { Config } from '../../config/load.ts'
import { systemClock } from '../../platform/clock/clock.ts'
import { openDatabase } from '../../platform/db/db.ts'
import type { Db } from '../../platform/db/db.ts'
import { describeServer } from '../../platform/db/describe.ts'
import { pendingMigrations } from '../../platform/db/migrate.ts'
import { migrations } from '../../platform/db/migrations/index.ts'
import { silentLog } from '../../platform/log/log.ts'
import { isThere } from '../backup.ts'
import { fail, isAtLeast, ok, reasonOf, warn } from './finding.ts'
import type { Finding } from './finding.ts'

/** Signatures, tickets and limits bear this much. */
const skewMs = 2_000
const redisWithoutKnownHoles = '8.2.2'

export async function* lookAtServices(config: Config): AsyncIterable<Finding> {
  yield* lookAtDatabase(config)
  yield* lookAtRedis(config)
}

async function* lookAtDatabase({ db: place }: Config): AsyncIterable<Finding> {
  if (place.kind === 'sqlite' && !(await isThere(place.file))) {
    yield ok('database', 'SQLite, made at the first start')
    return
  }
  let db: Db
  try {
    db = await openDatabase({ config: place, log: silentLog, clock: systemClock, beside: true })
  } catch (error) {
    yield fail(
      'database',
      `can not be reached: ${reasonOf(error)}`,
      'look at VIREO_DATABASE_URL: server, name, user and password',
    )
    return
  }
  await using _closing = db
  const server = await describeServer(db)
  yield ok('database', `${server.name} ${server.version}`)
  for (const { what, isWell, mend } of server.properties)
    yield isWell ? ok('database', what) : fail('database', what, mend)
  if (server.clockMs !== undefined) yield clock('database clock', server.clockMs - Date.now())
  try {
    const pending = await pendingMigrations(db, migrations)
    yield pending.length === 0
      ? ok('schema', `at ${migrations.at(-1)?.id}`)
      : warn('schema', `lacks ${pending.join(', ')}`, 'start this version, or run  vireo migrate')
  } catch (error) {
    yield fail('schema', reasonOf(error), 'start the newer version')
  }
}

async function* lookAtRedis({ kv }: Config): AsyncIterable<Finding> {
  if (kv.kind === 'memory') {
    yield ok('redis', 'not used: one process needs none')
    return
  }
  const { Redis } = await import('ioredis')
  const [url = ''] = kv.urls
  const client = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: 5_000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const askedMs = Date.now()
    const [seconds, micros] = await client.time()
    const now = (askedMs + Date.now()) / 2
    const info = await client.info()
    const field = (name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? ''
    const version = field('redis_version')
    yield isAtLeast(version, redisWithoutKnownHoles)
      ? ok('redis', version)
      : warn(
          'redis',
          `${version} has a published hole (CVE-2025-49844) that ${redisWithoutKnownHoles} mends`,
          'install security updates; keep it on a private network, with a password',
        )
    yield field('aof_enabled') === '1' || Number(field('rdb_last_save_time')) > 0
      ? ok('redis', 'keeps what it holds over a restart')
      : warn(
          'redis',
          'forgets everything at a restart: limits and open pictures begin anew',
          'appendonly yes',
        )
    const policy = field('maxmemory_policy')
    if (Number(field('maxmemory')) > 0 && policy !== 'noeviction')
      yield warn('redis', `may throw keys away (${policy})`, 'maxmemory-policy noeviction')
    yield clock('redis clock', Number(seconds) * 1000 + Number(micros) / 1000 - now)
  } catch (error) {
    yield fail('redis', `can not be reached: ${reasonOf(error)}`, 'look at VIREO_REDIS_URL')
  } finally {
    client.disconnect()
  }
}

const clock = (name: string, differenceMs: number): Finding => {
  const words = `${Math.abs(Math.round(differenceMs))} ms apart from ours`
  return Math.abs(differenceMs) <= skewMs
    ? ok(name, words)
    : fail(name, words, 'let both machines follow a time server (systemd-timesyncd, chrony)')
}
