/** Owns the routes of uploads: who calls, how long a request may take, and our envelope around what fails. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { uploadPath, videoIdHeader } from '../../contract/video.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { allowLongRequest } from '../platform/http/patience.ts'
import type { Authenticate, Caller } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import { readMetadata } from './upload-metadata.ts'
import { createTusServer } from './upload-tus.ts'
import type { UploadCall } from './upload-tus.ts'
import type { Uploads } from './uploads.ts'

interface Deps {
  app: FastifyInstance
  uploads: Uploads
  maxBytes: () => Promise<number>
  authenticate: Authenticate
  limits: Limits
}

const idleMs = 60_000

export const mountUploadRoutes = ({ app, uploads, maxBytes, authenticate, limits }: Deps): void => {
  const creations = limits.create({ name: 'upload', points: 60, windowS: 3600 })
  const calls = new WeakMap<IncomingMessage, UploadCall>()
  const tus = createTusServer(uploads, maxBytes, (request) => {
    const raw = request.runtime?.node?.req as IncomingMessage | undefined
    const call = raw && calls.get(raw)
    if (call === undefined) throw new AppError('unauthenticated')
    return call
  })

  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value)
    const impatient = allowLongRequest(request, idleMs)
    try {
      if (request.method !== 'OPTIONS') {
        refuseBadHeaders(request)
        calls.set(request.raw, { caller: callerOf(request), onVideo: tellVideo(reply) })
      }
      await tus.handle(request.raw, reply.raw)
      reply.hijack()
    } finally {
      impatient()
    }
  }

  app.register(async (scope) => {
    // The body is tus's to read.
    scope.addContentTypeParser('application/offset+octet-stream', (_request, _payload, done) => done(null))
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'OPTIONS') return
      request.caller = await authenticate(request)
      const caller = callerOf(request)
      if (request.method === 'POST') await creations.take(caller.userId)
    })
    const schema = { hide: true }
    scope.route({ method: ['POST', 'OPTIONS'], url: uploadPath, schema, handler: handle })
    scope.route({
      method: ['HEAD', 'PATCH', 'DELETE', 'OPTIONS'],
      url: `${uploadPath}/:id`,
      schema,
      handler: handle,
    })
  })
}

const tellVideo =
  (reply: FastifyReply) =>
  (publicId: string): void => {
    reply.raw.setHeader(videoIdHeader, publicId)
  }

const callerOf = (request: FastifyRequest): Caller => {
  if (request.caller === undefined) throw new AppError('unauthenticated')
  return request.caller
}

/** What tus would answer with words of its own, before it asks us anything. */
const refuseBadHeaders = (request: FastifyRequest): void => {
  const { headers } = request
  const isBad =
    headers['tus-resumable'] !== '1.0.0' ||
    !isCount(headers['upload-length']) ||
    !isCount(headers['upload-offset']) ||
    headers['upload-defer-length'] !== undefined ||
    headers['upload-concat'] !== undefined ||
    (request.method === 'PATCH' && headers['content-type'] !== 'application/offset+octet-stream')
  const metadata = headers['upload-metadata']
  if (isBad || Array.isArray(metadata)) throw new AppError('upload_invalid')
  if (request.method === 'POST') readMetadata(metadata)
}

const isCount = (value: string | string[] | undefined): boolean =>
  value === undefined || (typeof value === 'string' && /^(0|[1-9]\d{0,14})$/.test(value))
