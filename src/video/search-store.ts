/** Owns SQL on the words of listed videos and on what people looked for. */
import { sql } from 'kysely'
import type { CompiledQuery } from 'kysely'
import type { VideoLength } from '../../contract/video.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { insertIfAbsent } from '../platform/db/portable.ts'
import { addHot } from './store.ts'

export interface Found {
  video_id: string
  publish_ms: number
  likes: number
  plays: number
  hot: number
  weight: number
}

export interface SearchFilter {
  category?: string | undefined
  ownerId?: string | undefined
  length?: VideoLength | undefined
}

const batch = 200

export const replaceTerms = async (
  trx: Transaction,
  videoId: string,
  terms: readonly (readonly [term: string, weight: number])[],
): Promise<void> => {
  await trx.deleteFrom('search_term').where('video_id', '=', videoId).execute()
  for (let at = 0; at < terms.length; at += batch) {
    await trx
      .insertInto('search_term')
      .values(terms.slice(at, at + batch).map(([term, weight]) => ({ term, weight, video_id: videoId })))
      .execute()
  }
}

/** How many videos hold the term, counted up to `most`. */
export const countTerm = async (q: Queries, term: string, most: number): Promise<number> => {
  const some = q.selectFrom('search_term').select('video_id').where('term', '=', term).limit(most)
  const row = await q
    .selectFrom(some.as('some'))
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return row.n
}

/** The newest videos that hold all terms; the rarest is to come first, for its list is walked along. */
export const foundQuery = (
  q: Queries,
  terms: readonly string[],
  filter: SearchFilter,
  most: number,
): { execute(): Promise<Found[]>; compile(): CompiledQuery } => {
  const names = terms.map((_, index) => sql.ref(`t${index}`))
  const joins = terms.slice(1).map(
    (term, index) => sql`inner join ${sql.table('search_term')} as ${sql.ref(`t${index + 1}`)}
        on ${sql.ref(`t${index + 1}.term`)} = ${term} and ${sql.ref(`t${index + 1}.video_id`)} = t0.video_id`,
  )
  const conditions = [sql`t0.term = ${terms[0] ?? ''}`]
  if (filter.category !== undefined) conditions.push(sql`r.category = ${filter.category}`)
  if (filter.ownerId !== undefined) conditions.push(sql`r.owner_id = ${filter.ownerId}`)
  if (filter.length !== undefined) conditions.push(sql`r.length = ${filter.length}`)
  const query = sql<Found>`select t0.video_id, r.publish_ms, r.likes, r.plays, r.hot,
      ${sql.join(
        names.map((name) => sql`${name}.weight`),
        sql` + `,
      )} as weight
    from ${sql.table('search_term')} as t0 ${sql.join(joins, sql` `)}
    inner join ${sql.table('video_rank')} as r on r.video_id = t0.video_id
    where ${sql.join(conditions, sql` and `)}
    order by t0.video_id desc limit ${most}`
  return { execute: async () => (await query.execute(q)).rows, compile: () => query.compile(q) }
}

/** Counts a search that found something. */
export const countQuery = async (q: Queries, query: string, text: string, hot: number): Promise<void> => {
  if (await insertIfAbsent(q, 'search_query', { query, text, hot })) return
  await q
    .updateTable('search_query')
    .set({ hot: addHot(q, sql.ref('search_query.hot'), hot) })
    .where('query', '=', query)
    .execute()
}

/** What is searched most of late. */
export const hotQuery = (q: Queries, limit: number) =>
  q.selectFrom('search_query').select('text').orderBy('hot', 'desc').orderBy('query', 'desc').limit(limit)

/** What was searched and begins like this. */
export const startingQuery = (q: Queries, start: string, limit: number) =>
  q
    .selectFrom('search_query')
    .select(['text', 'hot'])
    .where('query', '>=', start)
    .where('query', '<', `${start}\u{10ffff}`)
    .orderBy('query')
    .limit(limit)

/** Keeps what is searched most; the rest is forgotten. */
export const forgetQueries = async (q: Queries, keep: number): Promise<void> => {
  const last = await q
    .selectFrom('search_query')
    .select('hot')
    .orderBy('hot', 'desc')
    .orderBy('query', 'desc')
    .offset(keep)
    .limit(1)
    .executeTakeFirst()
  if (last) await q.deleteFrom('search_query').where('hot', '<=', last.hot).execute()
}
