/** Owns a passport without the web server around it, for tests that watch its database and its short-lived store. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { captchaAnswer } from '../../tests/app.ts'
import type { EnginePair } from '../../tests/app.ts'
import { loadConfig } from '../config/load.ts'
import { loadSecrets } from '../config/secrets.ts'
import { systemClock } from '../platform/clock/clock.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { openDatabase } from '../platform/db/db.ts'
import type { Db } from '../platform/db/db.ts'
import { createFaultyDb } from '../platform/db/faults.ts'
import { migrate } from '../platform/db/migrate.ts'
import { migrations } from '../platform/db/migrations/index.ts'
import { createEvents } from '../platform/events/events.ts'
import { createJobs } from '../platform/jobs/jobs.ts'
import type { Kv } from '../platform/kv/kv.ts'
import { silentLog } from '../platform/log/log.ts'
import { createSharedMemory } from '../shared-memory.ts'
import { createUserService } from '../user/index.ts'
import { createTestPassport } from './testing.ts'

export const here = { device: 'a test', address: '192.0.2.1' }

/** What was ever put into the short-lived store. */
const listening = (kv: Kv, heard: string[]): Kv => ({
  ...kv,
  get: (key) => kv.get(key),
  set: (key, value, ttlMs) => {
    heard.push(`${key} ${value}`)
    return kv.set(key, value, ttlMs)
  },
})

export const createWatchedPassport = async (
  pair: EnginePair,
  { clock = systemClock, environment = {} }: { clock?: Clock; environment?: Record<string, string> } = {},
) => {
  await using making = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'vireo-passport-'))
  making.defer(() => rm(directory, { recursive: true, force: true }))
  const log = silentLog
  const place = making.use(await pair.place({ migrated: true }))
  const db: Db = making.use(await openDatabase({ config: place.config, log, clock }))
  await migrate(db, migrations)
  const config = loadConfig({
    VIREO_PROFILE: 'test',
    VIREO_DATA_DIR: directory,
    VIREO_CAPTCHA_ANSWER: captchaAnswer,
    VIREO_REDIS_URL: pair.redisUrl,
    ...environment,
  })
  const shared = await createSharedMemory({ config, clock, log })
  making.use(shared.kv)
  const bus = making.use(shared.bus)
  const stored: string[] = []
  const kv = listening(shared.kv, stored)
  const faults = createFaultyDb(db)
  const events = making.use(await createEvents({ db, bus, log, clock }))
  const jobs = making.use(await createJobs({ db, bus, log, clock }))
  const users = createUserService({ db: faults.db, clock })
  const secrets = loadSecrets(directory, undefined)
  const deps = { config, directory, secrets, kv, jobs, events, users, clock, log }
  const passport = createTestPassport({ ...deps, db: faults.db })
  making.defer(() => passport.close())
  const made = making.move()
  const picture = async () => {
    const id = randomUUID()
    await passport.captcha.issue(id, undefined, here.address)
    return { img_code_id: id, img_code: captchaAnswer }
  }
  return {
    ...{ db, faults, passport, picture, stored, secrets },
    register: async (mobile: string, password: string) =>
      passport.register({ mobile, password, ...(await picture()) }, here),
    /** The code that was sent last. */
    async lastCode(): Promise<string> {
      const names = (await readdir(config.outboxDir)).filter((name) => !name.startsWith('.')).sort()
      const text = await readFile(join(config.outboxDir, names.at(-1) ?? ''), 'utf8')
      return (JSON.parse(text) as { code: string }).code
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  }
}
