/**
 * Owns finding videos by words: keeping the words of what is listed, ranking at most the newest 2,000 hits, and what
 * to suggest. The words follow events, so that a change is found a moment after it is made.
 */
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import type { Kv } from '../platform/kv/kv.ts'
import { cutQuery, foldText, termsOf, termsOfWord } from '../platform/search/words.ts'
import type { UserService } from '../user/index.ts'
import { hotKey, isListed } from './rules.ts'
import * as searchStore from './search-store.ts'
import type { Found, SearchFilter } from './search-store.ts'
import * as store from './store.ts'

const mostHits = 2000
const mostTerms = 16
const introLength = 500
/** What is typed by others is kept for suggestions; more than these are never of use. */
const mostQueries = 10_000
const countOnceMs = 24 * 3600_000

export type SearchSort = 'best' | 'newest' | 'likes' | 'plays' | 'hot'

interface Deps {
  db: Db
  kv: Kv
  clock: Clock
  users: UserService
}

export type Search = ReturnType<typeof createSearch>

export const createSearch = ({ db, kv, clock, users }: Deps) => {
  let counted = 0

  /** Reads the row as it is now and writes its words anew; none where it is not listed. */
  const index = async (publicId: string): Promise<void> => {
    const video = await store.findVideo(db, publicId)
    if (video === undefined) return
    const author = (await users.authors([video.owner_id])).get(video.owner_id)
    await db.transaction(async (trx) => {
      // Two at once would each put the words beside the other's.
      await store.lockVideo(trx, video.id)
      const now = await store.findVideoById(trx, video.id)
      if (now === undefined) return
      const weighed = isListed(now) ? weighTerms(now, author?.nickname ?? '') : []
      await searchStore.replaceTerms(trx, now.id, weighed)
    })
  }

  return {
    index,

    /** Keeps the words by the news of videos. */
    follow: (events: Events): Promise<void> =>
      events.consume(
        'video.search',
        ['video.published', 'video.ready', 'video.changed', 'video.deleted', 'video.restored'],
        ({ payload }) => index(payload.video_id),
      ),

    /** The hits in order, at most 2,000, and the words that were looked for. */
    async find(
      text: string,
      filter: SearchFilter,
      sort: SearchSort,
    ): Promise<{ hits: Found[]; words: string[] }> {
      const words = await cutQuery(text)
      const terms = [...new Set(words.flatMap(termsOfWord))].slice(0, mostTerms)
      if (terms.length === 0) return { hits: [], words }
      const counts = await Promise.all(terms.map((term) => searchStore.countTerm(db, term, mostHits + 1)))
      if (counts.includes(0)) return { hits: [], words }
      const rarest = terms.toSorted(
        (a, b) => (counts[terms.indexOf(a)] ?? 0) - (counts[terms.indexOf(b)] ?? 0),
      )
      const hits = await searchStore.foundQuery(db, rarest, filter, mostHits).execute()
      return { hits: hits.sort(orders[sort]), words }
    },

    /** Remembers that this viewer looked for it and found something; once a day. */
    async count(text: string, viewer: string): Promise<void> {
      const query = foldText(text)
      try {
        if (!(await kv.setIfAbsent(`search:${viewer}:${query}`, '1', countOnceMs))) return
      } catch {
        // Not knowing whether it was counted, it is not.
        return
      }
      await searchStore.countQuery(db, query, text, hotKey(clock.now()))
      if (++counted % 1000 === 0) await searchStore.forgetQueries(db, mostQueries)
    },

    hot: async (): Promise<string[]> =>
      (await searchStore.hotQuery(db, 10).execute()).map(({ text }) => text),

    /** What others looked for, then titles that hold it. */
    async suggest(text: string): Promise<string[]> {
      const start = foldText(text)
      if (start === '') return []
      const asked = await searchStore.startingQuery(db, start, 100).execute()
      const queries = asked.sort((a, b) => b.hot - a.hot).map((row) => row.text)
      const terms = [...termsOf(text)].filter((term, _, all) => [...term].length > 1 || all.length === 1)
      const hits =
        terms.length === 0 ? [] : await searchStore.foundQuery(db, terms.slice(0, 6), {}, 20).execute()
      const titles = (
        await store.findVideos(
          db,
          hits.map((hit) => hit.video_id),
        )
      ).map((row) => row.title)
      return [...new Set([...queries.slice(0, 6), ...titles])].slice(0, 10)
    },
  }
}

/** What stands in the title says most. */
const weighTerms = (video: store.VideoRow, author: string): [string, number][] => {
  const weights = new Map<string, number>()
  const add = (text: string, weight: number): void => {
    for (const term of termsOf(text)) weights.set(term, (weights.get(term) ?? 0) + weight)
  }
  add(video.title, 8)
  for (const tag of JSON.parse(video.tags) as string[]) add(tag, 6)
  add(author, 5)
  add(video.intro.slice(0, introLength), 1)
  return [...weights]
}

const newest = (a: Found, b: Found): number =>
  b.publish_ms - a.publish_ms || (a.video_id < b.video_id ? 1 : -1)
const worth = (hit: Found): number => hit.weight * (1 + Math.log10(1 + hit.plays + 4 * hit.likes) / 4)

const orders: Readonly<Record<SearchSort, (a: Found, b: Found) => number>> = {
  best: (a, b) => worth(b) - worth(a) || newest(a, b),
  newest,
  likes: (a, b) => b.likes - a.likes || newest(a, b),
  plays: (a, b) => b.plays - a.plays || newest(a, b),
  hot: (a, b) => b.hot - a.hot || newest(a, b),
}
