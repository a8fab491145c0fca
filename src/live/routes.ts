/** Owns the routes of rooms: looking at them, changing one's own, its stream key. */
import type { FastifyInstance } from 'fastify'
import { listLiveDanmaku } from '../../contract/danmaku.ts'
import {
  endStream,
  getMyHealth,
  getMyRoom,
  getRoom,
  listLive,
  patchMyRoom,
  postRoomCover,
  rotateStreamKey,
} from '../../contract/live.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { readPicture, registerMultipart } from '../platform/http/multipart.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
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
  const { rooms, sessions, covers, danmaku } = live
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

  router.on(getMyHealth, ({ caller, query }) => rooms.healthSince(caller.userId, query.since))

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
}
