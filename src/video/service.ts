/** Owns reading and editing videos, and who may do so. Uploads, processing, reactions and replays stand beside it. */
import type { z } from 'zod'
import type { Kept, OwnVideo, Video, createVideo, patchVideo } from '../../contract/video.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Queries, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Language } from '../platform/http/language.ts'
import { isoTime } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import type { Addresses } from './addresses.ts'
import type { Listing } from './listing.ts'
import { isListable, isListed, maySee, newVideoRow, tagKey } from './rules.ts'
import type { ListFilter, NewVideo } from './rules.ts'
import * as reactionStore from './reaction-store.ts'
import type { Search } from './search.ts'
import * as store from './store.ts'
import type { State } from './tables.ts'
import { toOwnVideo, toVideo } from './view.ts'

export interface Viewer {
  caller: Caller | undefined
  language: Language
}

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

interface PageQuery {
  limit: number
  cursor?: string | undefined
}

export type NewDraft = z.output<NonNullable<typeof createVideo.body>>
export type VideoChange = z.output<NonNullable<typeof patchVideo.body>>

const rankKeys = { newest: 'publish_ms', likes: 'likes', plays: 'plays', hot: 'hot' } as const
const maxDrafts = 100
const relatedCount = 12
/** A limit of the format of site maps. */
const mostInMap = 50_000

interface Deps {
  db: Db
  clock: Clock
  users: UserService
  addresses: Addresses
  listing: Listing
  search: Search
  cursorKey: Buffer
}

export type Videos = ReturnType<typeof createVideoService>

export const createVideoService = ({ db, clock, users, addresses, listing, search, cursorKey }: Deps) => {
  const toVideos = async (rows: readonly store.ShownVideo[], viewer: Viewer): Promise<Video[]> => {
    const ids = rows.map((row) => row.id)
    const [authors, liked, favourited, coins] = await Promise.all([
      users.authors(
        rows.map((row) => row.owner_id),
        viewer.caller?.userId,
      ),
      viewer.caller ? store.likedAmong(db, viewer.caller.userId, ids) : new Set<string>(),
      viewer.caller ? reactionStore.favouredAmong(db, viewer.caller.userId, ids) : new Set<string>(),
      viewer.caller ? reactionStore.coinsAmong(db, viewer.caller.userId, ids) : new Map<string, number>(),
    ])
    return rows.flatMap((row) => {
      const author = authors.get(row.owner_id)
      if (author === undefined) return []
      const mine = {
        liked: liked.has(row.id),
        favourited: favourited.has(row.id),
        coins: coins.get(row.id) ?? 0,
      }
      return toVideo(row, { author, mine, language: viewer.language }, addresses)
    })
  }

  const toOwn = async (rows: readonly store.ShownVideo[], viewer: Viewer): Promise<OwnVideo[]> => {
    const videos = await toVideos(rows, viewer)
    return rows.flatMap((row, index) => {
      const shown = videos[index]
      if (shown === undefined) return []
      const seen = { author: shown.author, mine: shown.mine, language: viewer.language }
      return toOwnVideo(row, seen, addresses)
    })
  }

  /** The row, if the caller may know of it. Throws `not_found`. */
  const seen = async (publicId: string, caller: Caller | undefined): Promise<store.VideoWithCounts> => {
    const row = await store.findVideo(db, publicId)
    if (row === undefined || !maySee(row, caller)) throw new AppError('not_found')
    return row
  }

  const seenById = async (rowId: string, caller: Caller | undefined): Promise<store.VideoWithCounts> => {
    const row = await store.findVideoById(db, rowId)
    if (row === undefined || !maySee(row, caller)) throw new AppError('not_found')
    return row
  }

  /** The row, if it is the caller's own; deleted ones only on request. Throws `not_found`. */
  const owned = async (
    publicId: string,
    caller: Pick<Caller, 'userId'>,
    options: { q?: Queries; trashed?: boolean } = {},
  ): Promise<store.VideoWithCounts> => {
    const row = await store.findVideo(options.q ?? db, publicId)
    if (row?.owner_id !== caller.userId) throw new AppError('not_found')
    if (row.trashed !== (options.trashed === true ? 1 : 0)) throw new AppError('not_found')
    return row
  }

  const ownView = async (id: string, viewer: Viewer): Promise<OwnVideo> => {
    const row = await store.findVideoById(db, id)
    const [shown] = row ? await toOwn([row], viewer) : []
    if (shown === undefined) throw new AppError('not_found')
    return shown
  }

  const shownPage = async (
    ids: readonly string[],
    next: string | null,
    viewer: Viewer,
  ): Promise<Page<Video>> => ({
    items: await toVideos(await store.findVideos(db, ids), viewer),
    next_cursor: next,
  })

  const listTagged = async (tag: string, page: PageQuery, viewer: Viewer): Promise<Page<Video>> => {
    const name = `videos:tag:${tag}`
    const after =
      page.cursor === undefined ? undefined : decodeCursor(name, page.cursor, cursorKey, ['number', 'string'])
    const found = await store.taggedQuery(db, { tag, after, limit: page.limit + 1 }).execute()
    const { items, nextCursor } = cutPage(found, page.limit, (last) =>
      encodeCursor(name, [last.publish_ms, last.video_id], cursorKey),
    )
    return shownPage(
      items.map((item) => item.video_id),
      nextCursor,
      viewer,
    )
  }

  /** Ranked anew for each page; the cursor is the last hit of the page before. */
  const find = async (
    text: string,
    filter: ListFilter,
    page: PageQuery,
    viewer: Viewer & { address: string },
  ): Promise<Page<Video> & { words: string[] }> => {
    const { category, user: ownerId, length, sort = 'best' } = filter
    const name = `search:${JSON.stringify([text, category, ownerId, length, sort])}`
    const [afterId] = page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorKey, ['string'])
    const { hits, words } = await search.find(text, { category, ownerId, length }, sort)
    const from = hits.findIndex((hit) => hit.video_id === afterId) + 1
    const { items, nextCursor } = cutPage(hits.slice(from, from + page.limit + 1), page.limit, (last) =>
      encodeCursor(name, [last.video_id], cursorKey),
    )
    if (hits.length > 0 && afterId === undefined)
      await search.count(text, viewer.caller?.userId ?? viewer.address)
    const ids = items.map((item) => item.video_id)
    return { ...(await shownPage(ids, nextCursor, viewer)), words }
  }

  const list = async (filter: ListFilter, page: PageQuery, viewer: Viewer): Promise<Page<Video>> => {
    if (!isListable(filter)) throw new AppError('params_invalid')
    if (filter.tag !== undefined) return listTagged(tagKey(filter.tag), page, viewer)
    const sort = filter.sort ?? 'newest'
    const key = rankKeys[sort]
    const name = `videos:${sort}:${filter.category ?? ''}:${filter.user ?? ''}:${filter.length ?? ''}`
    const after =
      page.cursor === undefined ? undefined : decodeCursor(name, page.cursor, cursorKey, ['number', 'string'])
    const found = await store
      .rankQuery(db, {
        key,
        category: filter.category,
        ownerId: filter.user,
        length: filter.length,
        after,
        limit: page.limit + 1,
      })
      .execute()
    const { items, nextCursor } = cutPage(found, page.limit, (last) =>
      encodeCursor(name, [last[key] ?? 0, last.video_id], cursorKey),
    )
    return shownPage(
      items.map((item) => item.video_id),
      nextCursor,
      viewer,
    )
  }

  return {
    list,
    find,
    seen,
    seenById,
    owned,
    ownView,
    toOwn,

    /** Those that stand in public lists, by public id; at most one page of ids. */
    async listedAmong(publicIds: readonly string[], viewer: Viewer): Promise<Map<string, Video>> {
      const rows = await store.findVideosByPublicId(db, [...new Set(publicIds)])
      const shown = await toVideos(rows.filter(isListed), viewer)
      return new Map(shown.map((video) => [video.id, video]))
    },

    /** Those that the caller may know of, by public id; at most one page of ids. */
    async seenAmong(publicIds: readonly string[], viewer: Viewer): Promise<Map<string, Video>> {
      const rows = await store.findVideosByPublicId(db, [...new Set(publicIds)])
      const shown = await toVideos(
        rows.filter((row) => maySee(row, viewer.caller)),
        viewer,
      )
      return new Map(shown.map((video) => [video.id, video]))
    },

    /** Whose it is, whatever its state. */
    ownerOf: async (publicId: string): Promise<string | undefined> =>
      (await store.findVideo(db, publicId))?.owner_id,

    async get(publicId: string, viewer: Viewer): Promise<Video> {
      const [shown] = await toVideos([await seen(publicId, viewer.caller)], viewer)
      if (shown === undefined) throw new AppError('not_found')
      return shown
    },

    async listOfUser(userId: string, page: PageQuery, viewer: Viewer): Promise<Page<Video>> {
      const user = await users.find(userId)
      if (user === undefined) throw new AppError('not_found')
      return list({ sort: 'newest', user: user.id }, page, viewer)
    },

    async listMine(
      filter: { state?: State | undefined; trash: boolean },
      page: PageQuery,
      viewer: Viewer & { caller: Caller },
    ): Promise<Page<OwnVideo>> {
      const name = `mine:${viewer.caller.userId}:${filter.state ?? ''}:${filter.trash}`
      const [afterId] =
        page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorKey, ['string'])
      const { trash: trashed, state } = filter
      const limit = page.limit + 1
      const found = await store
        .mineQuery(db, { ownerId: viewer.caller.userId, trashed, state, afterId, limit })
        .execute()
      const { items, nextCursor } = cutPage(found, page.limit, (last) =>
        encodeCursor(name, [last.id], cursorKey),
      )
      const rows = await store.findVideos(
        db,
        items.map((item) => item.id),
      )
      return { items: await toOwn(rows, viewer), next_cursor: nextCursor }
    },

    /** Videos of somebody's list by row ids, in their order; null for what this viewer may not see (any more). */
    async keptOf(ids: readonly string[], viewer: Viewer): Promise<(Kept & { row_id: string })[]> {
      const rows = await store.findVideos(db, ids)
      const shown = await toVideos(
        rows.filter((row) => maySee(row, viewer.caller)),
        viewer,
      )
      const byId = new Map(shown.map((video) => [video.id, video]))
      return rows.map((row) => ({
        row_id: row.id,
        video_id: row.public_id,
        video: byId.get(row.public_id) ?? null,
      }))
    },

    /** Row id of a video that may be gone for this caller, for taking it out of lists. */
    rowIdOf: async (publicId: string): Promise<string | undefined> =>
      (await store.findVideo(db, publicId))?.id,

    /** Public ids and owners by row ids. */
    async namesOf(
      ids: readonly string[],
    ): Promise<Map<string, { publicId: string; title: string; ownerId: string }>> {
      const rows = await store.findVideos(db, ids)
      return new Map(
        rows.map((row) => [row.id, { publicId: row.public_id, title: row.title, ownerId: row.owner_id }]),
      )
    },

    /** Keeps a video's count of comments, in the transaction that changes them. */
    countComments: (trx: Transaction, videoId: string, by: number): Promise<void> =>
      store.addToCounter(trx, videoId, 'comments', by),

    /** The author's others first, then the newest of the category, then what is hot: there is always a next one. */
    async related(publicId: string, viewer: Viewer): Promise<Video[]> {
      const video = await seen(publicId, viewer.caller)
      const queries = [
        { key: 'publish_ms', ownerId: video.owner_id, limit: 5 },
        { key: 'publish_ms', category: video.category, limit: relatedCount + 5 },
        { key: 'hot', limit: relatedCount + 1 },
      ] as const
      const found = await Promise.all(queries.map((query) => store.rankQuery(db, query).execute()))
      const ids = new Set(found.flat().map((row) => row.video_id))
      ids.delete(video.id)
      return toVideos(await store.findVideos(db, [...ids].slice(0, relatedCount)), viewer)
    },

    /** Inserts a draft in the caller's transaction. Throws `conflict` when there are too many. */
    async insertDraft(trx: Transaction, given: NewVideo): Promise<store.VideoRow> {
      if ((await store.countDrafts(trx, given.owner_id, maxDrafts)) >= maxDrafts)
        throw new AppError('rate_limited', { retryAfterS: 3600 })
      const row = newVideoRow(given, clock.now())
      await store.insertVideo(trx, row)
      return row
    },

    async createDraft(draft: NewDraft, viewer: Viewer & { caller: Caller }): Promise<OwnVideo> {
      const { tags, ...rest } = withoutUndefined(draft)
      const row = await db.transaction((trx) =>
        this.insertDraft(trx, {
          ...rest,
          title: draft.title,
          owner_id: viewer.caller.userId,
          tags: JSON.stringify(tags ?? []),
        }),
      )
      return ownView(row.id, viewer)
    },

    async change(
      publicId: string,
      change: Omit<VideoChange, 'publish_at'>,
      viewer: Viewer & { caller: Caller },
      also: {
        more?: Partial<store.VideoRow>
        after?: (trx: Transaction, videoId: string) => Promise<void>
      } = {},
    ): Promise<OwnVideo> {
      const { tags, ...rest } = withoutUndefined(change)
      const id = await db.transaction(async (trx) => {
        const video = await owned(publicId, viewer.caller, { q: trx })
        await store.updateVideo(trx, video.id, {
          ...rest,
          ...(tags && { tags: JSON.stringify(tags) }),
          ...also.more,
          updated_ms: clock.now(),
        })
        await listing.settle(trx, video.id)
        await also.after?.(trx, video.id)
        await listing.append(trx, 'video.changed', video, {})
        return video.id
      })
      return ownView(id, viewer)
    },

    /** Soft: it can be restored until the purge takes it. */
    async remove(publicId: string, caller: Pick<Caller, 'userId'>): Promise<store.VideoRow> {
      return db.transaction(async (trx) => {
        const video = await owned(publicId, caller, { q: trx })
        const nowMs = clock.now()
        await store.updateVideo(trx, video.id, { trashed: 1, deleted_ms: nowMs, updated_ms: nowMs })
        await listing.settle(trx, video.id)
        await listing.append(trx, 'video.deleted', video, {})
        return video
      })
    },

    /** All that a user who left has shown; done again it finds nothing. */
    async removeAllOf(userId: string): Promise<void> {
      for (;;) {
        const found = await store.mineQuery(db, { ownerId: userId, trashed: false, limit: 50 }).execute()
        for (const row of await store.findVideos(
          db,
          found.map(({ id }) => id),
        ))
          await this.remove(row.public_id, { userId })
        if (found.length === 0) return
      }
    },

    /** What is kept of each of a user's videos, the newest first, page by page. */
    async *exportOf(userId: string): AsyncIterable<object> {
      let afterId: string | undefined
      for (;;) {
        const found = await store
          .mineQuery(db, { ownerId: userId, trashed: false, afterId, limit: 100 })
          .execute()
        const rows = await store.findVideos(
          db,
          found.map(({ id }) => id),
        )
        for (const row of rows)
          yield {
            id: row.public_id,
            title: row.title,
            intro: row.intro,
            category: row.category,
            tags: JSON.parse(row.tags) as string[],
            visibility: row.visibility,
            state: row.state,
            duration: row.duration_ms / 1000,
            create_time: isoTime(row.created_ms),
            counts: { plays: row.plays, likes: row.likes, danmaku: row.danmaku },
          }
        afterId = found.at(-1)?.id
        if (afterId === undefined || found.length < 100) return
      }
    },

    async restore(publicId: string, viewer: Viewer & { caller: Caller }): Promise<OwnVideo> {
      const id = await db.transaction(async (trx) => {
        const video = await owned(publicId, viewer.caller, { q: trx, trashed: true })
        await store.updateVideo(trx, video.id, { trashed: 0, deleted_ms: null, updated_ms: clock.now() })
        await listing.settle(trx, video.id)
        await listing.append(trx, 'video.restored', video, {})
        return video.id
      })
      return ownView(id, viewer)
    },

    /** When the oldest public video was published; undefined without any. */
    firstPublishedMs: async (): Promise<number | undefined> =>
      (await store.firstPublishedQuery(db).executeTakeFirst())?.publish_ms,

    /** Public videos of that time, for the map of the site. */
    async publishedBetween(fromMs: number, toMs: number): Promise<{ id: string; changedMs: number }[]> {
      const rows = await store.publishedQuery(db, fromMs, toMs, mostInMap).execute()
      return rows.map((row) => ({ id: row.public_id, changedMs: row.updated_ms }))
    },

    /** Where a video's danmaku hang, for whoever may see it. Throws `not_found`. */
    async timelineOf(
      publicId: string,
      caller: Caller | undefined,
    ): Promise<{ timelineId: string; ownerId: string; durationMs: number }> {
      const video = await seen(publicId, caller)
      return { timelineId: video.timeline_id, ownerId: video.owner_id, durationMs: video.duration_ms }
    },

    /** Keeps a video's count of danmaku; a timeline without a video (a running live session) is none of ours. */
    async countDanmaku(q: Queries, timelineId: string, by: number): Promise<void> {
      const video = await store.findByTimeline(q, timelineId)
      if (video) await store.addToCounter(q, video.id, 'danmaku', by)
    },
  }
}

const withoutUndefined = <T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never
