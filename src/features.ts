/** Owns how the features are made and wired; each gets what it needs by name. */
import type { AppDeps } from './app.ts'
import { createAdmin } from './admin/index.ts'
import { createAudit } from './audit/index.ts'
import { createCoins } from './coin/index.ts'
import { createComments, createVideoSubject, deleteCommentsOf } from './comment/index.ts'
import { createCuration, createDanmaku, deleteTimeline } from './danmaku/index.ts'
import { createFeed, createPostSubject } from './feed/index.ts'
import { createIngestLink } from './ingest/index.ts'
import { createLibrary } from './library/index.ts'
import { createLive, createReplays, deleteRecording, voidStreamKey } from './live/index.ts'
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
import { createReports } from './report/index.ts'
import { createMail } from './platform/mail/mail.ts'
import { createOutbox } from './platform/mail/outbox.ts'
import { createSms } from './platform/sms/sms.ts'
import { createSharedMemory } from './shared-memory.ts'
import { createMessages } from './message/index.ts'
import { createSubjects } from './report-subjects.ts'
import { createMissing, createSettings, createSetup } from './site/index.ts'
import { createBans, createDirectory, createRelations, createRoles, createUserService } from './user/index.ts'
import { createVideos } from './video/index.ts'
import { createWebhooks } from './webhook/index.ts'

export type Features = Awaited<ReturnType<typeof createFeatures>>

export const createFeatures = async (
  { config, secrets, clock, log, ingestAddress }: AppDeps,
  making: AsyncDisposableStack,
) => {
  // Asked while the database opens: the answer takes a few processes.
  const hasFfmpegNow = hasFfmpeg()
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
  const settings = createSettings({ db, clock, config })
  const set = settings.read
  const relations = createRelations({ db, clock, events, cursorSecret })
  const coins = createCoins({ db, kv, clock, cursorSecret })
  await coins.payFor(events)

  const jobs = making.use(await createJobs({ db, bus, log, clock }))
  const registration = async () => {
    const { registration: mode, registration_identity: identity } = await set()
    return { mode, identity }
  }
  const outbox = createOutbox({ directory: config.outboxDir, clock })
  const from = `noreply@${config.publicUrl === undefined ? 'localhost' : new URL(config.publicUrl).hostname}`
  const passport = createPassport({
    ...{ config, secrets, db, kv, jobs, events, audit, users, clock, log, registration },
    sms: making.use(createSms({ urls: config.smsUrls, outbox, clock, log })),
    mail: making.use(await createMail({ url: config.mailUrl, from, outbox, log })),
    endPublishing: voidStreamKey,
    deletePicture: (key) => blobs.delete(key),
  })
  making.defer(() => passport.close())
  const setup = createSetup({ db, users, passport, settings })
  const videos = making.use(
    await createVideos({
      config,
      secrets,
      db,
      kv,
      blobs,
      jobs,
      events,
      images,
      users,
      coins,
      clock,
      log,
      audit,
      sizes: async () => {
        const { upload_max_bytes: uploadMaxBytes, user_quota_bytes: userQuotaBytes } = await set()
        return { uploadMaxBytes, userQuotaBytes }
      },
      isWorker: config.roles.includes('worker'),
    }),
  )
  const { service } = videos
  const { isForbidden } = settings
  const library = createLibrary({ db, clock, log, users, videos: service, cursorSecret })
  making.defer(() => library.close())
  const danmaku = createDanmaku({
    db,
    kv,
    bus,
    clock,
    count: videos.service.countDanmaku,
    isForbidden,
  })
  making.defer(() => danmaku.close())
  const { countDanmaku: count } = service
  const curation = createCuration({ db, clock, cursorSecret, count, isForbidden })
  service.upkeep.alsoPurge((trx, _videoId, timelineId) => deleteTimeline(trx, timelineId))
  service.upkeep.alsoPurge(deleteCommentsOf)
  for (const [name, rows] of [
    ['videos', videos.service.exportOf.bind(videos.service)],
    ['danmaku', danmaku.exportOf.bind(danmaku)],
  ] as const)
    passport.exporting.addSource({ name, rows })
  await events.consume('video.leavers', ['user.deleted'], ({ payload }) =>
    videos.service.removeAllOf(payload.user_id),
  )
  const { recordingsDir } = config
  const live = await createLive({
    config,
    secrets,
    cursorSecret,
    db,
    kv,
    coins,
    bus,
    blobs,
    events,
    limits,
    images,
    clock,
    log,
    users,
    danmaku,
    audit,
    replayDefault: async () => (await set()).replay_default,
    replays: createReplays({ db, recordingsDir, videos: videos.service, danmaku }),
    callerOf: passport.sessions.callerOf,
    hasFfmpeg: await hasFfmpegNow,
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
  const feed = await createFeed({
    db,
    bus,
    clock,
    events,
    blobs,
    images,
    users,
    videos: videos.service,
    rooms: live.rooms,
    cursorSecret,
    log,
  })
  making.defer(() => feed.close())
  const comments = createComments({
    ...{ db, kv, clock, events, audit, users, isForbidden, cursorSecret },
    subjects: { video: createVideoSubject(service), post: createPostSubject({ db }) },
  })
  const messages = await createMessages({
    db,
    kv,
    bus,
    clock,
    events,
    log,
    users,
    videos: videos.service,
    feed,
    comments: comments.textsOf,
    callerOf: passport.sessions.callerOf,
    cursorSecret,
  })
  making.defer(() => messages.close())
  const missing = createMissing({ config, isIngestUp: live.isIngestUp })
  const bans = createBans({
    db,
    clock,
    audit,
    jobs,
    endSessions: (trx, userId) => passport.sessions.revokeAllOf(trx, userId),
  })
  const reports = createReports({
    db,
    clock,
    audit,
    users,
    messages,
    cursorSecret,
    ban: (userId, untilMs, by) => bans.ban(userId, { reason: '', untilMs }, by),
    unban: (userId, by) => bans.unban(userId, by),
    subjects: createSubjects({
      users,
      videos: videos.service,
      comments,
      danmaku,
      posts: feed.posts,
      live,
      messages,
    }),
  })
  const webhooks = await createWebhooks({
    ...{ db, clock, jobs, events, cursorSecret, videos: videos.service, posts: feed.posts },
    key: secrets.keyFor('webhook'),
    allowPrivate: config.privateDestinations,
    isWorker: config.roles.includes('worker'),
  })
  const admin = createAdmin({
    config,
    db,
    clock,
    cursorSecret,
    audit,
    users,
    directory: createDirectory({ db, cursorSecret }),
    roles: createRoles({ db, audit }),
    bans,
    passport,
    settings,
    videos: videos.service,
    live,
    jobs,
  })
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
    coins,
    comments,
    library,
    missing,
    settings,
    admin,
    live,
    danmaku,
    curation,
    webhooks,
    feed,
    messages,
    reports,
    videos: videos.service,
  }
}
