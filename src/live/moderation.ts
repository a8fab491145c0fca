/** Owns what moderators do with rooms of others: ending a broadcast, closing a room and opening it again. */
import type { ClosedRoom } from '../../contract/admin.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { UserService } from '../user/index.ts'
import type { Rooms } from './rooms.ts'
import type { Sessions } from './sessions.ts'
import * as store from './store.ts'

interface Deps {
  db: Db
  clock: Clock
  users: UserService
  audit: Audit
  rooms: Rooms
  sessions: Sessions
  changed: (room: { room_id: string }) => void
  cursorSecret: Uint8Array
}

interface By {
  userId: string
  address: string | null
}

export const createModeration = (deps: Deps) => {
  const { db, clock, users, audit, rooms, sessions, changed, cursorSecret } = deps

  const ownerOf = async (roomId: string): Promise<string> => {
    const owner = await users.byRoom(roomId)
    if (owner === undefined) throw new AppError('not_found')
    return owner.id
  }

  const news = (action: string, roomId: string, ownerId: string, by: By) => ({
    actorId: by.userId,
    action,
    subject: { kind: 'room', id: roomId },
    address: by.address,
    details: { owner_id: ownerId },
  })

  const setClosed = async (roomId: string, closed: 0 | 1, reason: string, by: By): Promise<string> => {
    const ownerId = await ownerOf(roomId)
    await rooms.ensure(ownerId)
    await db.transaction(async (trx) => {
      await store.updateRoom(trx, ownerId, { closed, closed_reason: reason })
      await audit.record(trx, news(closed === 1 ? 'room.closed' : 'room.opened', roomId, ownerId, by))
    })
    return ownerId
  }

  return {
    /** Ends the running broadcast for good; its publisher may begin another. Throws `not_found`, `room_not_live`. */
    async cut(roomId: string, by: By): Promise<void> {
      const ownerId = await ownerOf(roomId)
      const ended = await sessions.end(ownerId)
      if (ended === undefined) throw new AppError('room_not_live')
      await audit.record(db, news('live.cut', roomId, ownerId, by))
    },

    /** Nobody publishes to it until it is opened; a running broadcast ends within seconds. */
    async close(roomId: string, reason: string, by: By): Promise<void> {
      const ownerId = await setClosed(roomId, 1, reason, by)
      await sessions.end(ownerId)
      changed({ room_id: roomId })
    },

    async open(roomId: string, by: By): Promise<void> {
      await setClosed(roomId, 0, '', by)
      changed({ room_id: roomId })
    },

    async closed(page: { limit: number; cursor?: string | undefined }) {
      const [afterUserId] =
        page.cursor === undefined ? [] : decodeCursor('rooms:closed', page.cursor, cursorSecret, ['string'])
      const rows = await store.closedRoomsQuery(db, { limit: page.limit + 1, afterUserId }).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor('rooms:closed', [last.user_id], cursorSecret),
      )
      const authors = await users.authors(items.map((row) => row.user_id))
      return {
        items: items.flatMap((row): ClosedRoom[] => {
          const author = authors.get(row.user_id)
          return author ? [{ id: row.room_id, title: row.title, author, reason: row.closed_reason }] : []
        }),
        next_cursor: nextCursor,
      }
    },

    /** Minutes of broadcasts begun since then (`fromKey` sorts by time), and who is on the air now. */
    async figures(fromKey: string): Promise<{ minutes: number; rooms: number; viewers: number }> {
      const [over, on, totals] = await Promise.all([
        store.sinceQuery(db, 0, fromKey).execute(),
        store.sinceQuery(db, 1, fromKey).execute(),
        store.onAirTotals(db),
      ])
      const nowMs = clock.now()
      const ms =
        over.reduce((sum, row) => sum + row.media_ms, 0) +
        on.reduce((sum, row) => sum + Math.max(row.media_ms, nowMs - (row.started_ms ?? nowMs)), 0)
      return { minutes: Math.floor(ms / 60_000), ...totals }
    },
  }
}
