/** Owns what a worker process is made of: the queue and what works it, and an HTTP server that only tells its health. */
import { deleteCommentsOf } from './comment/index.ts'
import { createLibrary } from './library/index.ts'
import { createCoins } from './coin/index.ts'
import { deleteTimeline } from './danmaku/index.ts'
import { createAudit } from './audit/index.ts'
import type { AppDeps } from './app.ts'
import { createDiskBlobs } from './platform/blob/disk.ts'
import { openDatabase } from './platform/db/db.ts'
import { migrate } from './platform/db/migrate.ts'
import { migrations } from './platform/db/migrations/index.ts'
import { createEvents } from './platform/events/events.ts'
import { registerHealth } from './platform/http/health.ts'
import { createHttpServer } from './platform/http/server.ts'
import { createImages } from './platform/image/image.ts'
import { createJobs } from './platform/jobs/jobs.ts'
import { createMetrics } from './platform/metrics/metrics.ts'
import { createSharedMemory } from './shared-memory.ts'
import { createUserService } from './user/index.ts'
import { createVideos } from './video/index.ts'

export interface WorkerProcess {
  close(): Promise<void>
}

const loopback = /^(127\.|::1$|::ffff:127\.)/

export const createWorkerProcess = async ({
  config,
  secrets,
  clock,
  log,
}: Omit<AppDeps, 'ingestAddress'>): Promise<WorkerProcess> => {
  await using making = new AsyncDisposableStack()
  const db = making.use(await openDatabase({ config: config.db, log, clock }))
  await migrate(db, migrations)
  const shared = await createSharedMemory({ config, clock, log })
  const kv = making.use(shared.kv)
  const bus = making.use(shared.bus)
  const events = making.use(await createEvents({ db, bus, log, clock }))
  const blobs = await createDiskBlobs({ directory: config.blobDir })
  const users = createUserService({ db, clock })
  const jobs = making.use(await createJobs({ db, bus, log, clock }))
  const images = createImages()
  const cursorSecret = secrets.keyFor('cursor').reveal()
  const coins = createCoins({ db, kv, clock, cursorSecret })
  const audit = createAudit({ db, clock, cursorSecret })
  const videos = making.use(
    await createVideos({
      ...{ config, secrets, db, kv, blobs, jobs, events, images, users, coins, clock, log, audit },
      isWorker: true,
    }),
  )

  // They delete what hangs on a video together with it.
  videos.service.upkeep.alsoPurge((trx, _videoId, timelineId) => deleteTimeline(trx, timelineId))
  videos.service.upkeep.alsoPurge(deleteCommentsOf)
  const library = createLibrary({ db, clock, log, users, videos: videos.service, cursorSecret })
  making.defer(() => library.close())

  const http = await createHttpServer({ log, trustedProxies: config.trustedProxies })
  making.defer(() => http.close())
  registerHealth(http, {
    checks: {
      database: async () => void (await users.hasAdmin()),
      kv: async () => void (await kv.get('ready')),
    },
    metrics: createMetrics(),
    mayReadMetrics: ({ address, isForwarded }) => !isForwarded && loopback.test(address),
  })
  await http.listen({ host: config.host, port: config.httpPort })
  const made = making.move()
  return { close: () => made.disposeAsync() }
}
