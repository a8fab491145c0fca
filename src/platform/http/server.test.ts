/** The server against clients that do not speak HTTP. */
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FastifyInstance } from 'fastify'
import { readSlowly } from '../../../tests/slow-reader.ts'
import { silentLog } from '../log/log.ts'
import { createHttpServer } from './server.ts'

let app: FastifyInstance
beforeAll(async () => {
  app = await createHttpServer({ log: silentLog, trustedProxies: [] })
  await app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => app.close())

const openConnections = (): Promise<number> =>
  new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })

it('lets go of a broken request whose client never hangs up', async () => {
  const { port } = app.server.address() as AddressInfo
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  let answer = ''
  socket.setEncoding('latin1').on('data', (text) => (answer += String(text)))
  socket.write('this is not HTTP\r\n\r\n')
  await expect.poll(() => answer).toMatch(/^HTTP\/1\.1 400 /)
  await expect.poll(openConnections).toBe(0)
  socket.destroy()
})

it('lets go of who leaves an answer unread, and of nobody who reads it bit by bit', async () => {
  await using server = await createHttpServer({ log: silentLog, trustedProxies: [], unreadMs: 3_000 })
  const body = Buffer.alloc(24 * 1024 * 1024, 'x')
  server.get('/large', (_request, reply) => reply.send(body))
  await server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.server.address() as AddressInfo
  const open = new Set<Socket>()
  server.server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  using _slow = readSlowly(port, '/large')
  await expect.poll(() => open.size).toBe(1)
  await expect.poll(() => open.size, { timeout: 20_000 }).toBe(0)
  using steady = readSlowly(port, '/large')
  for (let n = 0; n < 8; n++) {
    await steady.read(body.length / 10)
    await sleep(500)
  }
  await steady.read()
  expect(steady.body().length).toBe(body.length)
})

it('believes forwarded headers only of a trusted proxy, and of them only what that one added', async () => {
  const ask = async (trustedProxies: string[], publicUrl?: string, host = 'lan') => {
    await using server = await createHttpServer({ log: silentLog, trustedProxies, publicUrl })
    server.get('/who', async (request) => ({ ip: request.ip, isSecure: request.isSecure }))
    const headers = { host, 'x-forwarded-for': '198.51.100.7, 203.0.113.9', 'x-forwarded-proto': 'https' }
    const answer = await server.inject({ url: '/who', headers, remoteAddress: '10.0.0.1' })
    return { ...answer.json<object>(), hsts: answer.headers['strict-transport-security'] !== undefined }
  }
  expect(await ask([])).toEqual({ ip: '10.0.0.1', isSecure: false, hsts: false })
  expect(await ask(['10.0.0.2'])).toEqual({ ip: '10.0.0.1', isSecure: false, hsts: false })
  expect(await ask(['10.0.0.0/8'])).toEqual({ ip: '203.0.113.9', isSecure: true, hsts: false })
  // Under the name of a public URL with https the browser's side is secure whoever the proxy is.
  const url = 'https://live.example'
  expect(await ask([], url, 'live.example')).toEqual({ ip: '10.0.0.1', isSecure: true, hsts: true })
  expect(await ask([], url, '192.168.1.5:8080')).toEqual({ ip: '10.0.0.1', isSecure: false, hsts: false })
})
