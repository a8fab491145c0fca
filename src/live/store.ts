/** Owns all SQL on rooms and live sessions. Changes of a session's state name the states they may start from. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Queries } from '../platform/db/db.ts'
import { seek } from '../platform/db/cursor.ts'
import { greatest, insertIfAbsent } from '../platform/db/portable.ts'
import type { ClipTable, LiveSessionTable, RoomTable, SessionState } from './tables.ts'

export type RoomRow = Selectable<RoomTable>
export type SessionRow = Selectable<LiveSessionTable>

const waitingStates = ['pending', 'reconnecting', 'stopped'] as const

export const insertRoom = async (db: Queries, row: RoomRow): Promise<void> => {
  await insertIfAbsent(db, 'room', row)
}

export const findRoom = (db: Queries, userId: string): Promise<RoomRow | undefined> =>
  db.selectFrom('room').selectAll().where('user_id', '=', userId).executeTakeFirst()

export const findRooms = async (db: Queries, userIds: readonly string[]): Promise<RoomRow[]> =>
  userIds.length === 0
    ? []
    : db
        .selectFrom('room')
        .selectAll()
        .where('user_id', 'in', [...userIds])
        .execute()

/** By the unique index: touches one row, or none. */
export const findRoomByKeyHash = (db: Queries, hash: string) =>
  db
    .selectFrom('room')
    .innerJoin('user', 'user.id', 'room.user_id')
    .selectAll('room')
    .select('user.banned_ms')
    .where('stream_key_hash', '=', hash)
    .executeTakeFirst()

/** As `findRoomByKeyHash`, for who is known by other proof. */
export const findRoomOfOwner = (db: Queries, userId: string) =>
  db
    .selectFrom('room')
    .innerJoin('user', 'user.id', 'room.user_id')
    .selectAll('room')
    .select('user.banned_ms')
    .where('room.user_id', '=', userId)
    .executeTakeFirst()

export const insertClip = async (db: Queries, row: Selectable<ClipTable>): Promise<void> => {
  await db.insertInto('clip').values(row).execute()
}

export const findClip = (db: Queries, id: string): Promise<Selectable<ClipTable> | undefined> =>
  db.selectFrom('clip').selectAll().where('id', '=', id).executeTakeFirst()

export const updateRoom = async (db: Queries, userId: string, change: Partial<RoomRow>): Promise<void> => {
  if (Object.keys(change).length === 0) return
  await db.updateTable('room').set(change).where('user_id', '=', userId).execute()
}

/** False if the user has a running session already. */
export const insertSession = (db: Queries, row: SessionRow): Promise<boolean> =>
  insertIfAbsent(db, 'live_session', row, 'uq_live_session_running_key')

export const findSession = (db: Queries, id: string): Promise<SessionRow | undefined> =>
  db.selectFrom('live_session').selectAll().where('id', '=', id).executeTakeFirst()

/** The one that may go on, on the air or not. */
export const findRunning = (db: Queries, userId: string): Promise<SessionRow | undefined> =>
  db.selectFrom('live_session').selectAll().where('running_key', '=', userId).executeTakeFirst()

/** Those of several that are on the air, by the unique index; at most one page of ids. */
export const findOnAir = async (db: Queries, userIds: readonly string[]): Promise<SessionRow[]> =>
  userIds.length === 0
    ? []
    : db
        .selectFrom('live_session')
        .selectAll()
        .where('running_key', 'in', [...userIds])
        .where('on_air', '=', 1)
        .execute()

/** The last that was seen and is off the air. A session that never started leaves no row for long. */
export const findLast = (db: Queries, userId: string): Promise<SessionRow | undefined> =>
  db
    .selectFrom('live_session')
    .selectAll()
    .where('user_id', '=', userId)
    .where('on_air', '=', 0)
    .where('started_ms', 'is not', null)
    .orderBy('sort_key', 'desc')
    .limit(1)
    .executeTakeFirst()

/** Applies `change` if the session is in one of these states; true for one of any number of callers. */
export const moveSession = async (
  db: Queries,
  id: string,
  from: readonly SessionState[],
  change: Partial<SessionRow>,
): Promise<boolean> => {
  const result = await db
    .updateTable('live_session')
    .set(change)
    .where('id', '=', id)
    .where('state', 'in', [...from])
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** As `moveSession`, if nobody has come back meanwhile. */
export const closeAbandoned = async (
  db: Queries,
  id: string,
  leftBefore: number,
  change: Partial<SessionRow>,
): Promise<boolean> => {
  const result = await db
    .updateTable('live_session')
    .set(change)
    .where('id', '=', id)
    .where('state', 'in', [...waitingStates])
    .where('left_ms', '<=', leftBefore)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export const updateSession = async (db: Queries, id: string, change: Partial<SessionRow>): Promise<void> => {
  await db.updateTable('live_session').set(change).where('id', '=', id).execute()
}

export const deleteUnseen = async (db: Queries, id: string): Promise<void> => {
  await db.deleteFrom('live_session').where('id', '=', id).where('started_ms', 'is', null).execute()
}

export const updateRunning = async (
  db: Queries,
  userId: string,
  change: Partial<SessionRow>,
): Promise<void> => {
  if (Object.keys(change).length === 0) return
  await db.updateTable('live_session').set(change).where('running_key', '=', userId).execute()
}

/** A session's media only grows: events may come twice or late. Frames end at fractions of a millisecond. */
export const growMedia = async (db: Queries, id: string, mediaMs: number): Promise<void> => {
  const wholeMs = Math.round(mediaMs)
  await db
    .updateTable('live_session')
    .set({ media_ms: wholeMs })
    .where('id', '=', id)
    .where('media_ms', '<', wholeMs)
    .execute()
}

export const setViewers = async (db: Queries, id: string, viewers: number): Promise<void> => {
  await db
    .updateTable('live_session')
    .set({ viewers, peak_viewers: greatest<number>(db, sql.ref('peak_viewers'), sql.val(viewers)) })
    .where('id', '=', id)
    .execute()
}

export const forgetViewers = async (db: Queries): Promise<void> => {
  await db.updateTable('live_session').set({ viewers: 0 }).where('on_air', '=', 1).execute()
}

/** Sessions nobody has published to since `leftBefore`. */
export const abandonedQuery = (db: Queries, leftBefore: number) =>
  db
    .selectFrom('live_session')
    .selectAll()
    .where('state', 'in', [...waitingStates])
    .where('left_ms', '<=', leftBefore)
    .limit(50)

export const endingQuery = (db: Queries) =>
  db.selectFrom('live_session').selectAll().where('state', '=', 'ending').limit(50)

export const findUnended = (db: Queries): Promise<SessionRow[]> =>
  db
    .selectFrom('live_session')
    .selectAll()
    .where('state', 'in', [...waitingStates, 'live'])
    .execute()

/** Without a key nobody publishes in this room; what runs ends with the next look at who may not. */
export const clearStreamKey = async (q: Queries, userId: string): Promise<void> => {
  await q.updateTable('room').set({ stream_key_hash: null }).where('user_id', '=', userId).execute()
}

/** Sessions whose publisher may not publish any more: banned, deleted, without a stream key, or the room is closed. */
export const findBanned = (db: Queries): Promise<{ id: string }[]> =>
  db
    .selectFrom('live_session')
    .innerJoin('user', 'user.id', 'live_session.user_id')
    .innerJoin('room', 'room.user_id', 'live_session.user_id')
    .select('live_session.id')
    .where('live_session.state', 'in', [...waitingStates, 'live'])
    .where((eb) =>
      eb.or([
        eb('user.banned_ms', 'is not', null),
        eb('user.deleted_ms', 'is not', null),
        eb('room.stream_key_hash', 'is', null),
        eb('room.closed', '=', 1),
      ]),
    )
    .execute()

export const dueRecordingsQuery = (db: Queries, nowMs: number) =>
  db.selectFrom('live_session').select('id').where('recording_due_ms', '<=', nowMs).limit(20)

export interface AirFilter {
  category: string | undefined
  sort: 'viewers' | 'newest'
  after: { viewers: number; sortKey: string } | undefined
  limit: number
}

/** Sessions on the air: by viewers, the newer first among equals; or the newest first. */
export const onAirQuery = (db: Queries, { category, sort, after, limit }: AirFilter) => {
  let rows = db.selectFrom('live_session').selectAll().where('on_air', '=', 1)
  if (category !== undefined) rows = rows.where('category', '=', category)
  if (after !== undefined) {
    const byAge = ['sort_key', 'desc', after.sortKey] as const
    rows = rows.where(seek(sort === 'viewers' ? [['viewers', 'desc', after.viewers], byAge] : [byAge]))
  }
  if (sort === 'viewers') rows = rows.orderBy('viewers', 'desc')
  return rows.orderBy('sort_key', 'desc').limit(limit + 1)
}

export const closedRoomsQuery = (db: Queries, page: { limit: number; afterUserId?: string | undefined }) => {
  let rows = db.selectFrom('room').selectAll().where('closed', '=', 1)
  if (page.afterUserId !== undefined) rows = rows.where('user_id', '<', page.afterUserId)
  return rows.orderBy('user_id', 'desc').limit(page.limit)
}

/** Sessions made since the key `fromKey`, which sorts by time, on the air or not. */
export const sinceQuery = (db: Queries, onAir: 0 | 1, fromKey: string) =>
  db
    .selectFrom('live_session')
    .select(['media_ms', 'started_ms'])
    .where('on_air', '=', onAir)
    .where('sort_key', '>=', fromKey)
    .where('started_ms', 'is not', null)

export const onAirTotalsQuery = (db: Queries) =>
  db
    .selectFrom('live_session')
    .select((eb) => [eb.fn.countAll<number>().as('rooms'), eb.fn.sum<number | null>('viewers').as('viewers')])
    .where('on_air', '=', 1)

export const onAirTotals = async (db: Queries): Promise<{ rooms: number; viewers: number }> => {
  const row = await onAirTotalsQuery(db).executeTakeFirst()
  return { rooms: Number(row?.rooms ?? 0), viewers: Number(row?.viewers ?? 0) }
}
