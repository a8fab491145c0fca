/** Owns all SQL on follows and blocks. */
import type { Selectable } from 'kysely'
import { seek } from '../platform/db/cursor.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { forUpdate, insertIfAbsent } from '../platform/db/portable.ts'
import type { UserBlockTable, UserFollowTable } from './tables.ts'

export type FollowRow = Selectable<UserFollowTable>
export type BlockRow = Selectable<UserBlockTable>

/**
 * Until the transaction ends nothing else changes between these two. Both counter rows are taken in one order, so
 * that two who follow each other at once do not wait for each other. Gives how many of them exist.
 */
export const lockPair = async (trx: Transaction, oneId: string, otherId: string): Promise<number> =>
  (
    await trx
      .selectFrom('user_counter')
      .select('user_id')
      .where('user_id', 'in', [oneId, otherId])
      .orderBy('user_id')
      .modifyEnd(forUpdate(trx))
      .execute()
  ).length

/** Sorts by the time of following; undefined where nobody follows. */
export const followKey = async (
  q: Queries,
  followerId: string,
  userId: string,
): Promise<string | undefined> =>
  (
    await q
      .selectFrom('user_follow')
      .select('sort_key')
      .where('follower_id', '=', followerId)
      .where('user_id', '=', userId)
      .executeTakeFirst()
  )?.sort_key

/** False if it was there. */
export const insertFollow = (trx: Transaction, row: FollowRow): Promise<boolean> =>
  insertIfAbsent(trx, 'user_follow', row)

export const setSpecial = async (
  trx: Transaction,
  followerId: string,
  userId: string,
  special: boolean,
): Promise<void> => {
  await trx
    .updateTable('user_follow')
    .set({ special: special ? 1 : 0 })
    .where('follower_id', '=', followerId)
    .where('user_id', '=', userId)
    .execute()
}

/** False if it was not there. */
export const deleteFollow = async (
  trx: Transaction,
  followerId: string,
  userId: string,
): Promise<boolean> => {
  const { numDeletedRows } = await trx
    .deleteFrom('user_follow')
    .where('follower_id', '=', followerId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

/** False if it was there. */
export const insertBlock = (trx: Transaction, row: BlockRow): Promise<boolean> =>
  insertIfAbsent(trx, 'user_block', row)

export const deleteBlock = async (trx: Transaction, blockerId: string, userId: string): Promise<void> => {
  await trx
    .deleteFrom('user_block')
    .where('blocker_id', '=', blockerId)
    .where('user_id', '=', userId)
    .execute()
}

/** Has `blockerId` blocked `userId`? */
export const hasBlock = async (q: Queries, blockerId: string, userId: string): Promise<boolean> =>
  (await q
    .selectFrom('user_block')
    .select('user_id')
    .where('blocker_id', '=', blockerId)
    .where('user_id', '=', userId)
    .executeTakeFirst()) !== undefined

/** How many somebody has blocked, counted up to `limit`. */
export const countBlocks = async (q: Queries, blockerId: string, limit: number): Promise<number> =>
  (await blocksQuery(q, blockerId, { limit }).execute()).length

/** Whom of `userIds` somebody follows, and whom closely; at most one page of ids. */
export const followsAmong = async (
  q: Queries,
  followerId: string,
  userIds: readonly string[],
): Promise<Map<string, { special: boolean }>> => {
  if (userIds.length === 0) return new Map()
  const rows = await q
    .selectFrom('user_follow')
    .select(['user_id', 'special'])
    .where('follower_id', '=', followerId)
    .where('user_id', 'in', [...userIds])
    .execute()
  return new Map(rows.map((row) => [row.user_id, { special: row.special === 1 }]))
}

/** Who of `followerIds` follows somebody; by the primary key of each. */
export const followersAmong = async (
  q: Queries,
  userId: string,
  followerIds: readonly string[],
): Promise<Set<string>> => {
  if (followerIds.length === 0) return new Set()
  const rows = await q
    .selectFrom('user_follow')
    .select('follower_id')
    .where('follower_id', 'in', [...followerIds])
    .where('user_id', '=', userId)
    .execute()
  return new Set(rows.map((row) => row.follower_id))
}

interface Place {
  /** The sort key after which the page begins. */
  after?: string | undefined
  limit: number
}

export const followersQuery = (q: Queries, userId: string, { after, limit }: Place) => {
  let rows = q
    .selectFrom('user_follow')
    .select(['follower_id as id', 'sort_key'])
    .where('user_id', '=', userId)
  if (after !== undefined) rows = rows.where(seek([['sort_key', 'desc', after]]))
  return rows.orderBy('sort_key', 'desc').limit(limit)
}

export const followingQuery = (q: Queries, followerId: string, { after, limit }: Place) => {
  let rows = q
    .selectFrom('user_follow')
    .select(['user_id as id', 'sort_key'])
    .where('follower_id', '=', followerId)
  if (after !== undefined) rows = rows.where(seek([['sort_key', 'desc', after]]))
  return rows.orderBy('sort_key', 'desc').limit(limit)
}

export const blocksQuery = (q: Queries, blockerId: string, { after, limit }: Place) => {
  let rows = q
    .selectFrom('user_block')
    .select(['user_id as id', 'sort_key'])
    .where('blocker_id', '=', blockerId)
  if (after !== undefined) rows = rows.where(seek([['sort_key', 'desc', after]]))
  return rows.orderBy('sort_key', 'desc').limit(limit)
}
