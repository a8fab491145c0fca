/** Owns which requests may take longer than the server's limit: long uploads, as long as bytes keep coming. */
import type { Duplex } from 'node:stream'
import type { FastifyRequest } from 'fastify'

const patient = new WeakSet<Duplex>()

/**
 * Lifts the time limit from this request, as long as its socket is not idle for `idleMs`. Call the result when the
 * request has ended.
 */
export const allowLongRequest = (request: FastifyRequest, idleMs: number): (() => void) => {
  const { socket } = request.raw
  const hangUp = (): void => void socket.destroy()
  patient.add(socket)
  socket.setTimeout(idleMs, hangUp)
  return () => {
    patient.delete(socket)
    socket.setTimeout(0)
    socket.off('timeout', hangUp)
  }
}

/** Is this error of the server's only that a request takes long which may? */
export const isPardoned = (error: Error & { code?: string }, socket: Duplex): boolean =>
  error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && patient.has(socket)
