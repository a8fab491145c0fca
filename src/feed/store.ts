/** Owns SQL on the news of authors, read along one index per author. Nothing is written per follower. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { FeedKind } from '../../contract/feed.ts'
import type { Queries } from '../platform/db/db.ts'
import { insertIfAbsent } from '../platform/db/portable.ts'
import type { FeedItemTable } from './tables.ts'

export type FeedItemRow = Selectable<FeedItemTable>

/** False if this was news before. */
export const insertItem = (q: Queries, row: FeedItemRow): Promise<boolean> =>
  insertIfAbsent(q, 'feed_item', row)

export const showItem = async (q: Queries, kind: FeedKind, refId: string, shown: boolean): Promise<void> => {
  await q
    .updateTable('feed_item')
    .set({ shown: shown ? 1 : 0 })
    .where('kind', '=', kind)
    .where('ref_id', '=', refId)
    .execute()
}

export const deleteItem = async (q: Queries, kind: FeedKind, refId: string): Promise<void> => {
  await q.deleteFrom('feed_item').where('kind', '=', kind).where('ref_id', '=', refId).execute()
}

interface Part {
  kind: FeedKind | undefined
  /** Older than this key. */
  before: string
}

/** When each of those that somebody follows last had news before a moment: one seek in an index for each. */
export const latestQuery = (q: Queries, followerId: string, { kind, before }: Part) =>
  q
    .selectFrom('user_follow')
    .select((eb) => [
      'user_follow.user_id as author_id',
      eb
        .selectFrom('feed_item as item')
        .select(({ fn }) => fn.max<string | null>('item.sort_key').as('latest'))
        .whereRef('item.author_id', '=', 'user_follow.user_id')
        .where('item.shown', '=', 1)
        .where('item.sort_key', '<', before)
        .$if(kind !== undefined, (some) => some.where('item.kind', '=', kind ?? 'video'))
        .as('latest'),
    ])
    .where('user_follow.follower_id', '=', followerId)

const authorQuery = (q: Queries, authorId: string, { kind, before }: Part, limit: number) =>
  q
    .selectFrom('feed_item')
    .selectAll()
    .where('author_id', '=', authorId)
    .where('shown', '=', 1)
    .where('sort_key', '<', before)
    .$if(kind !== undefined, (some) => some.where('kind', '=', kind ?? 'video'))
    .orderBy('sort_key', 'desc')
    .limit(limit)

/** Of each author the latest news before a moment, in one statement. */
export const itemsQuery = (q: Queries, authorIds: readonly string[], part: Part, limit: number) => {
  // Wrapped, since SQLite takes no LIMIT in a member of a UNION.
  const members = authorIds.map(
    (id, index) => sql`select * from (${authorQuery(q, id, part, limit)}) as ${sql.raw(`part${index}`)}`,
  )
  return sql<FeedItemRow>`${sql.join(members, sql` union all `)}`
}

interface Since {
  /** Newer than this key, and than the follow. */
  since: string
  before?: string | undefined
}

/** Starts of live sessions by those somebody follows, also of those that are over; at most `limit` for each author. */
export const liveStartsQuery = (q: Queries, followerId: string, { since, before }: Since) =>
  q
    .selectFrom('user_follow')
    .innerJoin('feed_item', 'feed_item.author_id', 'user_follow.user_id')
    .select(['feed_item.ref_id', 'feed_item.author_id', 'feed_item.sort_key', 'feed_item.at_ms'])
    .where('user_follow.follower_id', '=', followerId)
    .where('feed_item.kind', '=', 'live')
    .where('feed_item.sort_key', '>', since)
    .whereRef('feed_item.sort_key', '>', 'user_follow.sort_key')
    .$if(before !== undefined, (some) => some.where('feed_item.sort_key', '<', before ?? ''))

export const findItem = (q: Queries, kind: FeedKind, refId: string): Promise<FeedItemRow | undefined> =>
  q
    .selectFrom('feed_item')
    .selectAll()
    .where('kind', '=', kind)
    .where('ref_id', '=', refId)
    .executeTakeFirst()
