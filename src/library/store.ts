/** Owns SQL on history and watch later. */
import type { Selectable } from 'kysely'
import { seek } from '../platform/db/cursor.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { insertIfAbsent, upsert } from '../platform/db/portable.ts'
import type { WatchHistoryTable, WatchLaterTable } from './tables.ts'

export type HistoryRow = Selectable<WatchHistoryTable>

/** At most one row per user and video among them. */
export const putHistory = (q: Queries, rows: readonly HistoryRow[]): Promise<void> =>
  upsert(q, 'watch_history', rows, {
    key: ['user_id', 'video_id'],
    replace: ['position_ms', 'watched_ms'],
  })

/** Last watched first. */
export const historyQuery = (
  q: Queries,
  userId: string,
  page: { after: readonly [watchedMs: number, videoId: string] | undefined; limit: number },
) => {
  let rows = q
    .selectFrom('watch_history')
    .select(['video_id', 'position_ms', 'watched_ms'])
    .where('user_id', '=', userId)
  if (page.after !== undefined)
    rows = rows.where(
      seek([
        ['watched_ms', 'desc', page.after[0]],
        ['video_id', 'desc', page.after[1]],
      ]),
    )
  return rows.orderBy('watched_ms', 'desc').orderBy('video_id', 'desc').limit(page.limit)
}

export const positionOf = async (q: Queries, userId: string, videoId: string): Promise<number | undefined> =>
  (
    await q
      .selectFrom('watch_history')
      .select('position_ms')
      .where('user_id', '=', userId)
      .where('video_id', '=', videoId)
      .executeTakeFirst()
  )?.position_ms

/** Without `videoId` everything. */
export const deleteHistory = async (q: Queries, userId: string, videoId?: string): Promise<void> => {
  let rows = q.deleteFrom('watch_history').where('user_id', '=', userId)
  if (videoId !== undefined) rows = rows.where('video_id', '=', videoId)
  await rows.execute()
}

export const isPaused = async (q: Queries, userId: string): Promise<boolean> =>
  (await q.selectFrom('history_pause').select('user_id').where('user_id', '=', userId).executeTakeFirst()) !==
  undefined

export const pausedAmong = async (q: Queries, userIds: readonly string[]): Promise<Set<string>> => {
  if (userIds.length === 0) return new Set()
  const rows = await q
    .selectFrom('history_pause')
    .select('user_id')
    .where('user_id', 'in', [...userIds])
    .execute()
  return new Set(rows.map((row) => row.user_id))
}

export const setPaused = async (q: Queries, userId: string, paused: boolean): Promise<void> => {
  if (paused) await insertIfAbsent(q, 'history_pause', { user_id: userId })
  else await q.deleteFrom('history_pause').where('user_id', '=', userId).execute()
}

/** False if it stands there already. */
export const insertLater = (q: Queries, row: Selectable<WatchLaterTable>): Promise<boolean> =>
  insertIfAbsent(q, 'watch_later', row)

export const deleteLater = async (q: Queries, userId: string, videoId: string): Promise<void> => {
  await q.deleteFrom('watch_later').where('user_id', '=', userId).where('video_id', '=', videoId).execute()
}

export const isLater = async (q: Queries, userId: string, videoId: string): Promise<boolean> =>
  (await q
    .selectFrom('watch_later')
    .select('id')
    .where('user_id', '=', userId)
    .where('video_id', '=', videoId)
    .executeTakeFirst()) !== undefined

/** Last added first. */
export const laterQuery = (
  q: Queries,
  userId: string,
  page: { afterId: string | undefined; limit: number },
) => {
  let rows = q.selectFrom('watch_later').select(['id', 'video_id']).where('user_id', '=', userId)
  if (page.afterId !== undefined) rows = rows.where(seek([['id', 'desc', page.afterId]]))
  return rows.orderBy('id', 'desc').limit(page.limit)
}

/** How many there are, counted up to `most`. */
export const countLater = async (q: Queries, userId: string, most: number): Promise<number> =>
  (await q.selectFrom('watch_later').select('id').where('user_id', '=', userId).limit(most).execute()).length

/** What a video leaves behind when it is deleted for good; playlists have their own. */
export const deleteOfVideo = async (trx: Transaction, videoId: string): Promise<void> => {
  await trx.deleteFrom('watch_history').where('video_id', '=', videoId).execute()
  await trx.deleteFrom('watch_later').where('video_id', '=', videoId).execute()
}
