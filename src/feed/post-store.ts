/** Owns SQL on posts, their pictures and likes. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { insertIfAbsent } from '../platform/db/portable.ts'
import type { PostPictureTable, PostTable } from './tables.ts'

export type PostRow = Selectable<PostTable>
export type PostWithCounts = PostRow & { likes: number; comments: number }
export type PictureRow = Selectable<PostPictureTable>

export const insertPost = async (trx: Transaction, row: PostRow): Promise<void> => {
  await trx.insertInto('post').values(row).execute()
  await trx.insertInto('post_counter').values({ post_id: row.id, likes: 0, comments: 0 }).execute()
}

export const insertPicture = async (q: Queries, row: PictureRow): Promise<void> => {
  await q.insertInto('post_picture').values(row).execute()
}

/** Takes a picture of this owner that no post has; false where there is none. */
export const takePicture = async (
  trx: Transaction,
  id: string,
  ownerId: string,
  post: { id: string; place: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('post_picture')
    .set({ post_id: post.id, place: post.place, due_ms: null })
    .where('id', '=', id)
    .where('owner_id', '=', ownerId)
    .where('post_id', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const setPicturesDue = async (
  trx: Transaction,
  postId: string,
  dueMs: number | null,
): Promise<void> => {
  await trx.updateTable('post_picture').set({ due_ms: dueMs }).where('post_id', '=', postId).execute()
}

export const duePicturesQuery = (q: Queries, nowMs: number) =>
  q.selectFrom('post_picture').selectAll().where('due_ms', '<=', nowMs).orderBy('due_ms').limit(50)

export const deletePicture = async (q: Queries, id: string): Promise<void> => {
  await q.deleteFrom('post_picture').where('id', '=', id).execute()
}

const withCounts = (q: Queries) =>
  q
    .selectFrom('post')
    .innerJoin('post_counter as counter', 'counter.post_id', 'post.id')
    .selectAll('post')
    .select(['counter.likes', 'counter.comments'])

export const findPost = (q: Queries, id: string): Promise<PostWithCounts | undefined> =>
  withCounts(q).where('post.id', '=', id).executeTakeFirst()

/** In no order; at most one page of ids. */
export const findPosts = async (q: Queries, ids: readonly string[]): Promise<PostWithCounts[]> =>
  ids.length === 0
    ? []
    : withCounts(q)
        .where('post.id', 'in', [...ids])
        .where('post.hidden', '=', 0)
        .execute()

/** Whose posts they are, hidden ones too. */
export const ownersOf = async (
  q: Queries,
  ids: readonly string[],
): Promise<{ id: string; author_id: string }[]> =>
  ids.length === 0
    ? []
    : q
        .selectFrom('post')
        .select(['id', 'author_id'])
        .where('id', 'in', [...ids])
        .execute()

/** Until `dueMs`; null shows it again. True for one of several callers. */
export const hidePost = async (trx: Transaction, id: string, dueMs: number | null): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('post')
    .set({ hidden: dueMs === null ? 0 : 1, due_ms: dueMs })
    .where('id', '=', id)
    .where('hidden', '=', dueMs === null ? 1 : 0)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Posts that were deleted long ago. */
export const duePostsQuery = (q: Queries, nowMs: number) =>
  q.selectFrom('post').select('id').where('due_ms', '<=', nowMs).orderBy('due_ms').limit(50)

/** Deletes a post that is due, and its likes. True for one of several callers. */
export const deletePost = async (trx: Transaction, id: string, nowMs: number): Promise<boolean> => {
  const { numDeletedRows } = await trx
    .deleteFrom('post')
    .where('id', '=', id)
    .where('due_ms', '<=', nowMs)
    .executeTakeFirst()
  if (numDeletedRows === 0n) return false
  await trx.deleteFrom('post_counter').where('post_id', '=', id).execute()
  await trx.deleteFrom('post_like').where('post_id', '=', id).execute()
  return true
}

/** Somebody's posts, the latest first. */
export const postsQuery = (q: Queries, authorId: string, after: string | undefined, limit: number) => {
  let rows = q.selectFrom('post').select('id').where('author_id', '=', authorId).where('hidden', '=', 0)
  if (after !== undefined) rows = rows.where('id', '<', after)
  return rows.orderBy('id', 'desc').limit(limit)
}

/** Pictures of several posts, in their places. */
export const picturesOf = async (q: Queries, postIds: readonly string[]): Promise<PictureRow[]> => {
  if (postIds.length === 0) return []
  const rows = await q
    .selectFrom('post_picture')
    .selectAll()
    .where('post_id', 'in', [...postIds])
    .execute()
  return rows.sort((a, b) => a.place - b.place)
}

export const insertLike = (trx: Transaction, userId: string, postId: string): Promise<boolean> =>
  insertIfAbsent(trx, 'post_like', { user_id: userId, post_id: postId })

export const deleteLike = async (trx: Transaction, userId: string, postId: string): Promise<boolean> => {
  const { numDeletedRows } = await trx
    .deleteFrom('post_like')
    .where('user_id', '=', userId)
    .where('post_id', '=', postId)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

/** False where the post is gone. */
export const addToCounter = async (
  trx: Transaction,
  postId: string,
  counter: 'likes' | 'comments',
  by: number,
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('post_counter')
    .set({ [counter]: sql<number>`${sql.ref(counter)} + ${by}` })
    .where('post_id', '=', postId)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const likesOf = async (q: Queries, postId: string): Promise<number> =>
  (await q.selectFrom('post_counter').select('likes').where('post_id', '=', postId).executeTakeFirst())
    ?.likes ?? 0

/** Which of these posts somebody likes. */
export const likedAmong = async (
  q: Queries,
  userId: string,
  postIds: readonly string[],
): Promise<Set<string>> => {
  if (postIds.length === 0) return new Set()
  const rows = await q
    .selectFrom('post_like')
    .select('post_id')
    .where('user_id', '=', userId)
    .where('post_id', 'in', [...postIds])
    .execute()
  return new Set(rows.map((row) => row.post_id))
}
