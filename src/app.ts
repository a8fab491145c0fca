/** Owns what the API process is made of: every part is made here, in order, and ends in the order reversed. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from './config/load.ts'
import type { Secrets } from './config/secrets.ts'
import {
  createAuthenticate,
  createPassport,
  createAnswerSession,
  mountPassportRoutes,
} from './passport/index.ts'
import type { Clock } from './platform/clock/clock.ts'
import { openDatabase } from './platform/db/db.ts'
import { migrate } from './platform/db/migrate.ts'
import { migrations } from './platform/db/migrations/index.ts'
import { createEvents } from './platform/events/events.ts'
import { registerDocs } from './platform/http/docs.ts'
import { registerHealth } from './platform/http/health.ts'
import { measureHttp } from './platform/http/measure.ts'
import { createRouter } from './platform/http/route.ts'
import { createHttpServer } from './platform/http/server.ts'
import { registerWebFiles } from './platform/http/web-files.ts'
import { createLimits } from './platform/limit/limit.ts'
import type { Log } from './platform/log/log.ts'
import { createMetrics } from './platform/metrics/metrics.ts'
import { createMissing, createSetup, createSiteDescription, mountSiteRoutes } from './site/index.ts'
import { createUserService, mountUserRoutes } from './user/index.ts'
import { createSharedMemory } from './shared-memory.ts'
import { version } from './version.ts'

export interface App extends AsyncDisposable {
  readonly httpPort: number
  close(): Promise<void>
  /** The token of the one-time setup link; undefined once there is an administrator. */
  newSetupToken(): Promise<string | undefined>
  /** What this machine can not do, in words. */
  missing(): Promise<string[]>
}

interface AppDeps {
  config: Config
  secrets: Secrets
  clock: Clock
  log: Log
  /** Where the ingest process listens; a path or host:port. */
  ingestAddress: string
}

const webDirectory = join(fileURLToPath(new URL('.', import.meta.url)), '..', 'web', 'dist')

export const createApp = async ({
  config,
  secrets,
  clock,
  log,
  ingestAddress: _ingestAddress,
}: AppDeps): Promise<App> => {
  // Ends in the order reversed, also when a later part can not be made.
  await using making = new AsyncDisposableStack()

  const db = making.use(await openDatabase({ config: config.db, log, clock }))
  await migrate(db, migrations)
  const shared = await createSharedMemory({ config, clock, log })
  const kv = making.use(shared.kv)
  const bus = making.use(shared.bus)
  const limits = making.use(
    await createLimits({
      redisUrls: config.kv.kind === 'redis' ? config.kv.urls : [],
      enabled: config.rateLimits,
      log,
    }),
  )
  const events = making.use(await createEvents({ db, bus, log, clock }))
  const metrics = createMetrics()

  const users = createUserService({ db, clock })
  const passport = createPassport({ config, secrets, db, kv, events, users, clock, log })
  const answerSession = createAnswerSession(passport)
  const setup = createSetup({ db, users, passport })
  const missing = createMissing({ config, isIngestUp: () => true })
  const describeSite = createSiteDescription({ config, version, setup, missing, now: clock.now })

  const app = await createHttpServer({
    log,
    trustedProxies: config.trustedProxies,
    onAnswered: measureHttp(metrics),
  })
  making.defer(() => app.close())
  await registerDocs(app, { title: `${config.siteName} API`, version })
  const authenticate = createAuthenticate(passport)
  const router = createRouter(app, authenticate)
  mountPassportRoutes({ app, router, service: passport, answerSession, users, limits })
  mountUserRoutes(router, { service: users })
  mountSiteRoutes({ router, setup, limits, describeSite, answerSession })
  registerHealth(app, {
    checks: {
      database: async () => void (await users.hasAdmin()),
      kv: async () => void (await kv.get('ready')),
    },
    metrics,
    mayReadMetrics: ({ address }) => Promise.resolve(/^(127\.|::1$|::ffff:127\.)/.test(address)),
  })
  await registerWebFiles(app, { directory: webDirectory, log })
  await app.listen({ host: config.host, port: config.httpPort })

  const made = making.move()
  const close = (): Promise<void> => made.disposeAsync()
  return {
    httpPort: (app.server.address() as { port: number }).port,
    newSetupToken: setup.newToken,
    missing: missing.inWords,
    close,
    [Symbol.asyncDispose]: close,
  }
}
