/** Owns reading one picture from multipart/form-data. It refuses more parts, longer names and more bytes than that needs. */
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors/app-error.ts'

export const maxPictureBytes = 8 * 1024 * 1024

const prepared = new WeakSet<FastifyInstance>()

/** Lets `app` take multipart bodies; routes that do not read them are unharmed. Several callers prepare it once. */
export const registerMultipart = (app: FastifyInstance): void => {
  if (prepared.has(app)) return
  prepared.add(app)
  app.register(multipart, { throwFileSizeLimit: true })
}

/**
 * The bytes of the part `file`, at most `maxBytes`; nothing touches the disk. Throws `params_missing`,
 * `params_invalid`, `body_too_large`, `content_type_unsupported`.
 */
export const readPicture = async (request: FastifyRequest, maxBytes = maxPictureBytes): Promise<Buffer> => {
  if (!request.isMultipart()) throw new AppError('content_type_unsupported')
  refuseOddBoundary(request.headers['content-type'] ?? '')
  let picture: Buffer | undefined
  try {
    for await (const part of request.parts({ limits: limitsFor(maxBytes) })) {
      if (part.type !== 'file') continue
      if (part.fieldname === 'file') picture = await part.toBuffer()
      else part.file.resume()
    }
  } catch (error) {
    throw translate(error)
  }
  if (picture === undefined || picture.length === 0) {
    throw new AppError('params_missing', { details: [{ field: 'file', error: 'missing', msg: '' }] })
  }
  return picture
}

const limitsFor = (maxBytes: number) => ({
  fileSize: maxBytes,
  files: 1,
  fields: 8,
  parts: 9,
  fieldNameSize: 64,
  fieldSize: 4096,
  headerPairs: 20,
  headerSize: 4096,
})

/** RFC 2046 §5.1.1: at most 70 characters; parsers were brought down by longer ones. */
const refuseOddBoundary = (contentType: string): void => {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]*)"|([^\s;]*))/i.exec(contentType) ?? []
  const boundary = quoted ?? bare ?? ''
  if (boundary.length === 0 || boundary.length > 70) throw new AppError('params_invalid')
}

const translate = (error: unknown): AppError => {
  if (error instanceof AppError) return error
  const { code } = error as { code?: unknown }
  // More parts than limits allow are not too large, but not what was asked for.
  if (code === 'FST_REQ_FILE_TOO_LARGE') return new AppError('body_too_large', { cause: error })
  return new AppError('params_invalid', { cause: error })
}
