/** Owns writing into a live room: where a danmaku lies in time, who sees it now, and reading a session's danmaku. */
import type { z } from 'zod'
import type { RoomSocketClient, liveDanmaku, roomSocketClient } from '../../contract/live.ts'
import type { DanmakuService } from '../danmaku/index.ts'
import type { IngestLink } from '../ingest/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { UserService } from '../user/index.ts'
import { placeInSession } from './media-time.ts'
import { encode } from './room-hub.ts'
import type { Peer, RoomHub } from './room-hub.ts'
import type { RoomNews } from './room-channel.ts'
import type { SessionRow } from './store.ts'

export type LiveDanmaku = z.output<typeof liveDanmaku>
export type WriteDanmaku = Extract<z.output<typeof roomSocketClient>, { type: 'danmaku' }>
export type { RoomSocketClient }

interface Deps {
  danmaku: DanmakuService
  users: UserService
  clock: Clock
  link: () => IngestLink
  publish: (roomId: string, news: RoomNews) => Promise<void>
}

export type Chat = ReturnType<typeof createChat>

export const createChat = ({ danmaku, users, clock, link, publish }: Deps) => ({
  /**
   * Stores it, then shows it: to its writer in any case, to the room if it lies near the edge.
   * Throws `unauthenticated`, `room_not_live`, `muted`, `rate_limited`, and what the storage throws.
   */
  async write(hub: RoomHub, peer: Peer, message: WriteDanmaku): Promise<void> {
    if (peer.caller === undefined) throw new AppError('unauthenticated')
    const { ownerId, session } = hub.room
    if (session === undefined) throw new AppError('room_not_live')
    const author = await users.row(peer.caller.userId)
    if (author === undefined) throw new AppError('unauthenticated')
    const playingMs = message.playing_date === undefined ? undefined : Date.parse(message.playing_date)
    const { mediaMs, isLive } = await placeInSession(link(), session, playingMs, clock.now())
    const stored = await danmaku.write({ timelineId: session.id, ownerId }, author, { ...message, mediaMs })
    const shown = toLive({ ...stored }, ownerId)
    const { client_id } = message
    peer.send(encode(client_id === undefined ? shown : { ...shown, client_id }))
    if (isLive) await publish(hub.roomId, { t: 'danmaku', from: peer.id, danmaku: shown })
  },

  history: async (session: SessionRow, ownerId: string): Promise<LiveDanmaku[]> =>
    (await danmaku.newest(session.id, 50)).map((item) => toLive(item, ownerId)),
})

const toLive = (item: Omit<LiveDanmaku, 'type' | 'owner' | 'client_id'>, ownerId: string): LiveDanmaku => ({
  type: 'danmaku',
  ...item,
  owner: item.user.id === ownerId,
})
