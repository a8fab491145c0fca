/** Owns the use cases of a room: looking at it, changing it, its stream key. Its row is made when first needed. */
import type { z } from 'zod'
import type { DataOf } from '../../contract/endpoint.ts'
import type { OwnRoom, Room, getMyHealth, patchMyRoom, listLive } from '../../contract/live.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { secretToken } from '../platform/ids/ids.ts'
import { toAuthor } from '../user/index.ts'
import type { UserService, UserWithCounts } from '../user/index.ts'
import { likesOf } from './gift-store.ts'
import type { HealthLog } from './health-log.ts'
import type { RoomOrder } from './order.ts'
import type { RoomNow } from './room-hub.ts'
import { defaultTitle, hasStreamKey, keyHash, roomStateOf } from './rules.ts'
import * as store from './store.ts'
import type { RoomRow, SessionRow } from './store.ts'
import { toRoom } from './view.ts'
import type { RoomParts } from './view.ts'

interface Deps {
  db: Db
  clock: Clock
  users: UserService
  cursorSecret: Uint8Array
  health: Pick<HealthLog, 'now' | 'points'>
  /** What keeps a room in order: for its sockets. */
  readOrder: (ownerId: string) => Promise<RoomOrder>
  /** Fresher than the row where this process has the room's sockets. */
  viewersOf: (roomId: string) => number | undefined
  /** Cuts the session's publisher. */
  cut: (sessionId: string, reason: string) => void
  isReplayPublic: (sessionId: string) => Promise<boolean>
  changed: (room: { room_id: string }) => void
  hasPictures: boolean
  /** What happens to recordings where an owner has not chosen. */
  replayDefault: () => Promise<string>
}

type RoomChange = z.output<NonNullable<typeof patchMyRoom.body>>
type ListQuery = z.output<NonNullable<typeof listLive.query>>

export type Rooms = ReturnType<typeof createRooms>

export const createRooms = (deps: Deps) => {
  const { db, clock, users, cursorSecret, health, viewersOf, cut, isReplayPublic, changed } = deps
  const { hasPictures, replayDefault, readOrder } = deps

  const ownerOf = async (userId: string): Promise<UserWithCounts> => {
    const user = await users.row(userId)
    if (user === undefined) throw new AppError('unauthenticated')
    return user
  }

  const ensure = async (user: UserWithCounts): Promise<RoomRow> => {
    const found = await store.findRoom(db, user.id)
    if (found !== undefined) return found
    const row: RoomRow = {
      user_id: user.id,
      room_id: user.room_id,
      title: defaultTitle(user.nickname),
      category: 'other',
      announcement: '',
      replay: await replayDefault(),
      cover_key: null,
      stream_key_hash: null,
      created_ms: clock.now(),
      closed: 0,
      closed_reason: '',
      clips: 'everyone',
    }
    // Of two at once the first wins; both read what is there then.
    await store.insertRoom(db, row)
    return (await store.findRoom(db, user.id)) ?? row
  }

  const viewersIn = (roomId: string, running: SessionRow | undefined): number =>
    viewersOf(roomId) ?? running?.viewers ?? 0

  const viewWith = (parts: Omit<RoomParts, 'hasPictures' | 'nowMs'>): Room =>
    toRoom({ ...parts, hasPictures, nowMs: clock.now() })

  /** As `viewer` may see it: that a private replay exists is its owner's business. */
  const viewOf = async (user: UserWithCounts, viewer?: string): Promise<Room> => {
    const [room, running, last, followed] = await Promise.all([
      store.findRoom(db, user.id),
      store.findRunning(db, user.id),
      store.findLast(db, user.id),
      viewer === undefined ? new Set<string>() : users.followedAmong(viewer, [user.id]),
    ])
    const roomId = user.room_id
    const viewers = viewersIn(roomId, running)
    const author = toAuthor(user, followed.size > 0)
    const likes = running === undefined ? 0 : ((await likesOf(db, [running.id])).get(running.id) ?? 0)
    const view = viewWith({ roomId, author, room, running, last, viewers, likes })
    const shown = view.last_session
    if (shown?.video_id == null || viewer === user.id || (await isReplayPublic(shown.id))) return view
    return { ...view, last_session: { ...shown, video_id: null } }
  }

  const viewsOf = async (sessions: readonly SessionRow[], viewer: string | undefined): Promise<Room[]> => {
    const owners = sessions.map((row) => row.user_id)
    const [authors, rooms, likes] = await Promise.all([
      users.authors(owners, viewer),
      store.findRooms(db, owners),
      likesOf(
        db,
        sessions.map((row) => row.id),
      ),
    ])
    const roomOf = new Map(rooms.map((room) => [room.user_id, room]))
    return sessions.flatMap((running) => {
      const author = authors.get(running.user_id)
      if (author === undefined) return []
      const room = roomOf.get(running.user_id)
      const { room_id: roomId, viewers } = running
      const liked = likes.get(running.id) ?? 0
      return [viewWith({ roomId, author, room, running, last: undefined, viewers, likes: liked })]
    })
  }

  const mine = async (userId: string): Promise<OwnRoom> => {
    const user = await ownerOf(userId)
    const [view, room, running] = await Promise.all([
      viewOf(user, userId),
      store.findRoom(db, user.id),
      store.findRunning(db, user.id),
    ])
    return {
      ...view,
      replay: (room?.replay ?? (await replayDefault())) as OwnRoom['replay'],
      clips: (room?.clips ?? 'everyone') as OwnRoom['clips'],
      has_stream_key: hasStreamKey(room?.stream_key_hash),
      health: (running && health.now(running.id)) ?? null,
    }
  }

  return {
    mine,
    ensure: async (userId: string): Promise<RoomRow> => ensure(await ownerOf(userId)),

    /** How the owner's stream did; `since` as the last answer's newest point says it. */
    async healthSince(userId: string, since: string | undefined): Promise<DataOf<typeof getMyHealth>> {
      const running = await store.findRunning(db, userId)
      if (running === undefined) return { session_id: null, items: [] }
      const sinceMs = since === undefined ? undefined : Date.parse(since)
      return { session_id: running.id, items: health.points(running.id, sinceMs) }
    },

    /** The room, or undefined where there is none. */
    async find(roomId: string, viewer?: string): Promise<Room | undefined> {
      const user = await users.byRoom(roomId)
      return user && viewOf(user, viewer)
    },

    /** The room as its sockets need it. */
    async now(roomId: string): Promise<RoomNow | undefined> {
      const user = await users.byRoom(roomId)
      if (user === undefined) return undefined
      const [view, running, order] = await Promise.all([
        viewOf(user),
        store.findRunning(db, user.id),
        readOrder(user.id),
      ])
      const session = roomStateOf(running) === 'idle' ? undefined : running
      return { ownerId: user.id, view, session, order }
    },

    /** Its owner and its session on the air. Throws `not_found`. */
    async place(roomId: string): Promise<{ ownerId: string; session: SessionRow | undefined }> {
      const user = await users.byRoom(roomId)
      if (user === undefined) throw new AppError('not_found')
      const running = await store.findRunning(db, user.id)
      return { ownerId: user.id, session: roomStateOf(running) === 'idle' ? undefined : running }
    },

    /** Changes the room, and the running session with it: the list and the replay show what it is called now. */
    async change(userId: string, change: RoomChange): Promise<OwnRoom> {
      const room = await ensure(await ownerOf(userId))
      const { title, category, announcement, replay, clips } = change
      const shared = {
        ...(title !== undefined && { title }),
        ...(category !== undefined && { category }),
        ...(replay !== undefined && { replay }),
      }
      await db.transaction(async (trx) => {
        await store.updateRoom(trx, userId, {
          ...shared,
          ...(announcement !== undefined && { announcement }),
          ...(clips !== undefined && { clips }),
        })
        await store.updateRunning(trx, userId, shared)
      })
      changed(room)
      return mine(userId)
    },

    /** The cover before it, if there was one, is nobody's now. */
    async setCover(userId: string, coverKey: string): Promise<{ room: OwnRoom; before: string | null }> {
      const room = await ensure(await ownerOf(userId))
      await store.updateRoom(db, userId, { cover_key: coverKey })
      changed(room)
      return { room: await mine(userId), before: room.cover_key }
    },

    /** A new stream key; only its hash is kept. The old one is void from now on. */
    async rotateKey(userId: string, cutRunning: boolean): Promise<string> {
      await ensure(await ownerOf(userId))
      const streamKey = secretToken(24)
      await store.updateRoom(db, userId, { stream_key_hash: keyHash(streamKey) })
      const running = cutRunning ? await store.findRunning(db, userId) : undefined
      if (running) cut(running.id, 'the stream key was changed')
      return streamKey
    },

    /** Rooms on the air, as `viewer` may see them. */
    async list({ category, sort, limit, cursor }: ListQuery, viewer?: string) {
      const name = `live:${sort}:${category ?? ''}`
      const after =
        cursor === undefined ? undefined : decodeCursor(name, cursor, cursorSecret, ['number', 'string'])
      const rows = await store
        .onAirQuery(db, { category, sort, limit, after: after && { viewers: after[0], sortKey: after[1] } })
        .execute()
      const { items, nextCursor } = cutPage(rows, limit, (row) =>
        encodeCursor(name, [row.viewers, row.sort_key], cursorSecret),
      )
      return { items: await viewsOf(items, viewer), next_cursor: nextCursor }
    },

    /** The rooms of several that are on the air, by their owner's id. */
    async onAirAmong(userIds: readonly string[], viewer?: string): Promise<Map<string, Room>> {
      const views = await viewsOf(await store.findOnAir(db, [...new Set(userIds)]), viewer)
      return new Map(views.map((view) => [view.author.id, view]))
    },
  }
}
