/** Owns SQL on videos, their counters and likes. */
import { sql } from 'kysely'
import type { RawBuilder, Selectable } from 'kysely'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { seek } from '../platform/db/cursor.ts'
import { forUpdate, greatest, insertIfAbsent } from '../platform/db/portable.ts'
import { prepared, preparedList } from '../platform/db/prepared.ts'
import { hotUnit } from './rules.ts'
import type { VideoLength } from '../../contract/video.ts'
import type { State, VideoCounterTable, VideoRankTable, VideoTable } from './tables.ts'

export type VideoRow = Selectable<VideoTable>
export type Counts = Omit<Selectable<VideoCounterTable>, 'video_id'>
export type VideoWithCounts = VideoRow & Counts
export type VideoCounter = keyof Counts
export type RankKey = 'publish_ms' | 'likes' | 'plays' | 'hot'
export type RankRow = Selectable<VideoRankTable>

const noCounts: Counts = { plays: 0, likes: 0, favourites: 0, coins: 0, comments: 0, danmaku: 0, shares: 0 }

export const insertVideo = async (trx: Transaction, row: VideoRow): Promise<void> => {
  await trx.insertInto('video').values(row).execute()
  await trx
    .insertInto('video_counter')
    .values({ ...noCounts, video_id: row.id })
    .execute()
}

const countColumns = [
  'counter.plays',
  'counter.likes',
  'counter.favourites',
  'counter.coins',
  'counter.comments',
  'counter.danmaku',
  'counter.shares',
] as const

const withCounts = (db: Queries) =>
  db
    .selectFrom('video')
    .innerJoin('video_counter as counter', 'counter.video_id', 'video.id')
    .selectAll('video')
    .select(countColumns)

export const findVideo: (db: Queries, publicId: string) => Promise<VideoWithCounts | undefined> = prepared(
  (db, publicId) => withCounts(db).where('video.public_id', '=', publicId),
)

const playedColumns = [
  'public_id',
  'visibility',
  'state',
  'source',
  'trashed',
  'taken_down',
  'width',
  'height',
  'bandwidth',
  'codecs',
  'media_key',
  'live_session_id',
  'captions',
  'storyboard',
] as const

/** What playing needs to know: asked for each stretch of a film. */
export type PlayedVideo = Pick<VideoRow, (typeof playedColumns)[number]>

export const findPlayed: (db: Queries, publicId: string) => Promise<PlayedVideo | undefined> = prepared(
  (db, publicId) => db.selectFrom('video').select(playedColumns).where('public_id', '=', publicId),
)

export const findVideoById = (db: Queries, id: string): Promise<VideoWithCounts | undefined> =>
  withCounts(db).where('video.id', '=', id).executeTakeFirst()

/** What others would do to it waits until this transaction ends. */
export const lockVideo = async (trx: Transaction, id: string): Promise<void> => {
  await trx.selectFrom('video').select('id').where('id', '=', id).modifyEnd(forUpdate(trx)).execute()
}

export const findVideoBySession = (db: Queries, sessionId: string): Promise<VideoWithCounts | undefined> =>
  withCounts(db).where('video.live_session_id', '=', sessionId).executeTakeFirst()

const shownColumns = [
  'video.id',
  'video.public_id',
  'video.owner_id',
  'video.title',
  'video.intro',
  'video.category',
  'video.tags',
  'video.visibility',
  'video.state',
  'video.failure_code',
  'video.duration_ms',
  'video.width',
  'video.height',
  'video.size_bytes',
  'video.cover_key',
  'video.live_session_id',
  'video.publish_ms',
  'video.created_ms',
  'video.deleted_ms',
  'video.trashed',
  'video.taken_down',
  'video.taken_down_reason',
  'video.captions',
  'video.storyboard',
  'video.publish_at_ms',
] as const

type Unprefixed<T> = T extends `video.${infer Name}` ? Name : never
/** What a video shows to people: half the cost of a page is reading columns. */
export type ShownVideo = Pick<VideoRow, Unprefixed<(typeof shownColumns)[number]> & keyof VideoRow> & Counts

const shownVideos = preparedList((db, ids) =>
  db
    .selectFrom('video')
    .innerJoin('video_counter as counter', 'counter.video_id', 'video.id')
    .select([...shownColumns, ...countColumns])
    .where('video.id', 'in', ids),
)

/** The rows that exist among `ids`, in their order; at most one page of ids. */
export const findVideos = async (db: Queries, ids: readonly string[]): Promise<ShownVideo[]> => {
  const rows = await shownVideos(db, ids)
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** The rows that exist among public ids, in no order; at most one page of ids. */
export const findVideosByPublicId = async (
  db: Queries,
  publicIds: readonly string[],
): Promise<VideoWithCounts[]> =>
  publicIds.length === 0
    ? []
    : withCounts(db)
        .where('video.public_id', 'in', [...publicIds])
        .execute()

export const updateVideo = async (db: Queries, id: string, change: Partial<VideoRow>): Promise<void> => {
  await db.updateTable('video').set(change).where('id', '=', id).execute()
}

/** Changes the row only from this state; true for exactly one of several callers. */
export const moveVideo = async (
  db: Queries,
  id: string,
  from: readonly State[],
  change: Partial<VideoRow>,
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('video')
    .set(change)
    .where('id', '=', id)
    .where('state', 'in', [...from])
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const deleteVideoRows = async (trx: Transaction, id: string): Promise<void> => {
  await trx.deleteFrom('video_rank').where('video_id', '=', id).execute()
  await trx.deleteFrom('video_tag').where('video_id', '=', id).execute()
  await trx.deleteFrom('search_term').where('video_id', '=', id).execute()
  await trx.deleteFrom('video_like').where('video_id', '=', id).execute()
  await trx.deleteFrom('video_coin').where('video_id', '=', id).execute()
  await trx.deleteFrom('video_share').where('video_id', '=', id).execute()
  await trx.deleteFrom('video_counter').where('video_id', '=', id).execute()
  await trx.deleteFrom('video').where('id', '=', id).execute()
}

export interface RankQuery {
  key: RankKey
  category?: string | undefined
  ownerId?: string | undefined
  length?: VideoLength | undefined
  after?: readonly [key: number, id: string] | undefined
  limit: number
}

/** One page of a public list. An author's rows in one category are filtered along the author's own index. */
export const rankQuery = (db: Queries, { key, category, ownerId, length, after, limit }: RankQuery) => {
  let query = db.selectFrom('video_rank').select(['video_id', key])
  if (ownerId !== undefined) query = query.where('owner_id', '=', ownerId)
  if (category !== undefined) query = query.where('category', '=', category)
  if (length !== undefined) query = query.where('length', '=', length)
  if (after !== undefined) {
    query = query.where(
      seek([
        [key, 'desc', after[0]],
        ['video_id', 'desc', after[1]],
      ]),
    )
  }
  return query.orderBy(key, 'desc').orderBy('video_id', 'desc').limit(limit)
}

export interface MineQuery {
  ownerId: string
  trashed: boolean
  state?: State | undefined
  afterId?: string | undefined
  limit: number
}

export const mineQuery = (db: Queries, { ownerId, trashed, state, afterId, limit }: MineQuery) => {
  let query = db
    .selectFrom('video')
    .select('id')
    .where('owner_id', '=', ownerId)
    .where('trashed', '=', trashed ? 1 : 0)
  // Filtered along the owner's own rows: an index that begins with the state tempts MariaDB into sorting.
  if (state !== undefined) query = query.where(sql`coalesce(${sql.ref('state')}, '')`, '=', state)
  if (afterId !== undefined) query = query.where('id', '<', afterId)
  return query.orderBy('id', 'desc').limit(limit)
}

/** How many drafts somebody has, up to `limit`. */
export const countDrafts = async (db: Queries, ownerId: string, limit: number): Promise<number> =>
  (await mineQuery(db, { ownerId, trashed: false, state: 'draft', limit }).execute()).length

/** Rows that have been in `state` since before `beforeMs`. */
export const staleQuery = (db: Queries, state: State, beforeMs: number, limit: number) =>
  db
    .selectFrom('video')
    .select(['id', 'updated_ms'])
    .where('state', '=', state)
    .where('updated_ms', '<', beforeMs)
    .orderBy('updated_ms')
    .limit(limit)

export const trashQuery = (db: Queries, beforeMs: number, limit: number) =>
  db.selectFrom('video').select('id').where('deleted_ms', '<', beforeMs).orderBy('deleted_ms').limit(limit)

/** False if it stands there already. */
export const insertRank = (trx: Transaction, row: RankRow): Promise<boolean> =>
  insertIfAbsent(trx, 'video_rank', row)

export const updateRank = async (db: Queries, id: string, change: Partial<RankRow>): Promise<void> => {
  await db.updateTable('video_rank').set(change).where('video_id', '=', id).execute()
}

/** False if it was not there. */
export const deleteRank = async (trx: Transaction, id: string): Promise<boolean> => {
  const { numDeletedRows } = await trx.deleteFrom('video_rank').where('video_id', '=', id).executeTakeFirst()
  return numDeletedRows === 1n
}

/** Copies the counters of these videos into their ranking rows, where they have one. */
export const refreshRanks = async (db: Queries, ids: readonly string[]): Promise<void> => {
  if (ids.length === 0) return
  const counted = (column: 'likes' | 'plays') =>
    sql<number>`(select ${sql.ref(column)} from ${sql.table('video_counter')} as c where c.video_id = ${sql.ref('video_rank.video_id')})`
  await db
    .updateTable('video_rank')
    .set({ likes: counted('likes'), plays: counted('plays') })
    .where('video_id', 'in', [...ids])
    .execute()
}

/** Adds to the hot scores; `hot` says what for each, as `hotKey` made it. */
export const raiseHot = async (db: Queries, id: string, hot: number): Promise<void> => {
  await db
    .updateTable('video_rank')
    .set({ hot: addHot(db, sql.ref('video_rank.hot'), hot) })
    .where('video_id', '=', id)
    .execute()
}

/** The logarithm of the sum of two numbers of which the logarithms are given; neither is ever written out. */
export const addHot = (q: Queries, old: RawBuilder<unknown>, more: number): RawBuilder<number> => {
  const [a, b] = [sql<number>`(${old} / ${hotUnit})`, sql<number>`(${more} / ${hotUnit})`]
  const top = greatest(q, a, b)
  return sql<number>`round(${hotUnit} * (${top} + log2(pow(2, ${a} - ${top}) + pow(2, ${b} - ${top}))))`
}

/** One page of the listed videos that carry a tag, newest first. */
export const taggedQuery = (
  db: Queries,
  { tag, after, limit }: { tag: string; after?: readonly [number, string] | undefined; limit: number },
) => {
  let query = db.selectFrom('video_tag').select(['video_id', 'publish_ms']).where('tag', '=', tag)
  if (after !== undefined)
    query = query.where(
      seek([
        ['publish_ms', 'desc', after[0]],
        ['video_id', 'desc', after[1]],
      ]),
    )
  return query.orderBy('publish_ms', 'desc').orderBy('video_id', 'desc').limit(limit)
}

export const replaceTags = async (
  trx: Transaction,
  videoId: string,
  tags: readonly string[],
  publishMs: number,
): Promise<void> => {
  await trx.deleteFrom('video_tag').where('video_id', '=', videoId).execute()
  if (tags.length === 0) return
  await trx
    .insertInto('video_tag')
    .values([...new Set(tags)].map((tag) => ({ tag, video_id: videoId, publish_ms: publishMs })))
    .execute()
}

/** Ranking rows in order beside their counters, for walking through all of them in steps. */
export const rankedCounts = (db: Queries, afterId: string, limit: number) =>
  db
    .selectFrom('video_rank')
    .innerJoin('video_counter as counter', 'counter.video_id', 'video_rank.video_id')
    .select(['video_rank.video_id', 'video_rank.likes', 'video_rank.plays'])
    .select(['counter.likes as counted_likes', 'counter.plays as counted_plays'])
    .where('video_rank.video_id', '>', afterId)
    .orderBy('video_rank.video_id')
    .limit(limit)
    .execute()

/** Adds `by` (may be negative) in one statement; never below 0. */
export const addToCounter = async (
  db: Queries,
  videoId: string,
  counter: VideoCounter,
  by: number,
): Promise<void> => {
  const column = sql.ref(counter)
  await db
    .updateTable('video_counter')
    .set({ [counter]: sql`CASE WHEN ${column} + ${by} < 0 THEN 0 ELSE ${column} + ${by} END` })
    .where('video_id', '=', videoId)
    .execute()
}

export const likesOf = async (db: Queries, videoId: string): Promise<number> => {
  const row = await db
    .selectFrom('video_counter')
    .select('likes')
    .where('video_id', '=', videoId)
    .executeTakeFirst()
  return row?.likes ?? 0
}

/** False if it was liked already. */
export const insertLike = (
  trx: Transaction,
  like: { user_id: string; video_id: string; created_ms: number },
): Promise<boolean> => insertIfAbsent(trx, 'video_like', like)

/** False if it was not liked. */
export const deleteLike = async (trx: Transaction, userId: string, videoId: string): Promise<boolean> => {
  const { numDeletedRows } = await trx
    .deleteFrom('video_like')
    .where('user_id', '=', userId)
    .where('video_id', '=', videoId)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

/** Which of these videos somebody likes. */
export const likedAmong = async (
  db: Queries,
  userId: string,
  videoIds: readonly string[],
): Promise<Set<string>> => {
  if (videoIds.length === 0) return new Set()
  const rows = await db
    .selectFrom('video_like')
    .select('video_id')
    .where('user_id', '=', userId)
    .where('video_id', 'in', [...videoIds])
    .execute()
  return new Set(rows.map((row) => row.video_id))
}

export const findByTimeline = (db: Queries, timelineId: string): Promise<{ id: string } | undefined> =>
  db.selectFrom('video').select('id').where('timeline_id', '=', timelineId).executeTakeFirst()

export type Shelf = { state: State } | { taken_down: 1 } | { trashed: 1 } | { owner_id: string } | undefined

/** Videos of everybody in every state, the newest first. */
export const shelfQuery = (
  db: Queries,
  shelf: Shelf,
  page: { limit: number; afterId?: string | undefined },
) => {
  let rows = db.selectFrom('video').select('id')
  for (const [column, value] of Object.entries(shelf ?? {}) as ['state', State][])
    rows = rows.where(column, '=', value)
  if (page.afterId !== undefined) rows = rows.where('id', '<', page.afterId)
  return rows.orderBy('id', 'desc').limit(page.limit)
}

/** Videos whose title begins so, in the order of titles. */
export const titleQuery = (
  db: Queries,
  prefix: string,
  page: { limit: number; after?: readonly [title: string, id: string] | undefined },
) => {
  let rows = db
    .selectFrom('video')
    .select(['id', 'title'])
    .where('title', '>=', prefix)
    .where('title', '<', `${prefix}\u{10ffff}`)
  if (page.after) {
    const [title, id] = page.after
    rows = rows.where(
      seek([
        ['title', 'asc', title],
        ['id', 'asc', id],
      ]),
    )
  }
  return rows.orderBy('title').orderBy('id').limit(page.limit)
}

/** Videos made since the id `fromId`, which sorts by time: reads the keys of that time only. */
export const madeSinceQuery = (db: Queries, fromId: string) =>
  db
    .selectFrom('video')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('id', '>=', fromId)

export const firstPublishedQuery = (db: Queries) =>
  db.selectFrom('video_rank').select('publish_ms').orderBy('publish_ms').orderBy('video_id').limit(1)

/** Public videos that were published in this time, oldest first. */
export const publishedQuery = (db: Queries, fromMs: number, toMs: number, limit: number) =>
  db
    .selectFrom('video_rank')
    .innerJoin('video', 'video.id', 'video_rank.video_id')
    .select(['video.public_id', 'video.updated_ms'])
    .where('video_rank.publish_ms', '>=', fromMs)
    .where('video_rank.publish_ms', '<', toMs)
    .orderBy('video_rank.publish_ms')
    .orderBy('video_rank.video_id')
    .limit(limit)
