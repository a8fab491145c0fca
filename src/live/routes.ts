/** Owns the routes of rooms: looking, changing one's own, muting. */
import type { FastifyInstance } from 'fastify'
import { listLiveDanmaku } from '../../contract/danmaku.ts'
import {
  endStream,
  getMyRoom,
  getRoom,
  listLive,
  listMutes,
  muteUser,
  patchMyRoom,
  postRoomCover,
  rotateStreamKey,
  unmuteUser,
} from '../../contract/live.ts'
import { isModerator } from '../danmaku/index.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { readPicture, registerMultipart } from '../platform/http/multipart.ts'
import type { Caller, Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import { isoTime } from '../user/index.ts'
import type { Live } from './index.ts'
import { rtmpServer } from './server-address.ts'

interface Deps {
  app: FastifyInstance
  router: Router
  limits: Limits
  live: Live
  config: { publicUrl: string | undefined; rtmpPort: number; tls?: { rtmpsPort: number } | undefined }
}

export const mountLiveRoutes = ({ app, router, limits, live, config }: Deps): void => {
  const { rooms, sessions, covers, danmaku, users } = live
  const coverUploads = limits.create({ name: 'room_cover', points: 20, windowS: 600 })
  const rotations = limits.create({ name: 'stream_key_rotation', points: 30, windowS: 600 })
  registerMultipart(app)

  router.on(listLive, ({ query, caller }) => rooms.list(query, caller?.userId))

  router.on(getRoom, async ({ params, caller }) => {
    const room = await rooms.find(params.id, caller?.userId)
    if (room === undefined) throw new AppError('not_found')
    return room
  })

  router.on(getMyRoom, ({ caller }) => rooms.mine(caller.userId))

  router.on(patchMyRoom, ({ caller, body }) => rooms.change(caller.userId, body))

  router.on(postRoomCover, async ({ caller, request }) => {
    await coverUploads.take(caller.userId)
    const { room_id: roomId } = await rooms.ensure(caller.userId)
    const key = await covers.keep(roomId, await readPicture(request))
    const { room, before } = await rooms.setCover(caller.userId, key)
    if (before !== null) await covers.drop(before)
    return room
  })

  router.on(rotateStreamKey, async ({ caller, body, request }) => {
    await rotations.take(caller.userId)
    const streamKey = await rooms.rotateKey(caller.userId, body?.cut ?? true)
    const ports = { rtmpPort: config.rtmpPort, rtmpsPort: config.tls?.rtmpsPort }
    const server = rtmpServer(config.publicUrl, request.socket.localAddress, ports)
    return { server, stream_key: streamKey }
  })

  router.on(endStream, async ({ caller }) => {
    const ended = await sessions.end(caller.userId)
    if (ended === undefined) throw new AppError('room_not_live')
    return { video_id: ended.videoId }
  })

  router.on(listLiveDanmaku, async ({ params, query }) => {
    const { session } = await rooms.place(params.id)
    if (session === undefined) return { items: [] }
    const { from, to } = query
    if (from === undefined && to === undefined) return { items: await danmaku.newest(session.id, 50) }
    const toMs = to === undefined ? undefined : to * 1000
    return { items: await danmaku.range(session.id, (from ?? 0) * 1000, toMs) }
  })

  /** The owner of a room that the caller may moderate. Throws `not_found`, `forbidden`. */
  const moderated = async (roomId: string, caller: Caller): Promise<string> => {
    const { ownerId } = await rooms.place(roomId)
    if (ownerId !== caller.userId && !isModerator(caller)) throw new AppError('forbidden')
    return ownerId
  }

  router.on(muteUser, async ({ params, body, caller }) => {
    const ownerId = await moderated(params.id, caller)
    const muted = await users.row(params.user)
    if (muted === undefined) throw new AppError('not_found')
    // Who owns or moderates the room would only lift it again.
    if (muted.id === ownerId || isModerator({ role: muted.role as Caller['role'] }))
      throw new AppError('forbidden')
    return { until: isoTime(await danmaku.mute(ownerId, muted.id, body?.minutes ?? 60, caller)) }
  })

  router.on(unmuteUser, async ({ params, caller }) => {
    await danmaku.unmute(await moderated(params.id, caller), params.user)
    return null
  })

  router.on(listMutes, async ({ params, caller }) => {
    const mutes = await danmaku.mutes(await moderated(params.id, caller))
    return {
      items: mutes.map((mute) => ({
        user: { id: mute.user_id, nickname: mute.nickname },
        until: isoTime(mute.until_ms),
      })),
    }
  })
}
