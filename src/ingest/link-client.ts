/** Owns the API's connection to ingest: dialling, proving the secret, dialling again with bounded back-off. */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Log } from '../platform/log/log.ts'
import {
  createFrameReader,
  encodeFrame,
  linkMac,
  linkVersion,
  parseLinkAddress,
  sameMac,
} from './link-protocol.ts'
import type { ToApi, ToIngest } from './link-protocol.ts'

export interface LinkClientOptions {
  address: string
  secret: string
  log: Log
  onHello(hello: Extract<ToApi, { t: 'hello' }>): void
  onMessage(message: ToApi, binary: Buffer): void
  onDown(): void
}

export interface LinkClient {
  readonly connected: boolean
  /** Dropped while the link is down. False: the socket is full, `drained` tells when it is not. */
  send(message: ToIngest, binary?: Buffer): boolean
  /** Resolves when the socket takes more, or is gone. */
  drained(): Promise<void>
  close(): Promise<void>
}

const firstRetryMs = 100
const lastRetryMs = 2_000

export const createLinkClient = (options: LinkClientOptions): LinkClient => {
  let socket: Socket | undefined
  let connected = false
  let closed = false
  let retryMs = firstRetryMs
  let timer: NodeJS.Timeout | undefined
  let said = false

  const dial = (): void => {
    const target = parseLinkAddress(options.address)
    const mine = connect(target)
    socket = mine
    const nonce = randomBytes(24).toString('base64url')
    mine.setNoDelay(true)
    mine.setKeepAlive(true, 5_000)
    const write = (message: ToIngest): void => {
      for (const bytes of encodeFrame(message)) if (bytes.length > 0) mine.write(bytes)
    }
    const reader = createFrameReader((raw, binary) => {
      const message = raw as ToApi
      if (mine !== socket) return
      if (message.t === 'challenge') {
        if (message.v !== linkVersion) throw new Error(`ingest speaks link version ${message.v}`)
        write({ t: 'auth', mac: linkMac(options.secret, `api ${message.nonce}`), nonce })
      } else if (message.t === 'hello') {
        if (!sameMac(message.mac, linkMac(options.secret, `ingest ${nonce}`))) throw new Error('wrong secret')
        connected = true
        retryMs = firstRetryMs
        said = false
        options.log.info({}, 'connected to ingest')
        options.onHello(message)
      } else if (connected) options.onMessage(message, binary)
    })
    mine.on('data', (bytes: Buffer) => {
      try {
        reader.push(bytes)
      } catch (error) {
        down(mine, error instanceof Error ? error.message : String(error))
      }
    })
    mine.on('error', (error) => down(mine, error.message))
    mine.on('close', () => down(mine, 'the other side hung up'))
  }

  const down = (which: Socket, reason: string): void => {
    if (which !== socket) return
    socket = undefined
    which.destroy()
    const was = connected
    connected = false
    if (closed) return
    // One line when it breaks, not one per attempt.
    if (was || !said) options.log.warn({ reason }, 'no link to ingest')
    said = true
    if (was) options.onDown()
    timer = setTimeout(dial, retryMs)
    retryMs = Math.min(lastRetryMs, retryMs * 1.6)
  }

  dial()
  return {
    get connected() {
      return connected
    },
    send(message, binary) {
      if (!connected || socket === undefined) return true
      for (const bytes of encodeFrame(message, binary)) if (bytes.length > 0) socket.write(bytes)
      return !socket.writableNeedDrain
    },
    drained() {
      const full = socket
      if (full?.writableNeedDrain !== true) return Promise.resolve()
      return new Promise((resolve) => {
        const done = (): void => {
          full.off('drain', done)
          full.off('close', done)
          resolve()
        }
        full.on('drain', done)
        full.on('close', done)
      })
    },
    async close() {
      closed = true
      clearTimeout(timer)
      const last = socket
      socket = undefined
      connected = false
      if (last === undefined || last.destroyed) return
      await new Promise<void>((resolve) => {
        last.once('close', () => resolve())
        last.end(() => last.destroy())
      })
    },
  }
}
