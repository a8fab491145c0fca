/** Sending a file to who reads a byte a second: what is held for them, who else suffers, and when it ends. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import type { FastifyInstance } from 'fastify'
import { readSlowly, untilSo } from '../../../tests/slow-reader.ts'
import { silentLog } from '../log/log.ts'
import { unreadMs } from './patience.ts'
import { sendFile } from './send-file.ts'
import { createHttpServer } from './server.ts'

/** More than the system takes on both sides of a connection that nobody reads from. */
const film = randomBytes(48 * 1024 * 1024)
/** What `sendFile` reads at once, and room for a head. */
const oneBuffer = 512 * 1024 + 2048

let app: FastifyInstance
let directory: string
let port: number
let openFiles = 0
const connections = new Set<Socket>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vireo-send-file-'))
  const path = join(directory, 'film')
  await writeFile(path, film)
  app = await createHttpServer({ log: silentLog, trustedProxies: [] })
  app.server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  app.get('/film', async (_request, reply) => {
    const file = await open(path, 'r')
    openFiles++
    const close = (): void => {
      openFiles--
      void file.close()
    }
    reply.header('content-length', String(film.length))
    await sendFile(reply, { fd: file.fd, close }, 0, film.length - 1)
    return reply
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  port = (app.server.address() as AddressInfo).port
})
afterAll(async () => {
  await app.close()
  await rm(directory, { recursive: true, force: true })
})
afterEach(() => {
  vi.useRealTimers()
})

/** What the process itself holds for each connection; what the system has taken is not in it. */
const held = (): number[] => [...connections].map((socket) => socket.writableLength)
/** Until the system has taken all that it takes: for half a second nothing has moved. */
const untilStuck = async (readers: number): Promise<void> => {
  let before = ''
  let still = 0
  await untilSo(() => {
    const now = held().filter((bytes) => bytes > 0)
    still = now.length === readers && now.join() === before ? still + 1 : 0
    before = now.join()
    return still >= 10
  })
}

it('holds one buffer for who reads a byte a second, and slows nobody else', async () => {
  using slow = readSlowly(port, '/film')
  await untilStuck(1)
  expect(Math.max(...held())).toBeLessThanOrEqual(oneBuffer)
  const others = await Promise.all(
    Array.from({ length: 6 }, async () => (await fetch(`http://127.0.0.1:${port}/film`)).arrayBuffer()),
  )
  for (const other of others) expect(film.equals(Buffer.from(other))).toBe(true)
  await untilStuck(1)
  expect(openFiles).toBe(1)
  expect(Math.max(...held())).toBeLessThanOrEqual(oneBuffer)
  // Nobody else was given its buffer meanwhile.
  await slow.read()
  expect(slow.body().equals(film)).toBe(true)
  await untilSo(() => openFiles === 0)
})

it('cuts off who leaves a buffer unread for too long, and nobody who reads on', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  using _slow = readSlowly(port, '/film')
  using paused = readSlowly(port, '/film')
  await untilStuck(2)
  vi.advanceTimersByTime(unreadMs - 1)
  expect(openFiles).toBe(2)
  // It plays for a while and is paused again.
  await paused.read(film.length / 4)
  await untilStuck(2)
  vi.advanceTimersByTime(1)
  await untilSo(() => openFiles === 1 && held().filter((bytes) => bytes > 0).length === 1)
  vi.advanceTimersByTime(unreadMs - 2)
  await paused.read()
  expect(paused.body().equals(film)).toBe(true)
  await untilSo(() => openFiles === 0)
})
