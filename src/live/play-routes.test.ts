/** Parts of a stream for who reads a byte a second: they hold nothing of their own, slow nobody, and are cut in time. */
import { randomBytes } from 'node:crypto'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import type { FastifyInstance } from 'fastify'
import { readSlowly, untilSo } from '../../tests/slow-reader.ts'
import { unreadMs } from '../platform/http/patience.ts'
import { createHttpServer } from '../platform/http/server.ts'
import { silentLog } from '../platform/log/log.ts'
import type { LiveCovers } from './covers.ts'
import { mountLivePlayRoutes } from './play-routes.ts'
import type { Playback } from './playback.ts'

/** More than the system takes on both sides of a connection that nobody reads from. */
const segment = randomBytes(24 * 1024 * 1024)
const path = '/play/live/room/session/s7.mp4'

let app: FastifyInstance
let port: number
const connections = new Set<Socket>()

beforeAll(async () => {
  app = await createHttpServer({ log: silentLog, trustedProxies: [] })
  app.server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  const playback: Pick<Playback, 'file'> = {
    file: async () => ({ status: 200, body: segment, contentType: 'video/mp4', immutable: true }),
  }
  mountLivePlayRoutes({ app, live: { playback: playback as Playback, covers: {} as LiveCovers } })
  await app.listen({ host: '127.0.0.1', port: 0 })
  port = (app.server.address() as AddressInfo).port
})
afterAll(() => app.close())
afterEach(() => {
  vi.useRealTimers()
})

const stuck = (): number => [...connections].filter(({ writableLength }) => writableLength > 0).length
const fetchSegment = async (): Promise<Buffer> =>
  Buffer.from(await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer())

it('shares the bytes of a segment among all who read it slowly, and slows nobody', async () => {
  const before = process.memoryUsage().arrayBuffers
  const readers = Array.from({ length: 20 }, () => readSlowly(port, path))
  try {
    await untilSo(() => stuck() === 20)
    // Each has a small buffer of its own at both ends; one copy of the segment would be more than all of them.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(segment.length)
    expect((await fetchSegment()).equals(segment)).toBe(true)
    await readers[0]?.read()
    expect(readers[0]?.body().equals(segment)).toBe(true)
  } finally {
    for (const reader of readers) reader[Symbol.dispose]()
  }
  await untilSo(() => stuck() === 0)
})

it('cuts off who has not read a segment in five minutes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  using _slow = readSlowly(port, path)
  await untilSo(() => stuck() === 1)
  vi.advanceTimersByTime(unreadMs - 1)
  // Others come and go meanwhile.
  expect((await fetchSegment()).length).toBe(segment.length)
  expect(stuck()).toBe(1)
  vi.advanceTimersByTime(1)
  await untilSo(() => stuck() === 0)
})
