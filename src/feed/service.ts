/**
 * Owns the feed: it is pulled. Of each followed author the moment of the latest news is one seek in an index; the
 * authors of the latest make the page. A live start writes one row, whether ten or a million follow.
 */
import type { FeedItem, FeedKind, Post } from '../../contract/feed.ts'
import type { Room } from '../../contract/live.ts'
import type { Video } from '../../contract/video.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db } from '../platform/db/db.ts'
import type { Language } from '../platform/http/language.ts'
import type { Caller } from '../platform/http/route.ts'
import { isoTime } from '../user/index.ts'
import type { VideoService } from '../video/index.ts'
import type { Live } from '../live/index.ts'
import type { Posts } from './posts.ts'
import * as store from './store.ts'
import type { FeedItemRow } from './store.ts'

interface Deps {
  db: Db
  videos: VideoService
  rooms: Live['rooms']
  posts: Posts
  cursorSecret: Uint8Array
}

/** Sorts after every key. */
const end = '~'

export type Feed = ReturnType<typeof createFeedService>

export const createFeedService = ({ db, videos, rooms, posts, cursorSecret }: Deps) => {
  const pageOf = async (
    userId: string,
    part: { kind: FeedKind | undefined; before: string },
    limit: number,
  ) => {
    const latest = await store.latestQuery(db, userId, part).execute()
    // Sorted here: at most five thousand short texts, and no engine sorts them along an index.
    const authors = latest
      .flatMap(({ author_id, latest: key }) => (key === null ? [] : [{ author_id, key }]))
      .sort((a, b) => (a.key < b.key ? 1 : -1))
      .slice(0, limit)
      .map(({ author_id }) => author_id)
    // What the page holds is by the authors with the latest news, or one's own.
    const { rows } = await store.itemsQuery(db, [...authors, userId], part, limit).execute(db)
    return rows.sort((a, b) => (a.sort_key < b.sort_key ? 1 : -1)).slice(0, limit)
  }

  const fill = async (
    rows: readonly FeedItemRow[],
    caller: Caller,
    language: Language,
  ): Promise<FeedItem[]> => {
    const refs = (kind: FeedKind) => rows.filter((row) => row.kind === kind)
    const [shownVideos, onAir, shownPosts] = await Promise.all([
      videos.listedAmong(
        refs('video').map((row) => row.ref_id),
        { caller, language },
      ),
      rooms.onAirAmong(
        refs('live').map((row) => row.author_id),
        caller.userId,
      ),
      posts.among(
        refs('post').map((row) => row.ref_id),
        caller.userId,
      ),
    ])
    return rows.flatMap((row) => {
      const base = { id: row.ref_id, time: isoTime(row.at_ms) }
      const found = itemOf(row, { video: shownVideos, room: onAir, post: shownPosts })
      return found === undefined ? [] : [{ ...base, ...found }]
    })
  }

  return {
    /** What the followed did, the latest first. A page may hold less than `limit` where something has just gone. */
    async list(
      query: { limit: number; cursor?: string | undefined; kind?: FeedKind | undefined },
      caller: Caller,
      language: Language,
    ): Promise<{ items: FeedItem[]; next_cursor: string | null }> {
      const name = `feed:${caller.userId}:${query.kind ?? ''}`
      const [before] =
        query.cursor === undefined ? [end] : decodeCursor(name, query.cursor, cursorSecret, ['string'])
      const rows = await pageOf(caller.userId, { kind: query.kind, before }, query.limit + 1)
      const { items, nextCursor } = cutPage(rows, query.limit, (last) =>
        encodeCursor(name, [last.sort_key], cursorSecret),
      )
      return { items: await fill(items, caller, language), next_cursor: nextCursor }
    },

    /**
     * Live sessions that were started by those somebody follows, since the follow and after `since`, the latest
     * first. Of these the last `limit`; sorted here, since they come from as many places as one follows.
     */
    async liveStarts(
      followerId: string,
      range: { since: string; before?: string | undefined },
      limit: number,
    ): Promise<{ sessionId: string; authorId: string; sortKey: string; atMs: number }[]> {
      const rows = await store.liveStartsQuery(db, followerId, range).limit(maxStarts).execute()
      return rows
        .sort((a, b) => (a.sort_key < b.sort_key ? 1 : -1))
        .slice(0, limit)
        .map((row) => ({
          sessionId: row.ref_id,
          authorId: row.author_id,
          sortKey: row.sort_key,
          atMs: row.at_ms,
        }))
    },
  }
}

/** A week's of everybody one follows; more nobody reads. */
const maxStarts = 5000

const itemOf = (
  row: FeedItemRow,
  shown: { video: Map<string, Video>; room: Map<string, Room>; post: Map<string, Post> },
) => {
  if (row.kind === 'video') {
    const video = shown.video.get(row.ref_id)
    return video && ({ kind: 'video', video } as const)
  }
  if (row.kind === 'live') {
    const room = shown.room.get(row.author_id)
    return room?.session_id === row.ref_id ? ({ kind: 'live', room } as const) : undefined
  }
  const post = shown.post.get(row.ref_id)
  return post && ({ kind: 'post', post } as const)
}
