/** Owns the RTMP (and RTMPS) listener: how many connections there may be, and one sweep for all their deadlines. */
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Log } from '../../platform/log/log.ts'
import { RtmpConnection } from './connection.ts'
import type { AuthorisePublish } from './connection.ts'
import { defaultLimits } from './protocol.ts'
import type { RtmpLimits } from './protocol.ts'

export interface RtmpServerOptions {
  host: string
  /** 0 takes any free port. */
  port: number
  /** PEM texts; present means RTMPS. */
  tls?: { cert: Buffer; key: Buffer } | undefined
  limits?: { [K in keyof RtmpLimits]?: RtmpLimits[K] | undefined }
  log: Log
  now(): number
  authorise: AuthorisePublish
}

export interface RtmpServer {
  readonly port: number
  readonly connections: number
  /** Stops listening and closes every connection. */
  close(): Promise<void>
}

export const startRtmpServer = async (options: RtmpServerOptions): Promise<RtmpServer> => {
  const given = Object.entries(options.limits ?? {}).filter(([, value]) => value !== undefined)
  const limits: RtmpLimits = { ...defaultLimits, ...Object.fromEntries(given) }
  const connections = new Set<RtmpConnection>()
  const perAddress = new Map<string, number>()

  const accept = (socket: Socket): void => {
    const address = socket.remoteAddress ?? ''
    const already = perAddress.get(address) ?? 0
    if (connections.size >= limits.connections || already >= limits.connectionsPerAddress) {
      socket.on('error', () => undefined)
      socket.destroy()
      options.log.warn({ address }, 'closed: too many connections')
      return
    }
    perAddress.set(address, already + 1)
    const connection = new RtmpConnection({
      socket,
      log: options.log,
      limits,
      now: () => options.now(),
      authorise: options.authorise,
      onClosed: () => {
        connections.delete(connection)
        const left = (perAddress.get(address) ?? 1) - 1
        if (left > 0) perAddress.set(address, left)
        else perAddress.delete(address)
      },
    })
    connections.add(connection)
  }

  const server: Server =
    options.tls === undefined
      ? createServer(accept)
      : createTlsServer(
          { ...options.tls, minVersion: 'TLSv1.2', handshakeTimeout: limits.handshakeMs },
          accept,
        )
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  server.on('error', (error) => options.log.error({ err: error.message }, 'the RTMP listener failed'))

  const sweep = setInterval(() => {
    const nowMs = options.now()
    for (const connection of [...connections]) connection.sweep(nowMs)
  }, 500)
  sweep.unref()

  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections.size
    },
    async close() {
      clearInterval(sweep)
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const connection of [...connections]) connection.close('server is stopping')
      await closed
    },
  }
}
