/** Owns how the features are made and wired; each gets what it needs by name. */
import type { AppDeps } from './app.ts'
import { createAudit } from './audit/index.ts'
import { createDanmaku } from './danmaku/index.ts'
import { createIngestLink } from './ingest/index.ts'
import { createLive, createReplays, deleteRecording } from './live/index.ts'
import { hasFfmpeg } from './media/ffmpeg/ffmpeg.ts'
import { createPassport } from './passport/index.ts'
import { createDiskBlobs } from './platform/blob/disk.ts'
import { openDatabase } from './platform/db/db.ts'
import { migrate } from './platform/db/migrate.ts'
import { migrations } from './platform/db/migrations/index.ts'
import { createEvents } from './platform/events/events.ts'
import { createImages } from './platform/image/image.ts'
import { createJobs } from './platform/jobs/jobs.ts'
import { createLimits } from './platform/limit/limit.ts'
import { createSharedMemory } from './shared-memory.ts'
import { createMissing, createSetup } from './site/index.ts'
import { createRelations, createUserService } from './user/index.ts'
import { createVideos } from './video/index.ts'

export type Features = Awaited<ReturnType<typeof createFeatures>>

export const createFeatures = async (
  { config, secrets, clock, log, ingestAddress }: AppDeps,
  making: AsyncDisposableStack,
) => {
  const db = making.use(await openDatabase({ config: config.db, log, clock }))
  await migrate(db, migrations)
  const shared = await createSharedMemory({ config, clock, log })
  const kv = making.use(shared.kv)
  const bus = making.use(shared.bus)
  const redisUrls = config.kv.kind === 'redis' ? config.kv.urls : []
  const limits = making.use(await createLimits({ redisUrls, enabled: config.rateLimits, log }))
  const events = making.use(await createEvents({ db, bus, log, clock }))
  const blobs = await createDiskBlobs({ directory: config.blobDir })
  const images = createImages()

  const cursorSecret = secrets.keyFor('cursor').reveal()
  const audit = createAudit({ db, clock, cursorSecret })
  const users = createUserService({ db, clock })
  const relations = createRelations({ db, clock, events, cursorSecret })
  const passport = createPassport({ config, secrets, db, kv, events, users, clock, log })
  const setup = createSetup({ db, users, passport })

  const jobs = making.use(await createJobs({ db, bus, log, clock }))
  const videos = making.use(
    await createVideos({ config, secrets, db, kv, blobs, jobs, events, images, users, clock, log }),
  )
  const danmaku = createDanmaku({ db, kv, bus, clock, count: videos.service.countDanmaku })
  making.defer(() => danmaku.close())
  const { recordingsDir } = config
  const live = await createLive({
    config,
    cursorSecret,
    db,
    bus,
    blobs,
    events,
    limits,
    images,
    clock,
    log,
    users,
    danmaku,
    replays: createReplays({ db, recordingsDir, videos: videos.service, danmaku }),
    callerOf: passport.sessions.callerOf,
    hasFfmpeg: await hasFfmpeg(),
    openLink: (on) =>
      createIngestLink({
        address: ingestAddress,
        secret: secrets.keyFor('ingest-link').reveal().toString('base64url'),
        log,
        clock,
        ...on,
      }),
    deleteRecording: (sessionId) => deleteRecording(recordingsDir, sessionId),
  })
  making.defer(() => live.close())
  const missing = createMissing({ config, isIngestUp: live.isIngestUp })
  return {
    kv,
    limits,
    blobs,
    images,
    audit,
    users,
    relations,
    passport,
    setup,
    missing,
    live,
    danmaku,
    videos: videos.service,
  }
}
