/** Owns videos with everything below them for tests, on a port and in a directory of their own. */
import { randomInt } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OwnVideo, VideoJob } from '../../contract/video.ts'
import { uploadPath } from '../../contract/video.ts'
import { loadConfig } from '../config/load.ts'
import { loadSecrets } from '../config/secrets.ts'
import { createAudit } from '../audit/index.ts'
import { createAuthenticate, createSetAvatar, mountAvatarRoute } from '../passport/index.ts'
import { mountPlaybackRoutes } from '../playback/index.ts'
import { createDiskBlobs } from '../platform/blob/disk.ts'
import { createMemoryBus } from '../platform/bus/memory.ts'
import { systemClock } from '../platform/clock/clock.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import type { TestEngine } from '../platform/db/testing.ts'
import { createEvents } from '../platform/events/events.ts'
import type { Events } from '../platform/events/events.ts'
import { createRouter } from '../platform/http/route.ts'
import type { FastifyInstance } from 'fastify'
import type { Authenticate, Router } from '../platform/http/route.ts'
import { createHttpServer } from '../platform/http/server.ts'
import { createImages } from '../platform/image/image.ts'
import { createJobs } from '../platform/jobs/jobs.ts'
import type { Kv } from '../platform/kv/kv.ts'
import { createTestPassport } from '../passport/testing.ts'
import { createMemoryKv } from '../platform/kv/memory.ts'
import { createLimits } from '../platform/limit/limit.ts'
import type { Limits } from '../platform/limit/limit.ts'
import { silentLog } from '../platform/log/log.ts'
import type { Log } from '../platform/log/log.ts'
import { createCoins, mountCoinRoutes } from '../coin/index.ts'
import type { Coins } from '../coin/index.ts'
import { createUserService } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import { createVideos, mountUploadRoutes, mountVideoRoutes } from './index.ts'
import type { VideoService } from './index.ts'
import { newVideoRow } from './rules.ts'
import type { NewVideo } from './rules.ts'
import { insertVideo } from './store.ts'

export interface Person {
  id: string
  token: string
}

export interface Answer<T> {
  status: number
  headers: Headers
  error: string | undefined
  data: T
}

interface MadeForTests {
  db: Db
  kv: Kv
  clock: Clock
  log: Log
  events: Events
  users: UserService
  videos: VideoService
  coins: Coins
  app: FastifyInstance
  authenticate: Authenticate
  router: Router
  limits: Limits
  cursorSecret: Buffer
}

export type VideoTestApp = Awaited<ReturnType<typeof createVideoTestApp>>

export const createVideoTestApp = async (
  engine: TestEngine,
  options: {
    environment?: Record<string, string>
    clock?: Clock
    log?: Log
    /** Mounts later features on the same app. */
    also?: (made: MadeForTests, making: AsyncDisposableStack) => void
  } = {},
) => {
  await using making = new AsyncDisposableStack()
  const { clock = systemClock, log = silentLog } = options
  const directory = await mkdtemp(join(tmpdir(), 'vireo-video-'))
  making.defer(() => rm(directory, { recursive: true, force: true }))
  const config = loadConfig({
    VIREO_PROFILE: 'test',
    VIREO_HTTP_PORT: '0',
    VIREO_DATA_DIR: directory,
    VIREO_DISK_RESERVE: '1M',
    VIREO_CAPTCHA_ANSWER: 'abcd',
    ...options.environment,
  })
  const secrets = loadSecrets(directory, undefined)
  const db = making.use(await engine.open({ clock }))
  const kv = making.use(createMemoryKv({ clock }))
  const bus = making.use(createMemoryBus({ log }))
  const limits = making.use(await createLimits({ redisUrls: [], enabled: false, log }))
  const events = making.use(await createEvents({ db, bus, log, clock }))
  const blobs = await createDiskBlobs({ directory: config.blobDir })
  const jobs = making.use(await createJobs({ db, bus, log, clock, options: { pollMs: 200 } }))
  const users = createUserService({ db, clock })
  const passport = createTestPassport({ config, directory, secrets, db, kv, jobs, events, users, clock, log })
  making.defer(() => passport.close())
  const coins = createCoins({ db, kv, clock, cursorSecret: secrets.keyFor('cursor').reveal() })
  const images = createImages()
  const audit = createAudit({ db, clock, cursorSecret: Buffer.from('a secret for tests') })
  const videos = making.use(
    await createVideos({
      isWorker: true,
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
    }),
  )
  const { service } = videos
  const app = await createHttpServer({ log, trustedProxies: [] })
  making.defer(() => app.close())
  const authenticate = createAuthenticate(passport)
  const router = createRouter(app, authenticate, { sharesAnswers: false })
  mountVideoRoutes({ app, router, service, limits })
  const { uploads, maxUploadBytes: maxBytes } = service
  mountUploadRoutes({ app, uploads, maxBytes, authenticate, limits })
  mountAvatarRoute({
    app,
    router,
    service: passport,
    setAvatar: createSetAvatar({ blobs, images, users }),
    limits,
  })
  mountPlaybackRoutes({ app, blobs, playable: service.playable })
  const cursorSecret = secrets.keyFor('cursor').reveal()
  mountCoinRoutes(router, { coins })
  options.also?.(
    {
      ...{ db, kv, clock, log, events, users, videos: service, coins, app, authenticate },
      ...{ router, limits, cursorSecret },
    },
    making,
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  const base = `http://127.0.0.1:${(app.server.address() as { port: number }).port}`

  const call = async <T = never>(
    method: string,
    path: string,
    given: { by?: Person; json?: unknown; body?: FormData; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> => {
    const body = given.body ?? (given.json === undefined ? undefined : JSON.stringify(given.json))
    const response = await fetch(base + path, {
      method,
      headers: {
        ...(given.by && { authorization: `Bearer ${given.by.token}` }),
        ...(given.json !== undefined && { 'content-type': 'application/json' }),
        ...given.headers,
      },
      ...(body !== undefined && { body }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    const parsed = (isJson && text !== '' ? JSON.parse(text) : {}) as { error?: string; data: T }
    return { status: response.status, headers: response.headers, error: parsed.error, data: parsed.data }
  }

  /** A row as if it had been uploaded and processed; gives its public id. */
  const addVideo = (owner: Person, given: Partial<NewVideo> = {}): Promise<string> =>
    db.transaction(async (trx) => {
      const row = newVideoRow(
        { owner_id: owner.id, title: 'a video', state: 'ready', duration_ms: 100_000, ...given },
        clock.now(),
      )
      await insertVideo(trx, row)
      await service.settle(trx, row.id)
      return row.public_id
    })

  const signUp = async (): Promise<Person> => {
    const mobile = `+86139${String(randomInt(0, 100_000_000)).padStart(8, '0')}`
    const account = { mobile, password: 'of no matter', username: undefined, nickname: undefined }
    const device = { device: 'test', address: '127.0.0.1' }
    const session = await passport.createAccount({ ...account, role: 'user' }, device)
    return { id: session.userId, token: session.accessToken }
  }

  /** Creates an upload; gives its address and its video. */
  const startUpload = async (
    by: Person | undefined,
    size: number | string,
    metadata: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<Answer<never> & { location: string; videoId: string }> => {
    const answer = await call('POST', uploadPath, {
      ...(by && { by }),
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': String(size),
        'upload-metadata': encodeMetadata({ filename: 'clip.mp4', ...metadata }),
        ...headers,
      },
    })
    const location = answer.headers.get('location') ?? ''
    return { ...answer, location, videoId: answer.headers.get('vireo-video-id') ?? '' }
  }

  const patch = (
    by: Person | undefined,
    location: string,
    offset: number,
    bytes: Uint8Array,
  ): Promise<Answer<never>> =>
    call('PATCH', location, {
      ...(by && { by }),
      body: bytes as never,
      headers: {
        'tus-resumable': '1.0.0',
        'upload-offset': String(offset),
        'content-type': 'application/offset+octet-stream',
      },
    })

  /** Uploads a whole file; gives the video's id. */
  const upload = async (by: Person, path: string, metadata: Record<string, string> = {}): Promise<string> => {
    await using file = await open(path)
    const bytes = await file.readFile()
    const started = await startUpload(by, bytes.length, metadata)
    if (started.status !== 201) throw new Error(`no upload: ${started.status} ${started.error}`)
    if (bytes.length > 0) {
      const sent = await patch(by, started.location, 0, bytes)
      if (sent.status !== 204) throw new Error(`not sent: ${sent.status} ${sent.error}`)
    }
    return started.videoId
  }

  /** Waits for the end of processing. */
  const settled = async (by: Person, videoId: string, timeoutMs = 60_000): Promise<OwnVideo> => {
    const untilMs = Date.now() + timeoutMs
    for (;;) {
      const { data } = await call<OwnVideo>('GET', `/api/v1/videos/${videoId}`, { by })
      if (data.state === 'ready' || data.state === 'failed') return data
      if (Date.now() > untilMs) {
        const job = await call<VideoJob>('GET', `/api/v1/videos/${videoId}/job`, { by })
        throw new Error(`still ${data.state}: ${JSON.stringify(job.data)}`)
      }
      await sleep(50)
    }
  }

  const made = making.move()
  return {
    base,
    directory,
    config,
    db,
    jobs,
    blobs,
    events,
    users,
    service,
    coins,
    call,
    addVideo,
    signUp,
    startUpload,
    patch,
    upload,
    settled,
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  }
}

export const encodeMetadata = (metadata: Record<string, string>): string =>
  Object.entries(metadata)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')
