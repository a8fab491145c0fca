/** Owns writing into a live room: where a danmaku lies in time, who sees it now, and reading a session's danmaku. */
import type { z } from 'zod'
import type { RoomSocketClient, liveDanmaku, roomSocketClient } from '../../contract/live.ts'
import type { DanmakuService } from '../danmaku/index.ts'
import type { IngestLink } from '../ingest/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { UserService } from '../user/index.ts'
import { placeInSession } from './media-time.ts'
import { encode } from './room-hub.ts'
import type { Peer, RoomHub, RoomNow } from './room-hub.ts'
import type { RoomNews } from './room-channel.ts'
import { createSpeech } from './speech.ts'
import type { SessionRow } from './store.ts'

export type LiveDanmaku = z.output<typeof liveDanmaku>
export type WriteDanmaku = Extract<z.output<typeof roomSocketClient>, { type: 'danmaku' }>
export type { RoomSocketClient }

interface Deps {
  danmaku: DanmakuService
  users: UserService
  clock: Clock
  kv: Kv
  link: () => IngestLink
  mayModerate: (room: RoomNow, caller: Caller) => boolean
  publish: (roomId: string, news: RoomNews) => Promise<void>
}

export type Chat = ReturnType<typeof createChat>

export const createChat = ({ danmaku, users, clock, kv, link, mayModerate, publish }: Deps) => {
  const speech = createSpeech({ kv, clock, users })

  const toLive = (
    item: Omit<LiveDanmaku, 'type' | 'owner' | 'moderator' | 'client_id'>,
    { ownerId, order }: RoomNow,
  ): LiveDanmaku => ({
    type: 'danmaku',
    ...item,
    owner: item.user.id === ownerId,
    moderator: order.moderators.has(item.user.id),
  })

  return {
    /**
     * Stores it, then shows it: to its writer in any case, to the room if it lies near the edge.
     * Throws `unauthenticated`, `room_not_live`, `muted`, `banned_here`, `rate_limited`, what the room's rules refuse,
     * and what the storage throws.
     */
    async write(hub: RoomHub, peer: Peer, message: WriteDanmaku): Promise<void> {
      const { caller } = peer
      if (caller === undefined) throw new AppError('unauthenticated')
      const { room } = hub
      const { ownerId, session } = room
      if (session === undefined) throw new AppError('room_not_live')
      const author = await users.row(caller.userId)
      if (author === undefined) throw new AppError('unauthenticated')
      await danmaku.assertHeard(ownerId, caller.userId)
      const giveBack = mayModerate(room, caller)
        ? undefined
        : await speech.assertMay(hub.roomId, room, caller.userId, message.text)
      try {
        const playingMs = message.playing_date === undefined ? undefined : Date.parse(message.playing_date)
        const { mediaMs, isLive } = await placeInSession(link(), session, playingMs, clock.now())
        const timeline = { timelineId: session.id, ownerId }
        const stored = await danmaku.write(timeline, author, { ...message, mediaMs })
        const shown = toLive({ ...stored }, room)
        const { client_id } = message
        peer.send(encode(client_id === undefined ? shown : { ...shown, client_id }))
        if (isLive) await publish(hub.roomId, { t: 'danmaku', from: peer.id, danmaku: shown })
      } catch (error) {
        await giveBack?.()
        throw error
      }
    },

    history: async (room: RoomNow, session: SessionRow): Promise<LiveDanmaku[]> =>
      (await danmaku.newest(session.id, 50)).map((item) => toLive(item, room)),
  }
}
