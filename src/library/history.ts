/** Owns history and watch later. Heartbeats are written in batches: a kill loses a few seconds of them. */
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import { sortableId } from '../platform/ids/ids.ts'
import type { Log } from '../platform/log/log.ts'
import { isoTime } from '../user/index.ts'
import type { Heartbeat, VideoService, Viewer } from '../video/index.ts'
import * as store from './store.ts'

const flushMs = 2000
const batch = 200
const mostWaiting = 20_000
const maxLater = 1000

interface Deps {
  db: Db
  clock: Clock
  log: Log
  videos: VideoService
  cursorSecret: Uint8Array
}

interface PageQuery {
  limit: number
  cursor?: string | undefined
}
type Known = Viewer & { caller: Caller }

export type History = ReturnType<typeof createHistory>

export const createHistory = ({ db, clock, log, videos, cursorSecret }: Deps) => {
  const waiting = new Map<string, store.HistoryRow>()

  const note = ({ userId, videoId, positionMs }: Heartbeat): void => {
    const key = `${userId}:${videoId}`
    if (waiting.size >= mostWaiting && !waiting.has(key)) return
    waiting.set(key, {
      user_id: userId,
      video_id: videoId,
      position_ms: positionMs,
      watched_ms: clock.now(),
    })
  }

  const flush = async (): Promise<void> => {
    while (waiting.size > 0) {
      const rows = [...waiting.values()].slice(0, batch)
      for (const row of rows) waiting.delete(`${row.user_id}:${row.video_id}`)
      const paused = await store.pausedAmong(db, [...new Set(rows.map((row) => row.user_id))])
      await store.putHistory(
        db,
        rows.filter((row) => !paused.has(row.user_id)),
      )
    }
  }
  let flushing: Promise<void> = Promise.resolve()
  const flushSoon = (): Promise<void> =>
    (flushing = flushing
      .then(flush)
      .catch((error: unknown) => log.warn({ err: error }, 'history could not be written')))
  const timer = setInterval(() => {
    if (waiting.size > 0) void flushSoon()
  }, flushMs)
  timer.unref()

  return {
    note,
    flush: flushSoon,

    async list(page: PageQuery, viewer: Known) {
      const { userId } = viewer.caller
      await flushSoon()
      const name = `history:${userId}`
      const after =
        page.cursor === undefined
          ? undefined
          : decodeCursor(name, page.cursor, cursorSecret, ['number', 'string'])
      const rows = await store.historyQuery(db, userId, { after, limit: page.limit + 1 }).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor(name, [last.watched_ms, last.video_id], cursorSecret),
      )
      const kept = await videos.keptOf(
        items.map((item) => item.video_id),
        viewer,
      )
      const byId = new Map(items.map((item) => [item.video_id, item]))
      return {
        items: kept.map(({ row_id, ...one }) => ({
          ...one,
          position: (byId.get(row_id)?.position_ms ?? 0) / 1000,
          watch_time: isoTime(byId.get(row_id)?.watched_ms ?? 0),
        })),
        next_cursor: nextCursor,
        paused: await store.isPaused(db, userId),
      }
    },

    /** One video's, or all of it. */
    async clear(userId: string, publicId: string | undefined): Promise<void> {
      await flushSoon()
      const videoId = publicId === undefined ? undefined : await videos.rowIdOf(publicId)
      if (publicId !== undefined && videoId === undefined) return
      await store.deleteHistory(db, userId, videoId)
    },

    async pause(userId: string, paused: boolean): Promise<{ paused: boolean }> {
      await flushSoon()
      await store.setPaused(db, userId, paused)
      return { paused }
    },

    async progress(publicId: string, caller: Caller) {
      const video = await videos.seen(publicId, caller)
      const waits = waiting.get(`${caller.userId}:${video.id}`)
      const at = waits?.position_ms ?? (await store.positionOf(db, caller.userId, video.id))
      return {
        position: at === undefined ? null : at / 1000,
        watch_later: await store.isLater(db, caller.userId, video.id),
      }
    },

    async listLater(page: PageQuery, viewer: Known) {
      const { userId } = viewer.caller
      const name = `later:${userId}`
      const [afterId] =
        page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorSecret, ['string'])
      const rows = await store.laterQuery(db, userId, { afterId, limit: page.limit + 1 }).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor(name, [last.id], cursorSecret),
      )
      const ids = items.map((item) => item.video_id)
      return { items: await videos.keptOf(ids, viewer), next_cursor: nextCursor }
    },

    /** Throws `not_found`, `too_many`. */
    async addLater(publicId: string, caller: Caller): Promise<void> {
      const video = await videos.seen(publicId, caller)
      if ((await store.countLater(db, caller.userId, maxLater)) >= maxLater) throw new AppError('too_many')
      const row = { user_id: caller.userId, video_id: video.id, id: sortableId(clock.now()) }
      await store.insertLater(db, row)
    },

    async removeLater(publicId: string, caller: Caller): Promise<void> {
      const videoId = await videos.rowIdOf(publicId)
      if (videoId !== undefined) await store.deleteLater(db, caller.userId, videoId)
    },

    async close(): Promise<void> {
      clearInterval(timer)
      await flushSoon()
    },
  }
}
