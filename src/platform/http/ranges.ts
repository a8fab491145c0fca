/** Owns serving stretches of bytes: RFC 9110 §14 single ranges, conditions, HEAD. It reads no more than was asked for. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendFile } from './send-file.ts'
import type { OpenedFile } from './send-file.ts'

export interface ByteSource {
  sizeBytes: number
  /** Strong, with its quotes. */
  etag: string
  contentType: string
  cacheControl: string
  /**
   * Both ends included: as a stream of just these, or the opened file that has them at `start`. Called at most once,
   * before the answer begins: what is missing by now is an error, not a torn body. Closed by whoever reads it.
   */
  open(start: number, end: number): Promise<Readable | OpenedFile>
}

type Asked = { start: number; end: number } | 'all' | 'unsatisfiable'

/**
 * What a Range header asks for. Anything but one range of bytes is ignored, as RFC 9110 §14.2 allows: several ranges
 * at once only serve to make a server work.
 */
export const readRange = (header: string | undefined, sizeBytes: number): Asked => {
  const match = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header ?? '')
  if (match === null) return 'all'
  const [, from = '', to = ''] = match
  if (from === '' && to === '') return 'all'
  if (from === '') {
    const length = Math.min(Number(to), sizeBytes)
    return length === 0 ? 'unsatisfiable' : { start: sizeBytes - length, end: sizeBytes - 1 }
  }
  const start = Number(from)
  if (to !== '' && Number(to) < start) return 'all'
  if (start >= sizeBytes) return 'unsatisfiable'
  return { start, end: to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1) }
}

export const sendBytes = async (
  request: FastifyRequest,
  reply: FastifyReply,
  source: ByteSource,
): Promise<FastifyReply> => {
  reply
    .header('accept-ranges', 'bytes')
    .header('etag', source.etag)
    .header('cache-control', source.cacheControl)
    .header('x-content-type-options', 'nosniff')
    .type(source.contentType)
  if (isUnchanged(request.headers['if-none-match'], source.etag)) return reply.code(304).send()

  // If-Range names what the client has a part of: if that is no longer so, it needs all of it.
  const ifRange = request.headers['if-range']
  const isSame = ifRange === undefined || ifRange === source.etag
  const asked = isSame ? readRange(request.headers.range, source.sizeBytes) : 'all'
  if (asked === 'unsatisfiable')
    return reply.code(416).header('content-range', `bytes */${source.sizeBytes}`).send()

  const { start, end } = asked === 'all' ? { start: 0, end: source.sizeBytes - 1 } : asked
  const length = end - start + 1
  reply.header('content-length', String(length))
  if (asked !== 'all') reply.code(206).header('content-range', `bytes ${start}-${end}/${source.sizeBytes}`)
  if (request.method === 'HEAD' || length === 0) return reply.send()
  const opened = await source.open(start, end)
  if (opened instanceof Readable) return reply.send(opened)
  await sendFile(reply, opened, start, end)
  return reply
}

const isUnchanged = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag))
