/** Live: rooms, stream keys, live sessions and their sockets, from the first publish to the replay. */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Audit } from '../audit/index.ts'
import type { Config } from '../config/load.ts'
import type { Secrets } from '../config/secrets.ts'
import type { Coins } from '../coin/index.ts'
import { isModerator } from '../danmaku/index.ts'
import type { DanmakuService } from '../danmaku/index.ts'
import type { Health } from '../../contract/live.ts'
import type { IngestEvent, IngestLink, PublishAnswer, PublishRequest } from '../ingest/index.ts'
import type { Blobs } from '../platform/blob/blob.ts'
import type { Bus } from '../platform/bus/bus.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Images } from '../platform/image/image.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Log } from '../platform/log/log.ts'
import type { UserService } from '../user/index.ts'
import { recheckAudience } from './audience.ts'
import { createAuthorise } from './authorise.ts'
import { createChat } from './chat.ts'
import { createClipPicture } from './clip-picture.ts'
import { createClips } from './clips.ts'
import { createCovers } from './covers.ts'
import { addToCounter, likesOf } from './gift-store.ts'
import { createGifts } from './gifts.ts'
import { createHealthLog } from './health-log.ts'
import { createHubs } from './hubs.ts'
import { forgetLeavers } from './leavers.ts'
import { createModeration } from './moderation.ts'
import { createOrder, readOrder } from './order.ts'
import { deletePin } from './order-store.ts'
import { createOverlays } from './overlays.ts'
import { createPictures } from './pictures.ts'
import { createPlayback } from './playback.ts'
import { createRaids } from './raids.ts'
import { repeat } from './repeat.ts'
import { createDestinations } from './restream/destinations.ts'
import { createRestream } from './restream/keeper.ts'
import { createPutReplay } from './replay.ts'
import type { Replays } from './replay.ts'
import type { RoomNow } from './room-hub.ts'
import { createRooms } from './rooms.ts'
import type { RoomNews } from './room-channel.ts'
import { createSchedule } from './schedule.ts'
import { createSessions } from './sessions.ts'
import * as store from './store.ts'
import './tables.ts'
import { createTurns } from './turns.ts'

export { isPublicAddress } from './restream/address.ts'
export type { ReplayInput, Replays } from './replay.ts'
export { clearStreamKey as voidStreamKey } from './store.ts'
export { createReplays, deleteRecording } from './video-replays.ts'
export { mountLivePlayRoutes } from './play-routes.ts'
export { mountClipRoutes } from './clip-routes.ts'
export { mountPublishSocket } from './publish-socket.ts'
export { mountLinkRoutes } from './link-routes.ts'
export { mountLifeRoutes } from './life-routes.ts'
export { mountOrderRoutes } from './order-routes.ts'
export { mountLiveRoutes } from './routes.ts'
export { mountRoomSocket } from './socket.ts'

export interface LiveDeps {
  config: Pick<
    Config,
    | 'dataDir'
    | 'recordingsDir'
    | 'diskReserveBytes'
    | 'recordingQuotaBytes'
    | 'recordingDays'
    | 'privateDestinations'
  >
  secrets: Secrets
  /** Signs the places in lists. */
  cursorSecret: Uint8Array
  db: Db
  kv: Kv
  bus: Bus
  blobs: Blobs
  events: Events
  limits: Limits
  images: Images
  clock: Clock
  log: Log
  users: UserService
  danmaku: DanmakuService
  coins: Coins
  replays: Replays
  /** Whether a session still holds: open sockets ask again. */
  callerOf: (sessionId: string) => Promise<Caller | undefined>
  hasFfmpeg: boolean
  audit: Audit
  replayDefault?: () => Promise<string>
  /** Makes the link to ingest with what live answers and hears. */
  openLink: (on: {
    authorise: (request: PublishRequest) => Promise<PublishAnswer>
    onEvent: (event: IngestEvent) => void
  }) => IngestLink
  /** Deletes what was recorded of a session. */
  deleteRecording: (sessionId: string) => Promise<void>
}

export type Live = Awaited<ReturnType<typeof createLive>>

export const createLive = async (deps: LiveDeps) => {
  const { config, db, kv, bus, clock, users, danmaku, events } = deps
  const log = deps.log.child({ feature: 'live' })
  const turns = createTurns()
  const health = createHealthLog({ clock })
  const link = (): IngestLink => opened

  const pictures = createPictures({
    keyframe: (sessionId) => link().keyframe(sessionId),
    images: deps.images,
    clock,
    log,
    scratchDir: join(config.dataDir, 'scratch'),
  })
  const covers = createCovers({ db, blobs: deps.blobs, images: deps.images, pictures, users })
  const putReplay = createPutReplay({
    replays: deps.replays,
    log,
    peaksOf: async (sessionId) =>
      (await danmaku.peaks(sessionId, 8, 60_000)).map(({ atMs }) => atMs).sort((a, b) => a - b),
    lastPicture: (session) => covers.keepLast(session),
  })

  const changed = ({ room_id: roomId }: { room_id: string }): void => {
    playback.changed(roomId)
    void hubs.publish(roomId, { t: 'state' })
  }
  const rooms = createRooms({
    db,
    clock,
    users,
    cursorSecret: deps.cursorSecret,
    health,
    viewersOf: (roomId) => hubs.viewersOf(roomId),
    cut: (sessionId, reason) => link().cut(sessionId, reason),
    isReplayPublic: deps.replays.isPublic,
    readOrder: (ownerId) => readOrder({ db, users, danmaku }, ownerId),
    changed,
    hasPictures: deps.hasFfmpeg,
    replayDefault: deps.replayDefault ?? (async () => 'private'),
  })
  const playback = createPlayback({
    clock,
    link,
    findRunning: async (roomId) => {
      const owner = await users.byRoom(roomId)
      return owner && store.findRunning(db, owner.id)
    },
    findSession: (id) => store.findSession(db, id),
  })
  const mayModerate = ({ ownerId, order: { moderators } }: RoomNow, caller: Caller): boolean =>
    caller.userId === ownerId || isModerator(caller) || moderators.has(caller.userId)
  const publish = (roomId: string, news: RoomNews): Promise<void> => hubs.publish(roomId, news)
  const chat = createChat({ danmaku, users, clock, kv, link, mayModerate, publish })
  const gifts = createGifts({ db, clock, events, users, coins: deps.coins, danmaku, rooms, publish })
  const hubs = await createHubs({
    bus,
    clock,
    log,
    readRoom: (roomId) => rooms.now(roomId),
    readHistory: async (room, session) => ({
      danmaku: await chat.history(room, session),
      gifts: await gifts.newest(session.id),
    }),
    mayModerate,
    saveViewers: (sessionId, viewers) => store.setViewers(db, sessionId, viewers),
    saveLikes: async (sessionId, likes) => {
      await addToCounter(db, sessionId, { likes })
      return (await likesOf(db, [sessionId])).get(sessionId) ?? 0
    },
    onDeleted: async (ownerId, danmakuId, roomId) => {
      if (await deletePin(db, ownerId, { danmakuId })) changed({ room_id: roomId })
    },
  })
  const sessions = createSessions({
    db,
    clock,
    log,
    events,
    link,
    putReplay,
    changed,
    turns,
    recordingDays: config.recordingDays,
  })
  const order = createOrder({ db, clock, events, users, danmaku, rooms, publish, changed })
  const schedule = createSchedule({ db, clock, events, users, rooms })
  const raids = createRaids({ db, clock, log, events, users, rooms, sessions, publish })
  const sealed = { db, clock, secrets: deps.secrets, allowPrivate: config.privateDestinations }
  const destinations = createDestinations(sealed)
  const restream = createRestream({ ...sealed, log, link })
  const overlays = createOverlays({ db, secrets: deps.secrets, users })
  const authorise = createAuthorise({
    db,
    clock,
    log,
    limits: deps.limits,
    turns,
    recordingQuotaBytes: config.recordingQuotaBytes,
    mayRecord: async () => {
      const { bavail, bsize } = await statfs(config.dataDir)
      return bavail * bsize > config.diskReserveBytes
    },
  })

  // While nobody is connected nobody watches: what a killed process left behind is not true any more.
  await store.forgetViewers(db)
  await forgetLeavers({ db, events, danmaku })
  const opened = deps.openLink({
    authorise: authorise.byKey,
    onEvent: (event) => {
      if (event.type === 'health') {
        health.keep(event.sessionId, event.atMs, event.health)
        return
      }
      void sessions.handle(event)
      // So that there is a picture for the replay although nobody looked while it was live.
      if (deps.hasFfmpeg && (event.type === 'started' || event.type === 'stopped'))
        void pictures.last(event.sessionId)
      if (event.type === 'ended') health.forget(event.sessionId)
    },
  })

  const say = (what: string) => (error: unknown) => log.error({ err: error }, what)
  const loops = [
    repeat(1_000, () => sessions.sweep(), say('live sessions were not looked after')),
    repeat(
      5_000,
      () => (link().connected ? sessions.reconcile() : undefined),
      say('ingest was not compared'),
    ),
    repeat(3_000, () => sessions.cutBanned(), say('banned publishers were not cut')),
    repeat(
      3_000,
      () => recheckAudience({ hubs, log, callerOf: deps.callerOf }),
      say('sockets were not checked'),
    ),
    repeat(1_000, () => raids.sweep(), say('raids were not carried out')),
    repeat(5_000, () => schedule.sweep(), say('announced broadcasts were not looked after')),
    repeat(
      1_000,
      () => (deps.hasFfmpeg && link().connected ? restream.sweep() : undefined),
      say('destinations were not looked after'),
    ),
    repeat(600_000, () => dropRecordings(), say('old recordings were not deleted')),
  ]

  const dropRecordings = async (): Promise<void> => {
    for (const { id } of await store.dueRecordingsQuery(db, clock.now()).execute()) {
      await deps.deleteRecording(id)
      await store.updateSession(db, id, { recording_due_ms: null })
      log.info({ session: id }, 'a recording without a replay was deleted')
    }
  }

  const pictureOf = createClipPicture({ images: deps.images, scratchDir: join(config.dataDir, 'scratch') })
  const clips = createClips({
    db,
    clock,
    log,
    recordingsDir: config.recordingsDir,
    rooms,
    users,
    danmaku,
    replays: deps.replays,
    link,
    pictureOf: async (directory) => (deps.hasFfmpeg ? pictureOf(directory) : undefined),
  })
  const moderation = createModeration({
    db,
    clock,
    users,
    audit: deps.audit,
    rooms,
    sessions,
    changed,
    cursorSecret: deps.cursorSecret,
  })
  return {
    rooms,
    clips,
    order,
    gifts,
    schedule,
    raids,
    destinations,
    overlays,
    moderation,
    sessions,
    covers,
    playback,
    hubs,
    chat,
    danmaku,
    users,
    log,
    dropRecordings,
    /** Now rather than at the next round: sockets of sessions that ended are closed. */
    recheckAudience: () => recheckAudience({ hubs, log, callerOf: deps.callerOf }),
    /** Of a browser's publication through this process. */
    publishing: {
      authorise: async (userId: string, address: string): Promise<PublishAnswer> => {
        await rooms.ensure(userId)
        return authorise.byOwner(userId, address)
      },
      publish: (...args: Parameters<IngestLink['publish']>) => link().publish(...args),
    },
    healthOf: (sessionId: string): Health | null => health.now(sessionId) ?? null,
    isIngestUp: (): boolean => link().connected,
    /** After the HTTP server, before danmaku, bus and database. */
    async close(): Promise<void> {
      await Promise.all(loops.map((loop) => loop.stop()))
      await restream.close()
      await opened.close()
      await turns.idle()
      await hubs.close()
    },
  }
}
