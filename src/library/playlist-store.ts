/** Owns SQL on playlists and what stands in them. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import { seek } from '../platform/db/cursor.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { forUpdate, insertIfAbsent } from '../platform/db/portable.ts'
import type { PlaylistItemTable, PlaylistTable } from './tables.ts'

export type PlaylistRow = Selectable<PlaylistTable>
export type ItemRow = Selectable<PlaylistItemTable>

export const insertPlaylist = async (q: Queries, row: PlaylistRow): Promise<void> => {
  await q.insertInto('playlist').values(row).execute()
}

export const findPlaylist = (q: Queries, publicId: string): Promise<PlaylistRow | undefined> =>
  q.selectFrom('playlist').selectAll().where('public_id', '=', publicId).executeTakeFirst()

/** It stays as it is until the transaction ends. */
export const lockPlaylist = (trx: Transaction, id: string): Promise<PlaylistRow | undefined> =>
  trx.selectFrom('playlist').selectAll().where('id', '=', id).modifyEnd(forUpdate(trx)).executeTakeFirst()

export const updatePlaylist = async (q: Queries, id: string, change: Partial<PlaylistRow>): Promise<void> => {
  await q.updateTable('playlist').set(change).where('id', '=', id).execute()
}

export const deletePlaylist = async (trx: Transaction, id: string): Promise<void> => {
  await trx.deleteFrom('playlist_item').where('playlist_id', '=', id).execute()
  await trx.deleteFrom('playlist').where('id', '=', id).execute()
}

/** Somebody's, newest first; with `visibility` only those. */
export const playlistsQuery = (
  q: Queries,
  ownerId: string,
  page: { visibility?: 'public' | undefined; afterId: string | undefined; limit: number },
) => {
  let rows = q.selectFrom('playlist').selectAll().where('owner_id', '=', ownerId)
  if (page.visibility !== undefined) rows = rows.where('visibility', '=', page.visibility)
  if (page.afterId !== undefined) rows = rows.where(seek([['id', 'desc', page.afterId]]))
  return rows.orderBy('id', 'desc').limit(page.limit)
}

/** One page in the playlist's order. */
export const itemsQuery = (
  q: Queries,
  playlistId: string,
  page: { after: readonly [place: number, videoId: string] | undefined; limit: number },
) => {
  let rows = q.selectFrom('playlist_item').select(['video_id', 'place']).where('playlist_id', '=', playlistId)
  if (page.after !== undefined)
    rows = rows.where(
      seek([
        ['place', 'asc', page.after[0]],
        ['video_id', 'asc', page.after[1]],
      ]),
    )
  return rows.orderBy('place').orderBy('video_id').limit(page.limit)
}

export const lastPlace = async (q: Queries, playlistId: string): Promise<number> =>
  (
    await q
      .selectFrom('playlist_item')
      .select('place')
      .where('playlist_id', '=', playlistId)
      .orderBy('place', 'desc')
      .orderBy('video_id', 'desc')
      .limit(1)
      .executeTakeFirst()
  )?.place ?? 0

/** False if it stands there already. */
export const insertItem = (trx: Transaction, row: ItemRow): Promise<boolean> =>
  insertIfAbsent(trx, 'playlist_item', row)

export const deleteItem = async (trx: Transaction, playlistId: string, videoId: string): Promise<boolean> => {
  const { numDeletedRows } = await trx
    .deleteFrom('playlist_item')
    .where('playlist_id', '=', playlistId)
    .where('video_id', '=', videoId)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

export const placeItem = async (
  trx: Transaction,
  playlistId: string,
  videoId: string,
  place: number,
): Promise<void> => {
  await trx
    .updateTable('playlist_item')
    .set({ place })
    .where('playlist_id', '=', playlistId)
    .where('video_id', '=', videoId)
    .execute()
}

export const countVideos = async (trx: Transaction, id: string, by: number, nowMs: number): Promise<void> => {
  await trx
    .updateTable('playlist')
    .set({ videos: sql<number>`${sql.ref('videos')} + ${by}`, updated_ms: nowMs })
    .where('id', '=', id)
    .execute()
}

/** The first video of each, in one statement. */
export const firstVideos = async (
  q: Queries,
  playlistIds: readonly string[],
): Promise<Map<string, string>> => {
  if (playlistIds.length === 0) return new Map()
  const members = playlistIds.map(
    (id) =>
      sql`select * from (select playlist_id, video_id from ${sql.table('playlist_item')} where playlist_id = ${id} order by place, video_id limit 1) as part`,
  )
  const query = sql<{ playlist_id: string; video_id: string }>`${sql.join(members, sql` union all `)}`
  const { rows } = await query.execute(q)
  return new Map(rows.map((row) => [row.playlist_id, row.video_id]))
}

/** Which of these playlists hold a video. */
export const holdingAmong = async (
  q: Queries,
  playlistIds: readonly string[],
  videoId: string,
): Promise<Set<string>> => {
  if (playlistIds.length === 0) return new Set()
  const rows = await q
    .selectFrom('playlist_item')
    .select('playlist_id')
    .where('video_id', '=', videoId)
    .where('playlist_id', 'in', [...playlistIds])
    .execute()
  return new Set(rows.map((row) => row.playlist_id))
}

/** Takes a video that is deleted for good out of every playlist. */
export const deleteItemsOf = async (trx: Transaction, videoId: string): Promise<void> => {
  await sql`update ${sql.table('playlist')} set videos = videos - 1 where id in
    (select playlist_id from ${sql.table('playlist_item')} where video_id = ${videoId})`.execute(trx)
  await trx.deleteFrom('playlist_item').where('video_id', '=', videoId).execute()
}
