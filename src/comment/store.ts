/** Owns all SQL on comments. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import { seek } from '../platform/db/cursor.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { forUpdate, insertIfAbsent, upsert } from '../platform/db/portable.ts'
import type { CommentTable } from './tables.ts'

/** `subject_id` is the column `video_id`, whose name is older than comments on anything else. */
export type CommentRow = Omit<Selectable<CommentTable>, 'video_id'> & { subject_id: string }
export type CommentWithCounts = CommentRow & { likes: number; replies: number }

export const insertComment = async (trx: Transaction, row: CommentRow): Promise<void> => {
  const { subject_id: video_id, ...rest } = row
  await trx
    .insertInto('comment')
    .values({ ...rest, video_id })
    .execute()
  await trx
    .insertInto('comment_counter')
    .values({
      comment_id: row.id,
      video_id,
      root_id: row.root_id,
      likes: 0,
      replies: 0,
      score: 0,
    })
    .execute()
}

const columns = [
  'comment.id',
  'comment.subject_kind',
  'comment.video_id as subject_id',
  'comment.root_id',
  'comment.parent_id',
  'comment.user_id',
  'comment.text',
  'comment.time_ms',
  'comment.created_ms',
  'comment.edited_ms',
  'comment.deleted',
] as const

const withCounts = (q: Queries) =>
  q
    .selectFrom('comment')
    .innerJoin('comment_counter as counter', 'counter.comment_id', 'comment.id')
    .select(columns)
    .select(['counter.likes', 'counter.replies'])

export const findComment = (q: Queries, id: string): Promise<CommentWithCounts | undefined> =>
  withCounts(q).where('comment.id', '=', id).executeTakeFirst()

/** The row as it stays until the transaction ends. */
export const lockComment = (trx: Transaction, id: string): Promise<CommentRow | undefined> =>
  trx.selectFrom('comment').select(columns).where('id', '=', id).modifyEnd(forUpdate(trx)).executeTakeFirst()

/** Those that exist among `ids`, in their order. */
export const findComments = async (q: Queries, ids: readonly string[]): Promise<CommentWithCounts[]> => {
  if (ids.length === 0) return []
  const rows = await withCounts(q)
    .where('comment.id', 'in', [...ids])
    .execute()
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** Ids of the comments at the top, newest first. */
export const newestQuery = (
  q: Queries,
  subjectId: string,
  page: { afterId: string | undefined; limit: number },
) => {
  let rows = q.selectFrom('comment').select('id').where('video_id', '=', subjectId).where('root_id', '=', '')
  if (page.afterId !== undefined) rows = rows.where(seek([['id', 'desc', page.afterId]]))
  return rows.orderBy('id', 'desc').limit(page.limit)
}

/** Ids of the comments at the top, most liked and answered first. */
export const hotQuery = (
  q: Queries,
  subjectId: string,
  page: { after: readonly [score: number, id: string] | undefined; limit: number },
) => {
  let rows = q
    .selectFrom('comment_counter')
    .select(['comment_id', 'score'])
    .where('video_id', '=', subjectId)
    .where('root_id', '=', '')
  if (page.after !== undefined)
    rows = rows.where(
      seek([
        ['score', 'desc', page.after[0]],
        ['comment_id', 'desc', page.after[1]],
      ]),
    )
  return rows.orderBy('score', 'desc').orderBy('comment_id', 'desc').limit(page.limit)
}

/** Ids of a thread's replies, oldest first. */
export const repliesQuery = (
  q: Queries,
  rootId: string,
  page: { afterId: string | undefined; limit: number },
) => {
  let rows = q.selectFrom('comment').select('id').where('root_id', '=', rootId)
  if (page.afterId !== undefined) rows = rows.where(seek([['id', 'asc', page.afterId]]))
  return rows.orderBy('id').limit(page.limit)
}

/** The first `each` replies of each thread, in one statement. */
export const firstReplies = async (
  q: Queries,
  rootIds: readonly string[],
  each: number,
): Promise<{ id: string; root_id: string }[]> => {
  if (rootIds.length === 0) return []
  const members = rootIds.map(
    (rootId) =>
      sql`select * from (select id, root_id from ${sql.table('comment')} where root_id = ${rootId} order by id limit ${each}) as part`,
  )
  const query = sql<{ id: string; root_id: string }>`${sql.join(members, sql` union all `)}`
  return (await query.execute(q)).rows
}

export const updateComment = async (
  q: Queries,
  id: string,
  change: Pick<CommentRow, 'text' | 'edited_ms'>,
): Promise<void> => {
  await q.updateTable('comment').set(change).where('id', '=', id).execute()
}

/** True for exactly one of several callers. */
export const markDeleted = async (trx: Transaction, id: string): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('comment')
    .set({ deleted: 1, text: '', time_ms: null })
    .where('id', '=', id)
    .where('deleted', '=', 0)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** True for exactly one of several callers. */
export const deleteRows = async (trx: Transaction, id: string): Promise<boolean> => {
  await trx.deleteFrom('comment_pin').where('comment_id', '=', id).execute()
  await trx.deleteFrom('comment_like').where('comment_id', '=', id).execute()
  await trx.deleteFrom('comment_counter').where('comment_id', '=', id).execute()
  const { numDeletedRows } = await trx.deleteFrom('comment').where('id', '=', id).executeTakeFirst()
  return numDeletedRows === 1n
}

/** An answer weighs as much as two likes. */
export const addToCounter = async (
  trx: Transaction,
  id: string,
  counter: 'likes' | 'replies',
  by: number,
): Promise<void> => {
  const weight = counter === 'likes' ? 1 : 2
  await trx
    .updateTable('comment_counter')
    .set({
      [counter]: sql<number>`${sql.ref(counter)} + ${by}`,
      score: sql<number>`${sql.ref('score')} + ${by * weight}`,
    })
    .where('comment_id', '=', id)
    .execute()
}

export const repliesOf = async (q: Queries, id: string): Promise<number> =>
  (await q.selectFrom('comment_counter').select('replies').where('comment_id', '=', id).executeTakeFirst())
    ?.replies ?? 0

export const likesOf = async (q: Queries, id: string): Promise<number> =>
  (await q.selectFrom('comment_counter').select('likes').where('comment_id', '=', id).executeTakeFirst())
    ?.likes ?? 0

/** False if it was liked already. */
export const insertLike = (
  trx: Transaction,
  row: { user_id: string; comment_id: string; created_ms: number },
): Promise<boolean> => insertIfAbsent(trx, 'comment_like', row)

export const deleteLike = async (trx: Transaction, userId: string, id: string): Promise<boolean> => {
  const { numDeletedRows } = await trx
    .deleteFrom('comment_like')
    .where('user_id', '=', userId)
    .where('comment_id', '=', id)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

export const likedAmong = async (
  q: Queries,
  userId: string,
  ids: readonly string[],
): Promise<Set<string>> => {
  if (ids.length === 0) return new Set()
  const rows = await q
    .selectFrom('comment_like')
    .select('comment_id')
    .where('user_id', '=', userId)
    .where('comment_id', 'in', [...ids])
    .execute()
  return new Set(rows.map((row) => row.comment_id))
}

export const pinnedOf = async (q: Queries, subjectId: string): Promise<string | undefined> =>
  (
    await q
      .selectFrom('comment_pin')
      .select('comment_id')
      .where('video_id', '=', subjectId)
      .executeTakeFirst()
  )?.comment_id

export const putPin = (trx: Transaction, subjectId: string, commentId: string): Promise<void> =>
  upsert(trx, 'comment_pin', [{ video_id: subjectId, comment_id: commentId }], {
    key: ['video_id'],
    replace: ['comment_id'],
  })

export const deletePin = async (q: Queries, subjectId: string, commentId: string): Promise<void> => {
  await q
    .deleteFrom('comment_pin')
    .where('video_id', '=', subjectId)
    .where('comment_id', '=', commentId)
    .execute()
}

/** All comments below a video or a post that is deleted for good, in the transaction that deletes it. */
export const deleteCommentsOf = async (trx: Transaction, subjectId: string): Promise<void> => {
  const own = trx.selectFrom('comment_counter').select('comment_id').where('video_id', '=', subjectId)
  await trx.deleteFrom('comment_pin').where('video_id', '=', subjectId).execute()
  await trx.deleteFrom('comment_like').where('comment_id', 'in', own).execute()
  await trx.deleteFrom('comment_counter').where('video_id', '=', subjectId).execute()
  await trx.deleteFrom('comment').where('video_id', '=', subjectId).execute()
}
