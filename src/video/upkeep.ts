/** Owns what has to be looked at now and then: unfinished uploads, stuck videos, and trash that is due. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Blobs } from '../platform/blob/blob.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import type { Jobs } from '../platform/jobs/jobs.ts'
import type { Log } from '../platform/log/log.ts'
import { processKind, transcodeKind } from './kinds.ts'
import type { Listing } from './listing.ts'
import type { Covers } from './posters.ts'
import { deleteFavouritesOf } from './reaction-store.ts'
import * as store from './store.ts'
import * as uploadStore from './upload-store.ts'
import type { Uploads } from './uploads.ts'

const everyMs = 5 * 60_000
const trashMs = 30 * 24 * 3600_000
const stuckMs = 60_000

interface Deps {
  db: Db
  clock: Clock
  blobs: Blobs
  jobs: Jobs
  uploads: Uploads
  covers: Covers
  listing: Listing
  log: Log
  recordingsDir: string
}

/** Deletes what hangs on a video and on its timeline. */
type Purger = (trx: Transaction, videoId: string, timelineId: string) => Promise<void>

export type Upkeep = ReturnType<typeof createUpkeep>

export const createUpkeep = (deps: Deps) => {
  const { db, clock, blobs, jobs, uploads, covers, listing, log, recordingsDir } = deps

  const purgers: Purger[] = []

  const isWorkedOn = async (videoId: string): Promise<boolean> => {
    for (const kind of [processKind, transcodeKind]) {
      const job = await jobs.getByKey(kind, videoId)
      if (job?.state === 'queued' || job?.state === 'running') return true
    }
    return false
  }

  /** A processing video whose job is gone gets another, or an end. Replays have none: live brings them on. */
  const mendVideo = async (videoId: string): Promise<void> => {
    const video = await store.findVideoById(db, videoId)
    if (video?.state !== 'processing' || video.source !== 'upload' || video.trashed === 1) return
    if (await isWorkedOn(videoId)) return
    const upload = await uploadStore.findUploadOfVideo(db, videoId)
    const last = await jobs.getByKey(processKind, videoId)
    const lastTranscode = await jobs.getByKey(transcodeKind, videoId)
    const gaveUp = last?.state === 'failed' || lastTranscode?.state === 'failed'
    if (upload !== undefined && !gaveUp) {
      await uploads.enqueue(db, videoId)
      return
    }
    const change = { state: 'failed' as const, failure_code: 'internal' as const, updated_ms: clock.now() }
    await db.transaction(async (trx) => {
      if (!(await store.moveVideo(trx, videoId, ['processing'], change))) return
      if (upload && (await uploadStore.deleteUpload(trx, upload.id)))
        await uploadStore.charge(trx, video.owner_id, -upload.size_bytes)
      await listing.append(trx, 'video.failed', video, { failure: 'internal' })
    })
    if (upload) await rm(uploads.fileOf(upload.id), { force: true })
  }

  /** Files first: what a kill leaves is a row that is due again, never a file that nobody knows. */
  const purge = async (videoId: string): Promise<void> => {
    const video = await store.findVideoById(db, videoId)
    if (video?.trashed !== 1) return
    const upload = await uploadStore.findUploadOfVideo(db, videoId)
    await cancelJobs(videoId)
    await blobs.deletePrefix(`videos/${video.public_id}/`)
    await covers.deleteAll(video)
    if (upload) await rm(uploads.fileOf(upload.id), { force: true })
    if (video.live_session_id !== null && /^[\w-]+$/.test(video.live_session_id))
      await rm(join(recordingsDir, video.live_session_id), { recursive: true, force: true })
    await db.transaction(async (trx) => {
      const open = upload && (await uploadStore.deleteUpload(trx, upload.id)) ? upload : undefined
      const isOpen = open !== undefined && open.finished_ms === null
      await uploadStore.charge(
        trx,
        video.owner_id,
        -video.size_bytes - (open?.size_bytes ?? 0),
        isOpen ? -1 : 0,
      )
      for (const deleteRowsOf of purgers) await deleteRowsOf(trx, videoId, video.timeline_id)
      await deleteFavouritesOf(trx, videoId)
      await store.deleteVideoRows(trx, videoId)
      await listing.append(trx, 'video.purged', video, {})
    })
    // What a job made of it meanwhile: from now on none finds a row to hang it on.
    await blobs.deletePrefix(`videos/${video.public_id}/`)
  }

  const cancelJobs = async (videoId: string): Promise<void> => {
    for (const kind of [processKind, transcodeKind]) {
      const job = await jobs.getByKey(kind, videoId)
      if (job) await jobs.cancel(job.id)
    }
  }

  const run = async (): Promise<void> => {
    await uploads.sweep()
    for (const { id } of await store.staleQuery(db, 'processing', clock.now() - stuckMs, 200).execute())
      await mendVideo(id)
    for (const { id } of await store.trashQuery(db, clock.now() - trashMs, 200).execute()) await purge(id)
  }
  let running: Promise<void> = Promise.resolve()
  const runSoon = (): Promise<void> =>
    (running = running
      .then(run)
      .catch((error: unknown) => log.warn({ err: error }, 'upkeep of videos failed')))
  let timer: NodeJS.Timeout | undefined

  return {
    run: runSoon,
    /** Now, and from now on every five minutes. */
    start(): void {
      void runSoon()
      timer = setInterval(() => void runSoon(), everyMs)
      timer.unref()
    },
    /** Later features delete their rows with the video, in the same transaction. */
    alsoPurge: (deleteRowsOf: Purger): void => {
      purgers.push(deleteRowsOf)
    },
    mendVideo,
    cancelJobs,
    purge,
    async close(): Promise<void> {
      clearInterval(timer)
      await running
    },
  }
}
