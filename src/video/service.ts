/** Owns reading and editing videos, and who may do so. Uploads, processing, reactions and replays stand beside it. */
import type { z } from 'zod'
import type { CategoryId, OwnVideo, Video, createVideo, patchVideo } from '../../contract/video.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Queries, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Language } from '../platform/http/language.ts'
import type { UserService } from '../user/index.ts'
import type { Addresses } from './addresses.ts'
import type { Listing } from './listing.ts'
import { maySee, newVideoRow } from './rules.ts'
import type { NewVideo } from './rules.ts'
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
type Sort = 'newest' | 'likes' | 'plays'

const rankKeys = { newest: 'publish_ms', likes: 'likes', plays: 'plays' } as const
const maxDrafts = 100
const relatedCount = 12

interface Deps {
  db: Db
  clock: Clock
  users: UserService
  addresses: Addresses
  listing: Listing
  cursorKey: Buffer
}

export type Videos = ReturnType<typeof createVideoService>

export const createVideoService = ({ db, clock, users, addresses, listing, cursorKey }: Deps) => {
  const toVideos = async (rows: readonly store.ShownVideo[], viewer: Viewer): Promise<Video[]> => {
    const ids = rows.map((row) => row.id)
    const [authors, liked] = await Promise.all([
      users.authors(
        rows.map((row) => row.owner_id),
        viewer.caller?.userId,
      ),
      viewer.caller ? store.likedAmong(db, viewer.caller.userId, ids) : new Set<string>(),
    ])
    return rows.flatMap((row) => {
      const author = authors.get(row.owner_id)
      if (author === undefined) return []
      return toVideo(row, { author, liked: liked.has(row.id), language: viewer.language }, addresses)
    })
  }

  const toOwn = async (rows: readonly store.ShownVideo[], viewer: Viewer): Promise<OwnVideo[]> => {
    const videos = await toVideos(rows, viewer)
    return rows.flatMap((row, index) => {
      const shown = videos[index]
      if (shown === undefined) return []
      const seen = { author: shown.author, liked: shown.mine.liked, language: viewer.language }
      return toOwnVideo(row, seen, addresses)
    })
  }

  /** The row, if the caller may know of it. Throws `not_found`. */
  const seen = async (publicId: string, caller: Caller | undefined): Promise<store.VideoWithCounts> => {
    const row = await store.findVideo(db, publicId)
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

  const list = async (
    filter: { sort: Sort; category?: CategoryId | undefined; user?: string | undefined },
    page: PageQuery,
    viewer: Viewer,
  ): Promise<Page<Video>> => {
    const key = rankKeys[filter.sort]
    const name = `videos:${filter.sort}:${filter.category ?? ''}:${filter.user ?? ''}`
    const after =
      page.cursor === undefined ? undefined : decodeCursor(name, page.cursor, cursorKey, ['number', 'string'])
    const found = await store
      .rankQuery(db, {
        key,
        category: filter.category,
        ownerId: filter.user,
        after,
        limit: page.limit + 1,
      })
      .execute()
    const { items, nextCursor } = cutPage(found, page.limit, (last) =>
      encodeCursor(name, [last[key] ?? 0, last.video_id], cursorKey),
    )
    const rows = await store.findVideos(
      db,
      items.map((item) => item.video_id),
    )
    return { items: await toVideos(rows, viewer), next_cursor: nextCursor }
  }

  return {
    list,
    seen,
    owned,
    ownView,

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

    /** The author's others first, then the newest of the category. */
    async related(publicId: string, viewer: Viewer): Promise<Video[]> {
      const video = await seen(publicId, viewer.caller)
      const queries = [
        { ownerId: video.owner_id, limit: 5 },
        { category: video.category, limit: relatedCount + 5 },
      ]
      const found = await Promise.all(
        queries.map((query) => store.rankQuery(db, { key: 'publish_ms', ...query }).execute()),
      )
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
      change: VideoChange,
      viewer: Viewer & { caller: Caller },
    ): Promise<OwnVideo> {
      const { tags, ...rest } = withoutUndefined(change)
      const id = await db.transaction(async (trx) => {
        const video = await owned(publicId, viewer.caller, { q: trx })
        await store.updateVideo(trx, video.id, {
          ...rest,
          ...(tags && { tags: JSON.stringify(tags) }),
          updated_ms: clock.now(),
        })
        await listing.settle(trx, video.id)
        await listing.append(trx, 'video.changed', video, {})
        return video.id
      })
      return ownView(id, viewer)
    },

    /** Soft: it can be restored until the purge takes it. */
    async remove(publicId: string, caller: Caller): Promise<store.VideoRow> {
      return db.transaction(async (trx) => {
        const video = await owned(publicId, caller, { q: trx })
        const nowMs = clock.now()
        await store.updateVideo(trx, video.id, { trashed: 1, deleted_ms: nowMs, updated_ms: nowMs })
        await listing.settle(trx, video.id)
        await listing.append(trx, 'video.deleted', video, {})
        return video
      })
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
