/** Owns a small app for the tests of live: real database, kv, bus and HTTP; ingest is given, real or played. */
import { mkdtemp, rm } from 'node:fs/promises'
import { randomBytes, randomInt } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import type { RoomSocketServer } from '../../contract/live.ts'
import type { Role } from '../../contract/user.ts'
import { createAudit } from '../audit/index.ts'
import { loadSecrets } from '../config/secrets.ts'
import { createCoins } from '../coin/index.ts'
import { createDanmaku, mountDanmakuRoutes } from '../danmaku/index.ts'
import type { FindTimeline } from '../danmaku/index.ts'
import type { EndedSummary, IngestLink, PublicationState, SessionEvent } from '../ingest/index.ts'
import { createAuthenticate } from '../passport/index.ts'
import type { Bus } from '../platform/bus/bus.ts'
import { createMemoryBus } from '../platform/bus/memory.ts'
import { createDiskBlobs } from '../platform/blob/disk.ts'
import { systemClock } from '../platform/clock/clock.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { createEvents } from '../platform/events/events.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { createRouter } from '../platform/http/route.ts'
import { createHttpServer } from '../platform/http/server.ts'
import { registerSockets } from '../platform/http/socket.ts'
import { createTickets } from '../platform/http/socket-ticket.ts'
import { createImages } from '../platform/image/image.ts'
import { createJobs } from '../platform/jobs/jobs.ts'
import { createTestPassport } from '../passport/testing.ts'
import { createMemoryKv } from '../platform/kv/memory.ts'
import { createLimits } from '../platform/limit/limit.ts'
import { silentLog } from '../platform/log/log.ts'
import { createRelations, createUserService } from '../user/index.ts'
import {
  createLive,
  mountLifeRoutes,
  mountLinkRoutes,
  mountClipRoutes,
  mountLivePlayRoutes,
  mountLiveRoutes,
  mountOrderRoutes,
  mountPublishSocket,
  mountRoomSocket,
} from './index.ts'
import type { LiveDeps, ReplayInput } from './index.ts'

export interface Person {
  userId: string
  roomId: string
  token: string
  sessionId: string
}

export interface Answer<T = never> {
  status: number
  data: T
  error: string | undefined
}

export type LiveApp = Awaited<ReturnType<typeof createLiveApp>>

export interface LiveAppOptions {
  db: Db
  /** Shared by several apps, as their processes share Redis. */
  bus?: Bus
  clock?: Clock
  openLink: LiveDeps['openLink']
  /** Where recordings of a real ingest lie. */
  directory?: string
  hasFfmpeg?: boolean
  perAddress?: number
  privateDestinations?: boolean
  timelineOf?: FindTimeline
}

export const createLiveApp = async (options: LiveAppOptions) => {
  const { db, clock = systemClock } = options
  await using making = new AsyncDisposableStack()
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'vireo-live-')))
  if (options.directory === undefined) making.defer(() => rm(directory, { recursive: true, force: true }))
  const log = silentLog
  const kv = making.use(createMemoryKv({ clock }))
  const bus = options.bus ?? making.use(createMemoryBus({ log }))
  const limits = making.use(await createLimits({ redisUrls: [], enabled: false, log }))
  const events = making.use(await createEvents({ db, bus, log, clock }))
  const blobs = await createDiskBlobs({ directory: join(directory, 'media') })
  const users = createUserService({ db, clock })
  const secrets = loadSecrets(directory, undefined)
  const jobs = making.use(await createJobs({ db, bus, log, clock }))
  const passport = createTestPassport({ directory, secrets, db, kv, jobs, events, users, clock, log })
  making.defer(() => passport.close())
  const counted = new Map<string, number>()
  const danmaku = createDanmaku({
    db,
    bus,
    kv,
    clock,
    count: async (_trx, timelineId, by) => void counted.set(timelineId, (counted.get(timelineId) ?? 0) + by),
  })
  const cursorSecret = Buffer.from('secret of the tests')
  const coins = createCoins({ db, kv, clock, cursorSecret })
  const replays = new Map<
    string,
    ReplayInput & { videoId: string; puts: number; cover: Buffer | undefined }
  >()
  const deletedRecordings: string[] = []
  const live = await createLive({
    audit: createAudit({ db, clock, cursorSecret: Buffer.from('secret of the tests') }),
    config: {
      dataDir: directory,
      recordingsDir: join(directory, 'recordings'),
      diskReserveBytes: 1,
      recordingQuotaBytes: 1e9,
      recordingDays: 7,
      privateDestinations: options.privateDestinations ?? false,
    },
    secrets,
    cursorSecret: Buffer.from('secret of the tests'),
    db,
    kv,
    coins,
    bus,
    blobs,
    events,
    limits,
    images: createImages(),
    clock,
    log,
    users,
    danmaku,
    replays: {
      put: async (input) => {
        const known = replays.get(input.sessionId)
        const videoId = known?.videoId ?? `v${input.sessionId}`.slice(0, 12)
        replays.set(input.sessionId, { ...input, videoId, puts: (known?.puts ?? 0) + 1, cover: known?.cover })
        return videoId
      },
      isPublic: async (sessionId) => replays.get(sessionId)?.visibility === 'public',
      setCover: async (sessionId, jpeg) => {
        const replay = replays.get(sessionId)
        if (replay) replay.cover = jpeg
      },
    },
    callerOf: (sessionId) => passport.sessions.callerOf(sessionId),
    hasFfmpeg: options.hasFfmpeg ?? false,
    openLink: options.openLink,
    deleteRecording: async (sessionId) => void deletedRecordings.push(sessionId),
  })
  making.defer(() => danmaku.close())
  making.defer(() => live.close())

  const app = await createHttpServer({ log, trustedProxies: [] })
  making.defer(() => app.close())
  const authenticate = createAuthenticate(passport)
  const router = createRouter(app, authenticate)
  const sockets = await registerSockets(app, {
    publicUrl: 'https://vireo.example',
    perAddress: options.perAddress ?? 100,
    total: 1000,
    now: () => Date.now(),
  })
  const callerOf = (sessionId: string) => passport.sessions.callerOf(sessionId)
  const config = { siteName: 'Vireo', publicUrl: undefined, rtmpPort: 1935 }
  mountLiveRoutes({ app, router, limits, live, config })
  mountLinkRoutes({ app, router, authenticate, limits, live, config })
  mountOrderRoutes({ router, order: live.order })
  mountLifeRoutes({ router, limits, live })
  mountLivePlayRoutes({ app, live })
  const timelineOf = async (id: string) => {
    const found = [...replays].find(([, replay]) => replay.videoId === id)
    if (found === undefined) throw new AppError('not_found')
    return { timelineId: found[0] }
  }
  mountClipRoutes({ router, limits, live, timelineOf })
  const tickets = createTickets(kv)
  mountRoomSocket({ router, sockets, tickets, limits, callerOf, live })
  mountPublishSocket({ sockets, tickets, limits, callerOf, live, now: () => Date.now() })
  mountDanmakuRoutes({
    router,
    service: danmaku,
    users,
    timelineOf: options.timelineOf ?? (async () => undefined),
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const base = `http://127.0.0.1:${(app.server.address() as { port: number }).port}`

  const signUp = async (role: Role = 'user'): Promise<Person> => {
    const mobile = `+86139${String(randomInt(0, 100_000_000)).padStart(8, '0')}`
    const opened = await passport.createAccount(
      { mobile, password: randomBytes(12).toString('hex'), username: undefined, nickname: undefined, role },
      { device: 'test', address: '127.0.0.1' },
    )
    const user = await users.row(opened.userId)
    const { userId, sessionId, accessToken: token } = opened
    return { userId, sessionId, token, roomId: user?.room_id ?? '' }
  }

  const call = async <T = never>(
    method: string,
    path: string,
    who?: Person,
    json?: unknown,
  ): Promise<Answer<T>> => {
    const response = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: {
        ...(who && { authorization: `Bearer ${who.token}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    })
    const body = (await response.json()) as { data: T; error?: string }
    return { status: response.status, data: body.data, error: body.error }
  }

  const ticketOf = async (who: Person): Promise<string> =>
    (await call<{ ticket: string }>('POST', '/socket_ticket', who)).data.ticket

  const join_ = async (roomId: string, who?: Person): Promise<TestSocket> => {
    const protocols = who ? ['vireo.1', `ticket.${await ticketOf(who)}`] : ['vireo.1']
    return openSocket(`${base}/api/v1/live/${roomId}/socket`, protocols)
  }

  const made = making.move()
  return {
    base,
    db,
    live,
    coins,
    relations: createRelations({ db, clock, events, cursorSecret }),
    danmaku,
    passport,
    users,
    events,
    replays,
    counted,
    deletedRecordings,
    sockets,
    signUp,
    call,
    ticketOf,
    join: join_,
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  }
}

export interface TestSocket extends Disposable {
  readonly socket: WebSocket
  readonly messages: RoomSocketServer[]
  readonly closed: Promise<number>
  /** The next message of this type that was not taken yet. */
  next<T extends RoomSocketServer['type']>(type: T): Promise<Extract<RoomSocketServer, { type: T }>>
  say(message: unknown): void
}

/** Rejects with the HTTP status where the socket is refused. */
export const openSocket = async (
  url: string,
  protocols: string[],
  headers: Record<string, string> = {},
): Promise<TestSocket> => {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { headers })
  const messages: RoomSocketServer[] = []
  const taken = new Set<RoomSocketServer>()
  let news: () => void = () => undefined
  socket.on('message', (data) => {
    messages.push(JSON.parse((data as Buffer).toString()) as RoomSocketServer)
    news()
  })
  const closed = new Promise<number>((resolve) => socket.on('close', (code) => resolve(code)))
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve())
    socket.once('unexpected-response', (_request, response) => {
      reject(new Error(`refused: ${response.statusCode}`))
      socket.terminate()
    })
    socket.once('error', reject)
  })
  socket.on('error', () => undefined)
  const next: TestSocket['next'] = async (type) => {
    const untilMs = Date.now() + 8000
    for (;;) {
      const found = messages.find((message) => message.type === type && !taken.has(message))
      if (found) {
        taken.add(found)
        return found as never
      }
      const leftMs = untilMs - Date.now()
      if (leftMs <= 0) throw new Error(`no ${type} came; got ${JSON.stringify(messages).slice(0, 500)}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        news = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
  return {
    socket,
    messages,
    closed,
    next,
    say: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    [Symbol.dispose]: () => socket.terminate(),
  }
}

/** Plays ingest for tests about timing: what it knows and says is set by hand. */
export const createPlayedIngest = (clock: Clock) => {
  type Handlers = Parameters<LiveDeps['openLink']>[0]
  let on: Handlers | undefined
  const publications = new Map<string, PublicationState>()
  const ended: string[] = []
  const cuts: string[] = []
  const state = { connected: true, edgeMs: 60_000, reachable: true }
  const link: IngestLink = {
    get connected() {
      return state.connected
    },
    publications: () => [...publications.values()],
    async end(sessionId): Promise<EndedSummary | undefined> {
      if (!state.reachable) throw new Error('ingest did not answer')
      ended.push(sessionId)
      const known = publications.get(sessionId)
      publications.delete(sessionId)
      return (
        known && { sessionId, roomId: known.roomId, mediaDurationMs: known.mediaDurationMs, recording: null }
      )
    },
    cut: (sessionId) => void cuts.push(sessionId),
    playlist: async () => ({
      status: 200,
      body: '#EXTM3U\n#EXT-X-MAP:URI="init-0.mp4"\n#EXT-X-PART:DURATION=0.5,URI="p3.1.mp4"\ns3.mp4\n',
      maxAgeS: 0,
    }),
    file: async (_sessionId, name) => ({
      status: 200,
      body: Buffer.from(name),
      contentType: 'video/mp4',
      immutable: true,
    }),
    keyframe: async () => undefined,
    timeline: () => [],
    mediaTimeAt: (_sessionId, pdtMs) => pdtMs - 1_000_000,
    edgeMediaTimeMs: () => state.edgeMs,
    publish: () => undefined,
    close: async () => undefined,
  }
  const tell = async (
    sessionId: string,
    type: 'started' | 'resumed' | 'vanished' | 'stopped',
    mediaDurationMs = 0,
  ): Promise<void> => {
    const known = publications.get(sessionId)
    const states = { started: 'live', resumed: 'live', vanished: 'reconnecting', stopped: 'stopped' } as const
    const base = { sessionId, roomId: known?.roomId ?? '', atMs: clock.now() }
    publications.set(sessionId, {
      sessionId,
      roomId: base.roomId,
      state: states[type],
      mediaDurationMs,
      startedAtMs: known?.startedAtMs ?? clock.now(),
    })
    on?.onEvent({ ...base, type, mediaDurationMs })
    await settled()
  }
  // Events are handled behind a queue: a turn of real time lets it run dry.
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 120))
  return {
    openLink: (handlers: Handlers): IngestLink => {
      on = handlers
      return link
    },
    state,
    publications,
    ended,
    cuts,
    tell,
    settled,
    event: (event: SessionEvent | { type: 'hello'; sessions: PublicationState[] }) => on?.onEvent(event),
    authorise: (streamKey: string, app = 'live') =>
      on?.authorise({ streamKey, app, address: '203.0.113.9' }) ?? Promise.reject(new Error('not opened')),
  }
}
