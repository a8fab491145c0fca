/** Owns the RTMP (and RTMPS) listener: how many connections there may be, and one sweep for all their deadlines. */
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Server as TlsServer } from 'node:tls'
import type { Log } from '../../platform/log/log.ts'
import { RtmpConnection } from './connection.ts'
import type { AuthorisePublish } from './connection.ts'
import { defaultLimits } from './protocol.ts'
import type { RtmpLimits } from './protocol.ts'

interface Pem {
  cert: Buffer
  key: Buffer
}

export interface RtmpServerOptions {
  host: string
  /** 0 takes any free port. */
  port: number
  /** PEM texts; present means RTMPS. */
  tls?: Pem | undefined
  limits?: { [K in keyof RtmpLimits]?: RtmpLimits[K] | undefined }
  log: Log
  now(): number
  authorise: AuthorisePublish
}

export interface RtmpServer {
  readonly port: number
  /** Those in the middle of a TLS handshake too. */
  readonly connections: number
  /** For connections from now on. Without TLS it does nothing. */
  useCertificate(tls: Pem): void
  /** Stops listening and closes every connection. */
  close(): Promise<void>
}

export const startRtmpServer = async (options: RtmpServerOptions): Promise<RtmpServer> => {
  const given = Object.entries(options.limits ?? {}).filter(([, value]) => value !== undefined)
  const limits: RtmpLimits = { ...defaultLimits, ...Object.fromEntries(given) }
  const connections = new Set<RtmpConnection>()
  const perAddress = new Map<string, number>()

  let open = 0

  /** Before TLS costs us anything. */
  const admit = (socket: Socket): boolean => {
    const address = socket.remoteAddress ?? ''
    const already = perAddress.get(address) ?? 0
    if (open >= limits.connections || already >= limits.connectionsPerAddress) {
      socket.on('error', () => undefined)
      socket.destroy()
      options.log.warn({ address }, 'closed: too many connections')
      return false
    }
    open++
    perAddress.set(address, already + 1)
    socket.once('close', () => {
      open--
      const left = (perAddress.get(address) ?? 1) - 1
      if (left > 0) perAddress.set(address, left)
      else perAddress.delete(address)
    })
    return true
  }

  const accept = (socket: Socket): void => {
    const connection = new RtmpConnection({
      socket,
      log: options.log,
      limits,
      now: () => options.now(),
      authorise: options.authorise,
      onClosed: () => connections.delete(connection),
    })
    connections.add(connection)
  }

  const { tls } = options
  const secure: TlsServer | undefined = tls && createTlsServer(tlsOptions(tls, limits), accept)
  // The TLS server's own listener comes first, but reads nothing before ours has seen the socket.
  secure?.on('connection', admit)
  const server: Server = secure ?? createServer((socket) => void (admit(socket) && accept(socket)))
  // Node leaves a handshake that came to nothing open.
  secure?.on('tlsClientError', (_error, socket) => void socket.destroy())
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
      return open
    },
    useCertificate: (next) => secure?.setSecureContext(tlsOptions(next, limits)),
    async close() {
      clearInterval(sweep)
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const connection of [...connections]) connection.close('server is stopping')
      await closed
    },
  }
}

const tlsOptions = ({ cert, key }: Pem, limits: RtmpLimits) => ({
  cert,
  key,
  minVersion: 'TLSv1.2' as const,
  handshakeTimeout: limits.handshakeMs,
})
