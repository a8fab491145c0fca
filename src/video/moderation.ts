/**
 * Owns what moderators do with videos of others: looking at all of them, taking down, deleting, trying again. Each
 * writes its audit entry in the transaction that does it.
 */
import type { OwnVideo } from '../../contract/video.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Jobs } from '../platform/jobs/jobs.ts'
import { keptMs } from './kinds.ts'
import type { Listing } from './listing.ts'
import type { Page, Videos, Viewer } from './service.ts'
import * as store from './store.ts'
import type { VideoRow, VideoWithCounts } from './store.ts'
import * as uploadStore from './upload-store.ts'
import type { Uploads } from './uploads.ts'
import type { Upkeep } from './upkeep.ts'

interface Deps {
  db: Db
  clock: Clock
  audit: Audit
  videos: Videos
  listing: Listing
  upkeep: Upkeep
  uploads: Uploads
  jobs: Jobs
  cursorKey: Buffer
}

interface By {
  userId: string
  address: string | null
}
interface PageQuery {
  limit: number
  cursor?: string | undefined
}

export const createModeration = (deps: Deps) => {
  const { db, clock, audit, videos, listing, upkeep, uploads, cursorKey } = deps

  const shown = async (ids: readonly string[], viewer: Viewer): Promise<OwnVideo[]> =>
    videos.toOwn(await store.findVideos(db, ids), viewer)

  /** Changes the row, its place in lists and the audit log together. Throws `not_found`. */
  const change = (
    publicId: string,
    action: string,
    by: By,
    work: (trx: Transaction, video: VideoWithCounts) => Promise<Partial<VideoRow> | undefined>,
  ): Promise<VideoWithCounts> =>
    db.transaction(async (trx) => {
      const video = await store.findVideo(trx, publicId)
      if (video === undefined) throw new AppError('not_found')
      const columns = await work(trx, video)
      if (columns === undefined) return video
      await store.updateVideo(trx, video.id, { ...columns, updated_ms: clock.now() })
      await listing.settle(trx, video.id)
      await audit.record(trx, {
        actorId: by.userId,
        action,
        subject: { kind: 'video', id: publicId },
        address: by.address,
        details: { owner_id: video.owner_id },
      })
      return video
    })

  return {
    async list(shelf: store.Shelf, page: PageQuery, viewer: Viewer): Promise<Page<OwnVideo>> {
      const name = `shelf:${JSON.stringify(shelf ?? {})}`
      const [afterId] =
        page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorKey, ['string'])
      const rows = await store.shelfQuery(db, shelf, { limit: page.limit + 1, afterId }).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor(name, [last.id], cursorKey),
      )
      return {
        items: await shown(
          items.map((row) => row.id),
          viewer,
        ),
        next_cursor: nextCursor,
      }
    },

    /** One by its id, else those whose title begins so. */
    async search(text: string, page: PageQuery, viewer: Viewer): Promise<Page<OwnVideo>> {
      const exact = /^[0-9A-Za-z]{12}$/.test(text) ? await store.findVideo(db, text) : undefined
      if (exact) return { items: await videos.toOwn([exact], viewer), next_cursor: null }
      const name = `titles:${text}`
      const after =
        page.cursor === undefined
          ? undefined
          : decodeCursor(name, page.cursor, cursorKey, ['string', 'string'])
      const rows = await store.titleQuery(db, text, { limit: page.limit + 1, after }).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor(name, [last.title, last.id], cursorKey),
      )
      return {
        items: await shown(
          items.map((row) => row.id),
          viewer,
        ),
        next_cursor: nextCursor,
      }
    },

    async takeDown(publicId: string, reason: string, by: By): Promise<void> {
      await change(publicId, 'video.taken_down', by, async (trx, video) => {
        await listing.append(trx, 'video.changed', video, {})
        return { taken_down: 1, taken_down_reason: reason }
      })
    },

    async putBack(publicId: string, by: By): Promise<void> {
      await change(publicId, 'video.put_back', by, async (trx, video) => {
        if (video.taken_down === 0) return undefined
        await listing.append(trx, 'video.changed', video, {})
        return { taken_down: 0, taken_down_reason: '' }
      })
    },

    /** Into its owner's trash, and taken down: whoever takes it out of there alone publishes nothing. */
    async remove(publicId: string, reason: string, by: By): Promise<void> {
      const video = await change(publicId, 'video.removed', by, async (trx, before) => {
        if (before.trashed === 1) return undefined
        await listing.append(trx, 'video.deleted', before, {})
        return { trashed: 1, deleted_ms: clock.now(), taken_down: 1, taken_down_reason: reason }
      })
      await upkeep.cancelJobs(video.id)
    },

    async restore(publicId: string, by: By): Promise<void> {
      const video = await change(publicId, 'video.restored', by, async (trx, before) => {
        if (before.trashed === 0) return undefined
        await listing.append(trx, 'video.restored', before, {})
        return { trashed: 0, deleted_ms: null, taken_down: 0, taken_down_reason: '' }
      })
      if (video.state === 'processing') await upkeep.mendVideo(video.id)
    },

    /** Processes a failed upload again, by a new job or by `requeue`. Throws `not_found`, `file_gone`, `conflict` if it has not failed. */
    async retry(publicId: string, by: By, requeue?: () => Promise<void>): Promise<void> {
      const found = await store.findVideo(db, publicId)
      if (found === undefined) throw new AppError('not_found')
      if (found.state !== 'failed') throw new AppError('conflict')
      const upload = await uploadStore.findUploadOfVideo(db, found.id)
      if (upload === undefined || (await uploads.sizeOf(upload.id)) !== upload.size_bytes)
        throw new AppError('file_gone')
      await change(publicId, 'video.retried', by, async (trx, video) => {
        const again = { state: 'processing' as const, failure_code: null }
        if (!(await store.moveVideo(trx, video.id, ['failed'], again))) throw new AppError('conflict')
        if (requeue === undefined) await uploads.enqueue(trx, video.id)
        return again
      })
      await requeue?.()
    },

    /** Its job was cancelled: it waits, failed, with its file, for another try. */
    async giveUp(videoId: string): Promise<void> {
      await db.transaction(async (trx) => {
        const video = await store.findVideoById(trx, videoId)
        const upload = await uploadStore.findUploadOfVideo(trx, videoId)
        const failed = { state: 'failed', failure_code: 'internal', updated_ms: clock.now() } as const
        if (!video || !upload || !(await store.moveVideo(trx, videoId, ['processing'], failed))) return
        await uploadStore.keepUpload(trx, upload.id, clock.now() + keptMs)
        await listing.append(trx, 'video.failed', video, { failure: 'internal' })
      })
    },

    /** The videos that jobs work on, by the keys they were queued with. One query for a page. */
    async behindJobs(ids: readonly string[]): Promise<Map<string, { id: string; title: string }>> {
      const rows = await store.findVideos(db, [...new Set(ids)])
      return new Map(rows.map((row) => [row.id, { id: row.public_id, title: row.title }]))
    },

    async madeSince(fromId: string): Promise<number> {
      return Number((await store.madeSinceQuery(db, fromId).executeTakeFirst())?.count ?? 0)
    },
  }
}
