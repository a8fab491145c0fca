/** Owns HTTPS on the port of the site: HTTP/2 and HTTP/1.1 side by side, a renewed certificate, plain HTTP sent there. */
import { createServer } from 'node:http'
import type { Http2SecureServer, ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Log } from '../log/log.ts'
import { watchCertificate } from '../tls/certificate.ts'
import type { Certificate, CertificateFiles } from '../tls/certificate.ts'

export interface TlsFiles extends CertificateFiles {
  /** How often they are looked at. */
  watchEveryMs?: number
  /** For the first byte, and again for the TLS handshake. */
  handshakeMs?: number
}

interface SecureOptions {
  files: TlsFiles
  publicUrl: string | undefined
  log: Log
}

const usualHandshakeMs = 10_000
const tlsHandshakeByte = 0x16
/** Node's 64 KiB would hold an upload to one window per round trip. */
const streamWindowBytes = 1024 * 1024
const sessionWindowBytes = 4 * 1024 * 1024

/** What Node is told; `http1` are the limits of those who speak HTTP/1.1. */
export const secureServerOptions = <Http1 extends object>(
  certificate: Certificate,
  { handshakeMs = usualHandshakeMs }: TlsFiles,
  http1: Http1,
) => ({
  ...http1,
  cert: certificate.cert,
  key: certificate.key,
  allowHTTP1: true as const,
  minVersion: 'TLSv1.2' as const,
  handshakeTimeout: handshakeMs,
  settings: { maxConcurrentStreams: 128, initialWindowSize: streamWindowBytes, maxHeaderListSize: 16 * 1024 },
})

/** Keeps `app`, made with the options above, up to date with its files and answers who forgot the s of https. */
export const serveSecurely = (app: FastifyInstance, current: Certificate, options: SecureOptions): void => {
  const server = app.server as unknown as Http2SecureServer
  server.on('session', (session: ServerHttp2Session) => {
    session.once('connect', () => session.setLocalWindowSize(sessionWindowBytes))
  })
  // There is nobody yet whom a goodbye could reach; waiting for it would keep the socket for good.
  server.on('tlsClientError', (_error: Error, socket: Socket) => void socket.destroy())
  const { watchEveryMs, handshakeMs = usualHandshakeMs } = options.files
  const stopWatching = watchCertificate({
    files: options.files,
    current,
    log: options.log,
    onChange: ({ cert, key }) => server.setSecureContext({ cert, key, minVersion: 'TLSv1.2' }),
    ...(watchEveryMs !== undefined && { everyMs: watchEveryMs }),
  })
  app.addHook('onClose', async () => stopWatching())
  sortByFirstByte(server, createPlainServer(options.publicUrl), handshakeMs)
}

/** TLS goes to who listened before; anything else is taken for HTTP. */
const sortByFirstByte = (
  server: Http2SecureServer,
  plain: ReturnType<typeof createServer>,
  firstByteMs: number,
): void => {
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  const waiting = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    const letGo = (): void => void socket.destroy()
    const sort = (): void => {
      const first = socket.read(1) as Buffer | null
      // Woken by the other side's end, without a byte.
      if (first === null) return
      waiting.delete(socket)
      socket.off('readable', sort).off('timeout', letGo).off('error', letGo).off('end', letGo)
      socket.setTimeout(0)
      socket.unshift(first)
      if (first[0] !== tlsHandshakeByte) plain.emit('connection', socket)
      else for (const listener of listeners) listener.call(server, socket)
    }
    waiting.add(socket)
    socket.once('close', () => waiting.delete(socket))
    socket.setTimeout(firstByteMs)
    socket.on('readable', sort).once('timeout', letGo).once('error', letGo).once('end', letGo)
  })
  const { close } = server
  server.close = (done) => {
    for (const socket of waiting) socket.destroy()
    return close.call(server, done)
  }
}

/** Sends everybody to the same address with https. It reads no body and keeps no connection. */
const createPlainServer = (publicUrl: string | undefined): ReturnType<typeof createServer> =>
  createServer(
    { requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 16 * 1024 },
    (request, response) => {
      const target = secureAddress(publicUrl, request.headers.host, request.url)
      const words = 'This port speaks HTTPS: open the same address with https://\n'
      response.writeHead(target === undefined ? 400 : 308, {
        'content-type': 'text/plain; charset=utf-8',
        connection: 'close',
        ...(target !== undefined && { location: target }),
      })
      response.end(words)
    },
  )

const secureAddress = (publicUrl: string | undefined, host = '', path = '/'): string | undefined => {
  const base = publicUrl?.startsWith('https:') && hostOf(publicUrl) === host ? publicUrl : `https://${host}`
  // A Host with anything but a name and a port in it would lead elsewhere.
  return /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i.test(host) && path.startsWith('/')
    ? `${base}${path}`
    : undefined
}

const hostOf = (url: string): string | undefined => URL.parse(url)?.host
