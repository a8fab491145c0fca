/** Owns which requests may take longer than the server's limit: long uploads, as long as bytes keep coming. */
import type { Http2ServerRequest } from 'node:http2'
import { constants } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { FastifyRequest } from 'fastify'

const patient = new WeakSet<Duplex>()

/**
 * Lifts the time limit from this request, as long as its socket (in HTTP/2 its stream) is not idle for `idleMs`. Call
 * the result when the request has ended.
 */
export const allowLongRequest = (request: FastifyRequest, idleMs: number): (() => void) => {
  const stream = streamOf(request)
  const source = stream ?? request.raw.socket
  const hangUp = (): void => (stream ? stream.close(constants.NGHTTP2_CANCEL) : void source.destroy())
  patient.add(source)
  source.setTimeout(idleMs, hangUp)
  return () => {
    patient.delete(source)
    // A stream that is gone has no timer any more.
    if (!source.destroyed) source.setTimeout(0)
    source.off('timeout', hangUp)
  }
}

/** Is this error of the server's only that a request takes long which may? */
export const isPardoned = (error: Error & { code?: string }, socket: Duplex): boolean =>
  error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && patient.has(socket)

/** In HTTP/2 Node watches no clock of its own: a body that trickles in is cut here. */
export const limitRequestTime = (request: FastifyRequest, limitMs: number): void => {
  const stream = streamOf(request)
  if (stream === undefined || stream.endAfterHeaders) return
  const timer = setTimeout(() => {
    if (!patient.has(stream)) stream.close(constants.NGHTTP2_CANCEL)
  }, limitMs)
  const stop = (): void => clearTimeout(timer)
  request.raw.once('end', stop)
  stream.once('close', stop)
}

/** The stream of a request over HTTP/2. */
const streamOf = (request: FastifyRequest): Http2ServerRequest['stream'] | undefined =>
  (request.raw as unknown as Partial<Http2ServerRequest>).stream
