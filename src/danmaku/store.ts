/** Owns all SQL on danmaku and mutes; that on moderators stands in moderator-store. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Queries } from '../platform/db/db.ts'
import { upsert } from '../platform/db/portable.ts'
import type { DanmakuTable, RoomMuteTable } from './tables.ts'

export type DanmakuRow = Selectable<DanmakuTable>
export type DanmakuWithName = DanmakuRow & { nickname: string }
export type MuteRow = Selectable<RoomMuteTable>

export const insertDanmaku = async (q: Queries, rows: readonly DanmakuRow[]): Promise<void> => {
  await q
    .insertInto('danmaku')
    .values([...rows])
    .execute()
}

/** Not a join: MariaDB would rather read all users first and sort, as long as there are few. */
const nickname =
  sql<string>`coalesce((select nickname from ${sql.table('user')} where ${sql.ref('user.id')} = ${sql.ref('danmaku.user_id')}), '')`.as(
    'nickname',
  )

export const withNickname = (q: Queries) => q.selectFrom('danmaku').selectAll().select(nickname)

/** Of a stretch, `[fromMs, toMs)`, the first `limit` in order of media time. */
export const stretchQuery = (
  db: Queries,
  timelineId: string,
  stretch: { fromMs: number; toMs: number | undefined; limit: number },
) => {
  const rows = withNickname(db).where('timeline_id', '=', timelineId).where('media_ms', '>=', stretch.fromMs)
  const ending = stretch.toMs === undefined ? rows : rows.where('media_ms', '<', stretch.toMs)
  return ending.orderBy('media_ms').orderBy('id').limit(stretch.limit)
}

export const newestQuery = (db: Queries, timelineId: string, limit: number) =>
  withNickname(db)
    .where('timeline_id', '=', timelineId)
    .orderBy('media_ms', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)

/** The media time of the timeline's last danmaku. */
export const lastMediaMs = async (db: Queries, timelineId: string): Promise<number | undefined> =>
  (
    await db
      .selectFrom('danmaku')
      .select('media_ms')
      .where('timeline_id', '=', timelineId)
      .orderBy('media_ms', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
  )?.media_ms

/** The first `perStretch` of each stretch, in one statement. */
export const sampleStretches = async (
  db: Queries,
  timelineId: string,
  stretches: readonly { fromMs: number; toMs: number }[],
  perStretch: number,
): Promise<DanmakuWithName[]> => {
  // Wrapped, since SQLite takes no LIMIT in a member of a UNION.
  const members = stretches.map(
    (stretch) =>
      sql`select * from (${stretchQuery(db, timelineId, { ...stretch, limit: perStretch })}) as part`,
  )
  const { rows } = await sql<DanmakuWithName>`${sql.join(members, sql` union all `)}`.execute(db)
  return rows.sort((a, b) => a.media_ms - b.media_ms || (a.id < b.id ? -1 : 1))
}

export const findDanmaku = (db: Queries, id: string): Promise<DanmakuRow | undefined> =>
  db.selectFrom('danmaku').selectAll().where('id', '=', id).executeTakeFirst()

/** True if it was there. */
export const deleteDanmaku = async (db: Queries, id: string): Promise<boolean> => {
  const result = await db.deleteFrom('danmaku').where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows === 1n
}

export const countOf = async (db: Queries, timelineId: string): Promise<number> =>
  (
    await db
      .selectFrom('danmaku')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .where('timeline_id', '=', timelineId)
      .executeTakeFirstOrThrow()
  ).n

export const putMute = (db: Queries, row: MuteRow): Promise<void> =>
  upsert(db, 'room_mute', [row], { key: ['owner_id', 'user_id'], replace: ['until_ms', 'by_id'] })

export const deleteMute = async (db: Queries, ownerId: string, userId: string): Promise<void> => {
  await db.deleteFrom('room_mute').where('owner_id', '=', ownerId).where('user_id', '=', userId).execute()
}

/** Until when somebody may not write there; undefined if they may. */
export const mutedUntil = async (
  db: Queries,
  ownerId: string,
  userId: string,
  nowMs: number,
): Promise<number | undefined> =>
  (
    await db
      .selectFrom('room_mute')
      .select('until_ms')
      .where('owner_id', '=', ownerId)
      .where('user_id', '=', userId)
      .where('until_ms', '>', nowMs)
      .executeTakeFirst()
  )?.until_ms

/** Those whose mute ends in `[fromMs, toMs)`. */
export const listMutes = (db: Queries, ownerId: string, fromMs: number, toMs: number, limit: number) =>
  db
    .selectFrom('room_mute')
    .innerJoin('user', 'user.id', 'room_mute.user_id')
    .select(['room_mute.user_id', 'room_mute.until_ms', 'user.nickname'])
    .where('owner_id', '=', ownerId)
    .where('until_ms', '>=', fromMs)
    .where('until_ms', '<', toMs)
    .orderBy('room_mute.user_id')
    .limit(limit)
    .execute()

/** What somebody wrote on one timeline, at most `limit` of it; how many. */
export const deleteWrittenBy = async (
  q: Queries,
  timelineId: string,
  userId: string,
  limit: number,
): Promise<number> => {
  const rows = await q
    .selectFrom('danmaku')
    .select('id')
    .where('timeline_id', '=', timelineId)
    .where('user_id', '=', userId)
    .limit(limit)
    .execute()
  if (rows.length === 0) return 0
  const ids = rows.map(({ id }) => id)
  const result = await q.deleteFrom('danmaku').where('id', 'in', ids).executeTakeFirst()
  return Number(result.numDeletedRows)
}

/** What somebody wrote, the oldest first, after the one with `afterId`. */
export const writtenByQuery = (db: Queries, userId: string, afterId: string | undefined, limit: number) => {
  let rows = db.selectFrom('danmaku').selectAll().where('user_id', '=', userId)
  if (afterId !== undefined) rows = rows.where('id', '>', afterId)
  return rows.orderBy('id').limit(limit)
}
