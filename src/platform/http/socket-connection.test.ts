/** Security requirement 56 at one socket: no deflate, signs of life, an end for who does not read. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createConnection } from './socket-connection.ts'
import type { KeptConnection } from './socket-connection.ts'

const open = async (options: { autoPong?: boolean } = {}) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  const accepted = new Promise<KeptConnection>((resolve) => {
    server.once('connection', (socket, { socket: wire }) =>
      resolve(createConnection(socket, wire, '127.0.0.1', Date.now)),
    )
  })
  const { port } = server.address() as AddressInfo
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { ...options, perMessageDeflate: true })
  client.on('error', () => undefined)
  await once(client, 'open')
  return {
    client,
    connection: await accepted,
    [Symbol.dispose]: () => {
      client.terminate()
      server.close()
    },
  }
}

describe('one socket (#56)', () => {
  it('speaks without deflate, whatever is offered', async () => {
    using peer = await open()
    expect(peer.client.extensions).toBe('')
  })

  it('says texts of every length whole', async () => {
    using peer = await open()
    const heard: string[] = []
    peer.client.on('message', (data: Buffer) => void heard.push(data.toString()))
    const texts = [0, 1, 125, 126, 65_535, 65_536, 200_000].map(
      (length) => 'é'.repeat(length / 2) + 'x'.repeat(length % 2),
    )
    for (const text of texts) peer.connection.send(Buffer.from(text))
    await expect.poll(() => heard.length).toBe(texts.length)
    expect(heard.every((text, n) => text === texts[n])).toBe(true)
    // A goodbye of the library's own comes behind them.
    const closed = once(peer.client, 'close')
    peer.connection.close(1001, 'going away')
    expect((await closed)[0]).toBe(1001)
  })

  it('lives as long as it answers, and ends when it does not', async () => {
    using quiet = await open({ autoPong: false })
    const closed = once(quiet.client, 'close')
    quiet.connection.probe()
    quiet.connection.probe()
    await closed
    using alive = await open()
    for (let n = 0; n < 3; n++) {
      const pinged = once(alive.client, 'ping')
      alive.connection.probe()
      await pinged
      // The answer is on its way back: a round trip later it has arrived.
      const heard = new Promise<void>((resolve) => alive.connection.onText(() => resolve()))
      alive.client.send('x')
      await heard
    }
    expect(alive.client.readyState).toBe(WebSocket.OPEN)
  })

  it('is cut when a megabyte waits for it', async () => {
    using slow = await open()
    let isClosed = false
    slow.connection.onClose(() => (isClosed = true))
    slow.client.pause()
    const frame = Buffer.alloc(64 * 1024, 'x')
    await expect
      .poll(() => {
        for (let n = 0; n < 8; n++) slow.connection.send(frame)
        return isClosed
      })
      .toBe(true)
  })
})
