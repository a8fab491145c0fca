/** Owns SQL on favourites and their folders, on coins given to a video, and on shares. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import { seek } from '../platform/db/cursor.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { forUpdate, insertIfAbsent } from '../platform/db/portable.ts'
import type { FavouriteFolderTable, VideoFavouriteTable } from './tables.ts'

export type FolderRow = Selectable<FavouriteFolderTable>
export type FavouriteRow = Selectable<VideoFavouriteTable>

export const insertFolder = (trx: Transaction, row: FolderRow): Promise<boolean> =>
  insertIfAbsent(trx, 'favourite_folder', row)

export const findFolder = (q: Queries, ownerId: string, id: string): Promise<FolderRow | undefined> =>
  q
    .selectFrom('favourite_folder')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .where('id', '=', id)
    .executeTakeFirst()

/** It stays until the transaction ends; false if it is not there. */
export const lockFolder = async (trx: Transaction, ownerId: string, id: string): Promise<boolean> =>
  (await trx
    .selectFrom('favourite_folder')
    .select('id')
    .where('owner_id', '=', ownerId)
    .where('id', '=', id)
    .modifyEnd(forUpdate(trx))
    .executeTakeFirst()) !== undefined

/** All of somebody's; there are 100 at most. */
export const foldersQuery = (q: Queries, ownerId: string) =>
  q.selectFrom('favourite_folder').selectAll().where('owner_id', '=', ownerId).orderBy('id').limit(101)

export const renameFolder = async (q: Queries, ownerId: string, id: string, name: string): Promise<void> => {
  await q
    .updateTable('favourite_folder')
    .set({ name })
    .where('owner_id', '=', ownerId)
    .where('id', '=', id)
    .execute()
}

export const deleteFolder = async (trx: Transaction, ownerId: string, id: string): Promise<void> => {
  await trx.deleteFrom('favourite_folder').where('owner_id', '=', ownerId).where('id', '=', id).execute()
}

export const addToFolder = async (
  trx: Transaction,
  ownerId: string,
  id: string,
  by: number,
): Promise<void> => {
  await trx
    .updateTable('favourite_folder')
    .set({ videos: sql<number>`${sql.ref('videos')} + ${by}` })
    .where('owner_id', '=', ownerId)
    .where('id', '=', id)
    .execute()
}

/** Gives how many were moved. */
export const moveFavourites = async (
  trx: Transaction,
  userId: string,
  from: string,
  to: string,
): Promise<number> => {
  const { numUpdatedRows } = await trx
    .updateTable('video_favourite')
    .set({ folder_id: to })
    .where('user_id', '=', userId)
    .where('folder_id', '=', from)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** False if it is kept already. */
export const insertFavourite = (trx: Transaction, row: FavouriteRow): Promise<boolean> =>
  insertIfAbsent(trx, 'video_favourite', row)

/** In a transaction that goes on to change it: locked. */
export const findFavourite = (
  trx: Transaction,
  userId: string,
  videoId: string,
): Promise<FavouriteRow | undefined> =>
  trx
    .selectFrom('video_favourite')
    .selectAll()
    .where('user_id', '=', userId)
    .where('video_id', '=', videoId)
    .modifyEnd(forUpdate(trx))
    .executeTakeFirst()

export const folderOf = async (q: Queries, userId: string, videoId: string): Promise<string | undefined> =>
  (
    await q
      .selectFrom('video_favourite')
      .select('folder_id')
      .where('user_id', '=', userId)
      .where('video_id', '=', videoId)
      .executeTakeFirst()
  )?.folder_id

export const moveFavourite = async (
  trx: Transaction,
  userId: string,
  videoId: string,
  folderId: string,
): Promise<void> => {
  await trx
    .updateTable('video_favourite')
    .set({ folder_id: folderId })
    .where('user_id', '=', userId)
    .where('video_id', '=', videoId)
    .execute()
}

export const deleteFavourite = async (
  trx: Transaction,
  userId: string,
  videoId: string,
): Promise<boolean> => {
  const { numDeletedRows } = await trx
    .deleteFrom('video_favourite')
    .where('user_id', '=', userId)
    .where('video_id', '=', videoId)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

/** One page, last kept first. */
export const favouritesQuery = (
  q: Queries,
  userId: string,
  page: { folderId: string | undefined; afterId: string | undefined; limit: number },
) => {
  let rows = q.selectFrom('video_favourite').select(['id', 'video_id']).where('user_id', '=', userId)
  if (page.folderId !== undefined) rows = rows.where('folder_id', '=', page.folderId)
  if (page.afterId !== undefined) rows = rows.where(seek([['id', 'desc', page.afterId]]))
  return rows.orderBy('id', 'desc').limit(page.limit)
}

export const favouredAmong = async (
  q: Queries,
  userId: string,
  videoIds: readonly string[],
): Promise<Set<string>> => {
  if (videoIds.length === 0) return new Set()
  const rows = await q
    .selectFrom('video_favourite')
    .select('video_id')
    .where('user_id', '=', userId)
    .where('video_id', 'in', [...videoIds])
    .execute()
  return new Set(rows.map((row) => row.video_id))
}

export const coinsAmong = async (
  q: Queries,
  userId: string,
  videoIds: readonly string[],
): Promise<Map<string, number>> => {
  if (videoIds.length === 0) return new Map()
  const rows = await q
    .selectFrom('video_coin')
    .select(['video_id', 'amount'])
    .where('user_id', '=', userId)
    .where('video_id', 'in', [...videoIds])
    .execute()
  return new Map(rows.map((row) => [row.video_id, row.amount]))
}

/** Moves what somebody gave to a video from one amount to another; true for exactly one of several callers. */
export const moveCoins = async (
  trx: Transaction,
  given: { userId: string; videoId: string; from: number; to: number },
): Promise<boolean> => {
  const { userId, videoId, from, to } = given
  if (from === 0) return insertIfAbsent(trx, 'video_coin', { user_id: userId, video_id: videoId, amount: to })
  const { numUpdatedRows } = await trx
    .updateTable('video_coin')
    .set({ amount: to })
    .where('user_id', '=', userId)
    .where('video_id', '=', videoId)
    .where('amount', '=', from)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** What somebody gave, locked for the transaction that raises it. */
export const coinsOf = async (trx: Transaction, userId: string, videoId: string): Promise<number> =>
  (
    await trx
      .selectFrom('video_coin')
      .select('amount')
      .where('user_id', '=', userId)
      .where('video_id', '=', videoId)
      .modifyEnd(forUpdate(trx))
      .executeTakeFirst()
  )?.amount ?? 0

/** False if that person shared it before. */
export const insertShare = (
  trx: Transaction,
  row: { user_id: string; video_id: string; created_ms: number },
): Promise<boolean> => insertIfAbsent(trx, 'video_share', row)

/** Takes a video that is deleted for good out of everybody's folders. */
export const deleteFavouritesOf = async (trx: Transaction, videoId: string): Promise<void> => {
  await sql`update ${sql.table('favourite_folder')} set videos = videos - 1 where (owner_id, id) in
    (select user_id, folder_id from ${sql.table('video_favourite')} where video_id = ${videoId})`.execute(trx)
  await trx.deleteFrom('video_favourite').where('video_id', '=', videoId).execute()
}
