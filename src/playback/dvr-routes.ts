/** Owns the bytes of a running session's recording, for who looks back while it is live. Rooms are public until they end. */
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../platform/errors/app-error.ts'
import { sendBytes } from '../platform/http/ranges.ts'
import { fileSource } from './files.ts'

interface Deps {
  app: FastifyInstance
  /** The room's session while it is on the air. */
  onAir: (roomId: string) => Promise<{ id: string; recorded: number } | undefined>
  directoryOf: (sessionId: string) => string
}

export const mountDvrRoutes = ({ app, onAir, directoryOf }: Deps): void => {
  const serve = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { room, session, bundle } = request.params as { room: string; session: string; bundle: string }
    const running = /^[0-9A-Za-z]{1,16}$/.test(room) ? await onAir(room) : undefined
    // A replay may be private: what the session's address opened ends with it.
    if (running?.id !== session || running.recorded !== 1) throw new AppError('not_found')
    // Bundles grow; a stretch of bytes never changes.
    const source = await fileSource(join(directoryOf(session), bundle), 'no-cache')
    if (source === undefined) throw new AppError('not_found')
    reply.header('access-control-allow-origin', '*').header('cross-origin-resource-policy', 'cross-origin')
    return sendBytes(request, reply, source)
  }
  const url = '/play/live/:room/:session/:bundle(^b\\d{1,6}\\.mp4$)'
  app.route({ method: ['GET', 'HEAD'], url, schema: { hide: true }, handler: serve })
}
