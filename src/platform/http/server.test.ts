/** The server against clients that do not speak HTTP. */
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FastifyInstance } from 'fastify'
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
