/** From a real publisher through the real ingest process to players, sockets and the replay. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { DataOf } from '../../contract/endpoint.ts'
import type { getMyHealth, OwnRoom, Room } from '../../contract/live.ts'
import { createIngestLink } from '../ingest/index.ts'
import { systemClock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { silentLog } from '../platform/log/log.ts'
import { createLiveApp } from './live.fixture.ts'
import type { LiveApp, Person } from './live.fixture.ts'

const ingestMain = fileURLToPath(new URL('../ingest/main.ts', import.meta.url))

const gone = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()))

const kill = async (child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
  child.kill(signal)
  await gone(child)
}

const startIngest = async (directory: string, rtmpPort = 0) => {
  const settings = {
    host: '127.0.0.1',
    rtmpPort,
    linkAddress: join(directory, 'link.sock'),
    dataDir: directory,
    recordingsDir: join(directory, 'recordings'),
  }
  const child = spawn(process.execPath, [ingestMain, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString()
      const found = /"rtmpPort":(\d+)/.exec(text)
      if (found) resolve(Number(found[1]))
    })
    child.once('exit', () => reject(new Error(`ingest ended: ${text}`)))
  })
  return { child, port, [Symbol.asyncDispose]: () => kill(child) }
}

const startPublisher = (port: number, key: string, more: readonly string[] = []) => {
  const input = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30', '-f', 'lavfi', '-i', 'sine=440']
  const video = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-tune',
    'zerolatency',
    '-g',
    '30',
    '-pix_fmt',
    'yuv420p',
  ]
  const output = [...more, '-c:a', 'aac', '-f', 'flv', `rtmp://127.0.0.1:${port}/live/${key}`]
  const child = spawn('ffmpeg', ['-nostdin', '-loglevel', 'error', ...input, ...video, ...output], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  child.stderr.resume()
  return { child, [Symbol.asyncDispose]: () => kill(child) }
}

const setUp = async (db: Db, directory: string): Promise<LiveApp> =>
  createLiveApp({
    db,
    directory,
    hasFfmpeg: true,
    openLink: (on) =>
      createIngestLink({ address: join(directory, 'link.sock'), log: silentLog, clock: systemClock, ...on }),
  })

const keyOf = async (app: LiveApp, owner: Person): Promise<string> =>
  (await app.call<{ stream_key: string }>('POST', '/me/room/stream_key', owner)).data.stream_key

const roomOf = async (app: LiveApp, owner: Person): Promise<Room> =>
  (await app.call<Room>('GET', `/live/${owner.roomId}`, owner)).data

const becomes = (app: LiveApp, owner: Person, state: Room['state'], timeout: number): Promise<void> =>
  // As anybody sees it: an owner who was banned sees nothing any more.
  expect
    .poll(async () => (await app.call<Room>('GET', `/live/${owner.roomId}`)).data.state, {
      timeout,
      interval: 50,
    })
    .toBe(state)

const temporary = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vireo-live-'))
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
}

const databases = testDatabases()

describe.each(databases)('live on $name', ({ open }) => {
  it('shows a stream, its danmaku and picture, survives its publisher and the API, and leaves a replay', async () => {
    await using place = await temporary()
    const { directory } = place
    await using db = await open()
    await using ingest = await startIngest(directory)
    const first = await setUp(db, directory)
    const owner = await first.signUp()
    const viewer = await first.signUp()
    const key = await keyOf(first, owner)
    await using publisher = startPublisher(ingest.port, key)
    const beganMs = Date.now()
    await becomes(first, owner, 'live', 6000)
    expect(Date.now() - beganMs).toBeLessThan(4000)
    const { session_id: session } = await roomOf(first, owner)

    // Players: what the playlist names is there, under the session's own addresses.
    const play = `${first.base}/play/live/${owner.roomId}`
    const playlist = await fetch(`${play}/ll.m3u8`)
    expect(playlist.status).toBe(200)
    expect(playlist.headers.get('content-type')).toBe('application/vnd.apple.mpegurl')
    expect(playlist.headers.get('access-control-allow-origin')).toBe('*')
    const text = await playlist.text()
    expect(text).toContain(`URI="${session}/init-0.mp4"`)
    const names = [...text.matchAll(/(?:^|URI=")([\w/.-]+\.mp4)/gm)].map((match) => match[1] ?? '')
    for (const file of names) {
      const answer = await fetch(`${play}/${file}`)
      expect([file, answer.status, answer.headers.get('content-type')]).toEqual([file, 200, 'video/mp4'])
      expect(answer.headers.get('cache-control')).toContain('immutable')
      expect((await answer.arrayBuffer()).byteLength).toBe(Number(answer.headers.get('content-length')))
    }
    const lastMsn = Math.max(...[...text.matchAll(/\/p(\d+)\./g)].map((match) => Number(match[1])))
    expect((await fetch(`${play}/ll.m3u8?_HLS_msn=${lastMsn}&_HLS_part=0`)).status).toBe(200)
    expect((await fetch(`${play}/ll.m3u8?_HLS_msn=${lastMsn + 100}`)).status).toBe(400)
    for (const bad of ['_HLS_msn=-1', '_HLS_msn=x', '_HLS_part=1', '_HLS_msn=1&_HLS_msn=2', '_HLS_skip=1'])
      expect([bad, (await fetch(`${play}/ll.m3u8?${bad}`)).status]).toEqual([bad, 400])
    expect((await fetch(`${play}/ll.m3u8`, { method: 'HEAD' })).status).toBe(200)
    for (const path of [
      '../ll.m3u8',
      `${session}/..%2f..%2fjournal.jsonl`,
      `${session}/x.mp4`,
      'nosuch/s0.mp4',
    ])
      expect((await fetch(`${play}/${path}`)).status).toBe(404)
    expect((await fetch(`${first.base}/play/live/${viewer.roomId}/ll.m3u8`)).status).toBe(404)
    expect((await fetch(`${first.base}/play/live/${viewer.roomId}/${session}/s0.mp4`)).status).toBe(404)

    const picture = await fetch(`${play}/cover.jpg`)
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
    expect(await sharp(Buffer.from(await picture.arrayBuffer())).metadata()).toMatchObject({ format: 'jpeg' })
    const { data: mine } = await first.call<OwnRoom>('GET', '/me/room', owner)
    expect(mine.health?.video ?? { width: 320 }).toMatchObject({ width: 320 })

    // Danmaku: at the media time of the picture that its writer saw.
    {
      using reader = await first.join(owner.roomId)
      using writer = await first.join(owner.roomId, viewer)
      const dates = [...text.matchAll(/PROGRAM-DATE-TIME:(\S+)/g)].map((match) => match[1] ?? '')
      writer.say({ type: 'danmaku', text: 'first frame', playing_date: dates[0] })
      expect((await reader.next('danmaku')).media_time).toBeCloseTo(0, 1)
      writer.say({ type: 'danmaku', text: 'edge' })
      expect((await reader.next('danmaku')).media_time).toBeGreaterThan(0.5)
    }

    // The publisher vanishes and comes back: the same session.
    await kill(publisher.child)
    await becomes(first, owner, 'reconnecting', 5000)
    await using again = startPublisher(ingest.port, key)
    await becomes(first, owner, 'live', 6000)
    expect((await roomOf(first, owner)).session_id).toBe(session)

    // The API goes away, and another one takes over, while the stream goes on.
    await first[Symbol.asyncDispose]()
    await using app = await setUp(db, directory)
    await sleep(500)
    expect(await roomOf(app, owner)).toMatchObject({ state: 'live', session_id: session })
    expect((await fetch(`${app.base}/play/live/${owner.roomId}/ll.m3u8`)).status).toBe(200)
    // Long enough for a replay.
    await sleep(Math.max(0, 11_500 - (Date.now() - beganMs)))

    const stoppedMs = Date.now()
    await kill(again.child, 'SIGINT')
    await expect
      .poll(async () => (await roomOf(app, owner)).last_session?.video_id, { timeout: 3000, interval: 20 })
      .toEqual(expect.any(String))
    expect(Date.now() - stoppedMs).toBeLessThan(2500)
    expect(await roomOf(app, owner)).toMatchObject({ state: 'idle', last_session: { id: session } })
    expect(app.replays.get(session ?? '')?.mediaMs).toBeGreaterThan(9_000)
    await expect
      .poll(() => app.replays.get(session ?? '')?.cover?.length, { timeout: 5000 })
      .toBeGreaterThan(1000)
    const { data } = await app.call<{ video_id: string }>('POST', '/me/room/end', owner, {})
    expect(data.video_id).toBe(app.replays.get(session ?? '')?.videoId)
    expect(app.replays.get(session ?? '')).toMatchObject({ final: true })
    const cover = (await roomOf(app, owner)).cover_url
    expect((await fetch(`${app.base}${cover}`)).status).toBe(200)
  })
})

describe.each(databases)('health on $name', ({ open }) => {
  it("of a stream that drops frames is its owner's to see, over a reconnect too", async () => {
    await using place = await temporary()
    await using db = await open()
    await using ingest = await startIngest(place.directory)
    await using app = await setUp(db, place.directory)
    const owner = await app.signUp()
    const other = await app.signUp()
    const key = await keyOf(app, owner)
    const history = async (person?: Person, since = '') =>
      app.call<DataOf<typeof getMyHealth>>('GET', `/me/room/health${since}`, person)
    const grown = async (count: number) => {
      await expect
        .poll(async () => (await history(owner)).data.items.length, { timeout: 30_000, interval: 100 })
        .toBeGreaterThanOrEqual(count)
      return (await history(owner)).data.items
    }
    // Five frames of every thirty are left out before they are encoded; the times of the others stay.
    const leaveOut = ['-vf', "select='not(between(mod(n,30),10,14))'", '-fps_mode', 'passthrough']
    await using publisher = startPublisher(ingest.port, key, leaveOut)
    const points = await grown(3)
    const last = points.at(-1)
    expect(last?.dropped_frames).toBeGreaterThanOrEqual(5)
    expect(last?.dropped_frames).toBeLessThanOrEqual(15)
    expect(last?.video_kbps).toBeGreaterThan(10)
    expect(last?.audio_kbps).toBeGreaterThan(10)
    expect(Math.abs(last?.skew ?? 1_000)).toBeLessThan(200)
    const since = `?since=${encodeURIComponent(points.at(-2)?.at ?? '')}`
    expect((await history(owner, since)).data.items[0]).toEqual(last)

    expect((await history(other)).data).toEqual({ session_id: null, items: [] })
    expect((await history()).status).toBe(401)
    const { data: room } = await app.call<Room>('GET', `/live/${owner.roomId}`, other)
    expect(room).not.toHaveProperty('health')

    // Back with all of its frames: the same history goes on, and the time away is no loss.
    await kill(publisher.child)
    await becomes(app, owner, 'reconnecting', 5_000)
    const before = (await history(owner)).data
    await using _again = startPublisher(ingest.port, key)
    const after = await grown(before.items.length + 2)
    expect(after.slice(0, before.items.length)).toEqual(before.items)
    expect(after.slice(before.items.length).map((point) => point.dropped_frames)).toEqual(
      after.slice(before.items.length).map(() => 0),
    )
  })
})

// What differs between databases is behind the first test.
describe.each(databases.slice(0, 1))('live on $name only', ({ open }) => {
  it('goes on when ingest is killed, and cuts who was banned within 5 s', async () => {
    await using place = await temporary()
    const { directory } = place
    await using db = await open()
    const ingest = await startIngest(directory)
    await using app = await setUp(db, directory)
    const owner = await app.signUp()
    const key = await keyOf(app, owner)
    await using _first = startPublisher(ingest.port, key)
    await becomes(app, owner, 'live', 6000)
    const { session_id: session } = await roomOf(app, owner)
    await sleep(2500)
    await kill(ingest.child)
    await using _ingest = await startIngest(directory, ingest.port)
    await using publisher = startPublisher(ingest.port, key)
    await expect
      .poll(() => app.live.playback.onAir(owner.roomId), { timeout: 8000 })
      .toMatchObject({ state: 'live' })
    await becomes(app, owner, 'live', 8000)
    expect((await roomOf(app, owner)).session_id).toBe(session)
    await sleep(1500)
    await db.updateTable('user').set({ banned_ms: 1 }).where('id', '=', owner.userId).execute()
    const beganMs = Date.now()
    await gone(publisher.child)
    expect(Date.now() - beganMs).toBeLessThan(5000)
    await becomes(app, owner, 'idle', 1000)
  })

  it('refuses a wrong key before any media is taken', async () => {
    await using place = await temporary()
    await using db = await open()
    await using ingest = await startIngest(place.directory)
    await using app = await setUp(db, place.directory)
    const owner = await app.signUp()
    await keyOf(app, owner)
    await using publisher = startPublisher(ingest.port, 'wrong')
    await gone(publisher.child)
    expect(publisher.child.exitCode).not.toBe(0)
    expect(await db.selectFrom('live_session').select('id').execute()).toEqual([])
  })
})
