/** Owns the routes of live playback: bytes in, bytes out, no envelope. Rooms are public, so any page may play them. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { PlaylistQuery } from '../ingest/index.ts'
import { expectTaken } from '../platform/http/patience.ts'
import type { LiveCovers } from './covers.ts'
import type { Playback } from './playback.ts'

interface Deps {
  app: FastifyInstance
  live: { playback: Playback; covers: LiveCovers }
  /** Puts what was recorded of a session in front of its low-latency playlist. */
  lookBack?: (sessionId: string, playlist: string) => Promise<string>
}

const roomPattern = /^[0-9A-Za-z]{1,16}$/
const filePattern = /^(init-\d{1,9}|s\d{1,9}|p\d{1,9}\.\d{1,5})\.mp4$/
const kinds = { 'll.m3u8': 'll', 'live.m3u8': 'plain', 'dvr.m3u8': 'dvr' } as const

export const mountLivePlayRoutes = ({ app, live: { playback, covers }, lookBack }: Deps): void => {
  for (const [name, kind] of Object.entries(kinds)) {
    app.get(`/play/live/:room/${name}`, hidden, async (request, reply) => {
      const room = roomOf(request)
      const query = readQuery(request.query as Record<string, unknown>)
      if (query === undefined) return refuse(reply, 400, 'not a valid _HLS_ parameter')
      const answer =
        kind === 'dvr'
          ? await playback.dvr(room, query, lookBack)
          : await playback.playlist(room, kind, kind === 'plain' ? {} : query)
      if (answer.status !== 200) return refuse(reply, answer.status, answer.reason)
      return bytes(reply, 'application/vnd.apple.mpegurl', answer.body)
        .header('cache-control', answer.maxAgeS > 0 ? `public, max-age=${answer.maxAgeS}` : 'no-cache')
        .send(answer.body)
    })
  }

  app.get('/play/live/:room/:session/:file', hidden, async (request, reply) => {
    const { session, file } = request.params as { session: string; file: string }
    if (!roomPattern.test(session) || !filePattern.test(file)) return refuse(reply, 404, 'no such file')
    const answer = await playback.file(roomOf(request), session, file)
    if (answer.status !== 200) return refuse(reply, answer.status, 'not here any more')
    // All who read it share its bytes with the window; who reads slower than that has stopped watching.
    reply.raw.once('close', expectTaken(reply.raw))
    return bytes(reply, answer.contentType, answer.body)
      .header('cache-control', 'public, max-age=31536000, immutable')
      .send(answer.body)
  })

  app.get('/play/live/:room/cover.jpg', hidden, async (request, reply) => {
    const jpeg = await covers.show(roomOf(request))
    if (jpeg === undefined) return refuse(reply, 404, 'no picture')
    // The address changes with the picture.
    return bytes(reply, 'image/jpeg', jpeg).header('cache-control', 'public, max-age=20').send(jpeg)
  })
}

// Half a kilobyte of headers for pages, four times a second to every viewer, protects no one; media needs one of them.
const hidden = { schema: { hide: true }, config: { isMedia: true } } as const

const roomOf = (request: FastifyRequest): string => {
  const { room } = request.params as { room: string }
  return roomPattern.test(room) ? room : ''
}

/**
 * Pages elsewhere and players outside of browsers may read what is public anyway; no credentials come with it. The
 * blanket `same-origin` of the other routes would refuse a plain <video> or <img> there.
 */
const bytes = (reply: FastifyReply, contentType: string, body: string | Buffer): FastifyReply =>
  open(reply).type(contentType).header('content-length', Buffer.byteLength(body))

const open = (reply: FastifyReply): FastifyReply =>
  reply
    .header('access-control-allow-origin', '*')
    .header('cross-origin-resource-policy', 'cross-origin')
    .header('x-content-type-options', 'nosniff')

const refuse = (reply: FastifyReply, status: 400 | 404 | 503, reason: string): FastifyReply => {
  if (status === 503) reply.header('retry-after', '1')
  return open(reply)
    .code(status)
    .type('text/plain; charset=utf-8')
    .header('cache-control', status === 404 ? 'max-age=1' : 'no-store')
    .send(reason)
}

/** `_HLS_msn`, `_HLS_part`, `_HLS_skip` (RFC 8216bis §6.2.5); undefined if one is not what it may be. */
const readQuery = (query: Record<string, unknown>): PlaylistQuery | undefined => {
  const { _HLS_msn: msn, _HLS_part: part, _HLS_skip: skip } = query
  if (!isWhole(msn) || !isWhole(part) || (part !== undefined && msn === undefined)) return undefined
  if (skip !== undefined && skip !== 'YES' && skip !== 'v2') return undefined
  return {
    ...(msn !== undefined && { msn: Number(msn) }),
    ...(part !== undefined && { part: Number(part) }),
    ...(skip !== undefined && { skip: true }),
  }
}

const isWhole = (value: unknown): value is string | undefined =>
  value === undefined || (typeof value === 'string' && /^\d{1,9}$/.test(value))
