/** Owns how long the server waits for a client: requests that may take longer than its limit, and answers left unread. */
import type { Http2ServerRequest } from 'node:http2'
import { constants } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { FastifyRequest } from 'fastify'

const patient = new WeakSet<Duplex>()

/**
 * For so long what was handed to a client may stay unread before its connection is cut; else whoever reads a byte a
 * second would hold buffers and open files for good. No player is harmed: those that fetch stretches read them at once,
 * paused or not; those that read a whole film and stop while they are paused, or while they have enough, ask for the rest
 * by range when they need it, as they must behind any proxy (nginx waits for one minute). Five minutes spare most of
 * them even that: playing 64 kb/s of sound, a player that reads two megabytes at a time reads every four.
 */
export const unreadMs = 5 * 60_000

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

/**
 * Cuts who lets the connection (in HTTP/2 the stream) rest for `limitMs` while it is answered. Node keeps these clocks
 * cheaply and takes every piece that the system gets rid of for a sign of life; it sets the socket's own back when the
 * answer is out.
 */
export const limitUnreadTime = (request: FastifyRequest, limitMs: number): void => {
  const stream = streamOf(request)
  if (stream) stream.setTimeout(limitMs, () => stream.close(constants.NGHTTP2_CANCEL))
  // Without a listener Node destroys it. What is injected has no real socket.
  else if ('setTimeout' in request.raw.socket) request.raw.socket.setTimeout(limitMs)
}

/** Destroys `out` unless all that it was given has been taken in time, byte by byte or not. Call the result when it has. */
export const expectTaken = (out: { destroy(): unknown }): (() => void) => {
  const timer = setTimeout(() => out.destroy(), unreadMs)
  timer.unref()
  return () => clearTimeout(timer)
}

/** The stream of a request over HTTP/2. */
const streamOf = (request: FastifyRequest): Http2ServerRequest['stream'] | undefined =>
  (request.raw as unknown as Partial<Http2ServerRequest>).stream
