/** Going live over the socket that browsers use: real frames, a real ingest process, a real recording. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { describe, expect, it } from 'vitest'
import type { OwnRoom, Room } from '../../contract/live.ts'
import { frameKinds, publishPath, sliceBytes } from '../../contract/publish.ts'
import type { PublishServer } from '../../contract/publish.ts'
import { createIngestLink, readJournal } from '../ingest/index.ts'
import { startIngest, until } from '../ingest/testing/ingest-fixture.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { silentLog } from '../platform/log/log.ts'
import { createLiveApp } from './live.fixture.ts'
import type { LiveApp, Person } from './live.fixture.ts'
import { createPublishFrames } from './publish-frames.ts'

interface Publisher extends AsyncDisposable {
  readonly socket: WebSocket
  readonly messages: PublishServer[]
  readonly closed: Promise<number>
  say(message: object): void
  /** Sends what ffmpeg makes, as a browser would. */
  stream(): void
  halt(): void
}

const frameOf = (kind: number, timestampMs: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(8)
  head.writeUInt8(kind, 0)
  head.writeUIntBE(body.length, 1, 3)
  head.writeUInt32BE(timestampMs, 4)
  return Buffer.concat([head, body])
}

const ffmpegArguments = [
  ...['-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30'],
  ...['-f', 'lavfi', '-i', 'sine=440', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'],
  ...['-g', '30', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-flvflags', 'no_duration_filesize'],
  ...['-flush_packets', '1', '-f', 'flv', 'pipe:1'],
]

/** Calls back with each tag of a growing FLV file. */
const createTagReader = (onTag: (kind: number, timestampMs: number, body: Buffer) => void) => {
  let rest = Buffer.alloc(0)
  let at = 13
  return (bytes: Buffer): void => {
    rest = Buffer.concat([rest, bytes])
    for (;;) {
      if (rest.length < at + 11) return
      const size = rest.readUIntBE(at + 1, 3)
      if (rest.length < at + 11 + size + 4) return
      const ms = (rest.readUIntBE(at + 4, 3) | ((rest[at + 7] ?? 0) << 24)) >>> 0
      const kind = rest[at] ?? 0
      if (kind === frameKinds.audio || kind === frameKinds.video)
        onTag(kind, ms, Buffer.from(rest.subarray(at + 11, at + 11 + size)))
      rest = rest.subarray(at + 11 + size + 4)
      at = 0
    }
  }
}

const openPublisher = async (app: LiveApp, who: Person): Promise<Publisher> => {
  const ticket = await app.ticketOf(who)
  const url = `${app.base}${publishPath}`.replace(/^http/, 'ws')
  const socket = new WebSocket(url, ['vireo.1', `ticket.${ticket}`])
  const messages: PublishServer[] = []
  socket.on('message', (data) => messages.push(JSON.parse((data as Buffer).toString()) as PublishServer))
  socket.on('error', () => undefined)
  const closed = new Promise<number>((resolve) => socket.on('close', (code) => resolve(code)))
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  let child: ReturnType<typeof spawn> | undefined
  const read = createTagReader((kind, ms, body) => {
    const frame = frameOf(kind, ms, body)
    for (let at = 0; at < frame.length; at += sliceBytes) socket.send(frame.subarray(at, at + sliceBytes))
  })
  return {
    socket,
    messages,
    closed,
    say: (message) => socket.send(JSON.stringify(message)),
    stream() {
      child = spawn('ffmpeg', ffmpegArguments, { stdio: ['ignore', 'pipe', 'ignore'] })
      child.stdout?.on('data', read)
    },
    halt: () => void child?.kill('SIGKILL'),
    async [Symbol.asyncDispose]() {
      child?.kill('SIGKILL')
      socket.terminate()
      await closed
    },
  }
}

const setUp = async (open: (typeof databases)[number]['open']) => {
  await using making = new AsyncDisposableStack()
  const db = making.use(await open())
  const ingest = making.use(await startIngest())
  const app = making.use(
    await createLiveApp({
      db,
      directory: ingest.dir,
      openLink: (on) =>
        createIngestLink({
          address: join(ingest.dir, 'link.sock'),
          log: silentLog,
          clock: systemClock,
          ...on,
        }),
    }),
  )
  const made = making.move()
  return { ingest, app, owner: await app.signUp(), [Symbol.asyncDispose]: () => made.disposeAsync() }
}

const roomOf = async (app: LiveApp, owner: Person): Promise<Room> =>
  (await app.call<Room>('GET', `/live/${owner.roomId}`, owner)).data
const becomes = (app: LiveApp, owner: Person, state: Room['state']): Promise<unknown> =>
  until(async () => ((await roomOf(app, owner)).state === state ? true : undefined))
const says = <T extends PublishServer['type']>(publisher: Publisher, type: T) =>
  until(
    () =>
      publisher.messages.find((message) => message.type === type) as
        Extract<PublishServer, { type: T }> | undefined,
  )

const databases = testDatabases()

describe.each(databases.slice(0, 1))('publishing from a browser', ({ open }) => {
  it('goes live, goes on after a lost connection, and leaves a recording', async () => {
    await using set = await setUp(open)
    const { app, owner, ingest } = set
    const first = await openPublisher(app, owner)
    first.say({ type: 'start' })
    const { session_id: sessionId, room_id: roomId } = await says(first, 'ready')
    expect(roomId).toBe(owner.roomId)
    first.stream()
    await becomes(app, owner, 'live')
    expect((await roomOf(app, owner)).session_id).toBe(sessionId)
    // No key was made behind the owner's back.
    expect((await app.call<OwnRoom>('GET', '/me/room', owner)).data.has_stream_key).toBe(false)
    expect((await says(first, 'ack')).received_bytes).toBeGreaterThanOrEqual(0)
    const playlist = await fetch(`${app.base}/play/live/${roomId}/ll.m3u8`)
    expect(await playlist.text()).toContain('#EXT-X-PART:')
    await first[Symbol.asyncDispose]()
    await becomes(app, owner, 'reconnecting')

    await using second = await openPublisher(app, owner)
    second.say({ type: 'start' })
    expect((await says(second, 'ready')).session_id).toBe(sessionId)
    second.stream()
    await becomes(app, owner, 'live')
    second.halt()
    second.say({ type: 'stop' })
    expect(await second.closed).toBe(1000)
    await becomes(app, owner, 'idle')
    await app.call('POST', '/me/room/end', owner, {})
    const journal = await readJournal(join(ingest.recordingsDir, sessionId))
    expect(journal?.parts.length).toBeGreaterThan(2)
  })

  it('gives way to a newer publisher and says so', async () => {
    await using set = await setUp(open)
    const { app, owner } = set
    await using first = await openPublisher(app, owner)
    first.say({ type: 'start' })
    await says(first, 'ready')
    await using second = await openPublisher(app, owner)
    second.say({ type: 'start' })
    await says(second, 'ready')
    expect(await says(first, 'end')).toMatchObject({ end: 'taken_over' })
    expect(await first.closed).toBe(1008)
  })

  it('refuses strangers, foreign pages, nonsense, frames before the start and video it can not package', async () => {
    await using set = await setUp(open)
    const { app, owner } = set
    const refused = async (protocols: string[], headers: Record<string, string> = {}): Promise<number> => {
      const socket = new WebSocket(`${app.base}${publishPath}`.replace(/^http/, 'ws'), protocols, { headers })
      socket.on('error', () => undefined)
      return new Promise((resolve) =>
        socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0)),
      )
    }
    expect(await refused(['vireo.1'])).toBe(401)
    expect(await refused(['vireo.1', `ticket.${'x'.repeat(32)}`])).toBe(401)
    const ticket = await app.ticketOf(owner)
    expect(await refused(['vireo.1', `ticket.${ticket}`], { origin: 'https://elsewhere.example' })).toBe(403)

    const wrong: [string, (publisher: Publisher) => void][] = [
      ['nonsense', ({ socket }) => socket.send('{"type":"dance"}')],
      ['early frames', ({ socket }) => socket.send(frameOf(9, 0, Buffer.from([1, 2, 3])))],
      [
        'no frames',
        (publisher) => {
          publisher.say({ type: 'start' })
          void says(publisher, 'ready').then(() => publisher.socket.send(Buffer.from('hello world')))
        },
      ],
      [
        // Sorenson H.263.
        'a foreign codec',
        (publisher) => {
          publisher.say({ type: 'start' })
          void says(publisher, 'ready').then(() =>
            publisher.socket.send(frameOf(9, 0, Buffer.from([0x12, 0, 0, 0, 0, 0]))),
          )
        },
      ],
    ]
    for (const [what, misbehave] of wrong) {
      await using publisher = await openPublisher(app, owner)
      misbehave(publisher)
      expect(await says(publisher, 'end'), what).toMatchObject({ end: 'invalid' })
      expect(await publisher.closed, what).toBe(1008)
    }
    // A slice beyond its bound ends the socket before it is read.
    await using large = await openPublisher(app, owner)
    large.socket.send(Buffer.alloc(sliceBytes + 1))
    expect(await large.closed).toBe(1009)
  })
})

describe('frames of a browser', () => {
  it('are read whole from slices of any size', () => {
    const bytes = Buffer.concat([
      frameOf(9, 7, Buffer.from('picture')),
      frameOf(8, 2 ** 32 - 1, Buffer.from('s')),
    ])
    for (let size = 1; size <= bytes.length; size++) {
      const frames = createPublishFrames()
      const got = []
      for (let at = 0; at < bytes.length; at += size)
        got.push(...(frames.push(bytes.subarray(at, at + size)) ?? []))
      expect(got.map(({ kind, timestampMs, body }) => [kind, timestampMs, body.toString()])).toEqual([
        ['video', 7, 'picture'],
        ['audio', 2 ** 32 - 1, 's'],
      ])
    }
  })

  it('are refused for good once they are none', () => {
    for (const wrong of [frameOf(7, 0, Buffer.from('x')), frameOf(9, 0, Buffer.alloc(0))]) {
      const frames = createPublishFrames()
      expect(frames.push(wrong)).toBeUndefined()
      expect(frames.push(frameOf(9, 0, Buffer.from('x')))).toBeUndefined()
    }
    expect(createPublishFrames().push(Buffer.from([9, 0xff, 0xff, 0xff, 0, 0, 0, 0]))).toBeUndefined()
  })
})
