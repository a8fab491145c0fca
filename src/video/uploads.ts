/**
 * Owns an upload's life: room for it is taken before its first byte, and what is left of one that never ends is
 * given back. Its bytes lie in one file named by the upload's random id.
 */
import { mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Log } from '../platform/log/log.ts'
import type { Jobs } from '../platform/jobs/jobs.ts'
import { processKind } from './kinds.ts'
import type { Videos } from './service.ts'
import * as videoStore from './store.ts'
import * as store from './upload-store.ts'
import type { UploadRow } from './upload-store.ts'
import { titleOf } from './upload-metadata.ts'
import type { UploadMetadata } from './upload-metadata.ts'

export interface UploadSettings {
  /** Where unfinished files lie. */
  dir: string
  /** May change at run time. */
  sizes: () => Promise<{ uploadMaxBytes: number; userQuotaBytes: number }>
  reserveBytes: number
}

export interface NewUpload {
  id: string
  caller: Caller
  sizeBytes: number
  metadata: UploadMetadata
  /** As HEAD gives it back. */
  given: Record<string, string | null>
}

export const uploadLifeMs = 24 * 3600_000
const maxOpenUploads = 20
const dayMs = 24 * 3600_000

interface Deps {
  settings: UploadSettings
  db: Db
  clock: Clock
  videos: Videos
  jobs: Jobs
  log: Log
}

export type Uploads = ReturnType<typeof createUploads>

export const createUploads = ({ settings, db, clock, videos, jobs, log }: Deps) => {
  const fileOf = (id: string): string => join(settings.dir, id)

  /** Bytes that may still be written before the reserve is touched. */
  const spareBytes = async (): Promise<number> => {
    await mkdir(settings.dir, { recursive: true })
    const { bavail, bsize } = await statfs(settings.dir)
    return bavail * bsize - settings.reserveBytes
  }

  const sizeOf = async (id: string): Promise<number> => {
    try {
      return (await stat(fileOf(id))).size
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
      throw error
    }
  }

  /** The draft that is filled, the video whose file is replaced, or a new one. */
  const videoFor = async (
    trx: Transaction,
    upload: NewUpload,
  ): Promise<videoStore.VideoRow & { replaces?: boolean }> => {
    const { caller, metadata } = upload
    const { category, visibility } = metadata
    const given = { ...(category && { category }), ...(visibility && { visibility }) }
    if (metadata.video === undefined)
      return videos.insertDraft(trx, { ...given, owner_id: caller.userId, title: titleOf(metadata) })
    const video = await videos.owned(metadata.video, caller, { q: trx })
    // It goes on playing what it has until the new file is ready.
    if (video.state === 'ready' && video.source === 'upload') return { ...video, replaces: true }
    const isFree = await videoStore.moveVideo(trx, video.id, ['draft', 'failed'], {
      ...given,
      ...(metadata.title ? { title: metadata.title } : {}),
      state: 'draft',
      failure_code: null,
      updated_ms: clock.now(),
    })
    if (!isFree) throw new AppError('conflict')
    return video
  }

  const create = async (upload: NewUpload): Promise<string> => {
    const { id, caller, sizeBytes, metadata } = upload
    const { uploadMaxBytes, userQuotaBytes } = await settings.sizes()
    if (sizeBytes > uploadMaxBytes) throw new AppError('body_too_large')
    // Its playable form is written beside it before it goes.
    if ((await spareBytes()) < 2 * sizeBytes) throw new AppError('storage_full')
    const nowMs = clock.now()
    const publicId = await db.transaction(async (trx) => {
      await store.ensureStorage(trx, caller.userId)
      const bounds = { quotaBytes: userQuotaBytes, openUploads: maxOpenUploads }
      if (!(await store.reserve(trx, caller.userId, sizeBytes, bounds))) {
        const used = await store.storageOf(trx, caller.userId)
        if (used + sizeBytes > userQuotaBytes) throw new AppError('quota_exceeded')
        throw new AppError('rate_limited', { retryAfterS: 600 })
      }
      const video = await videoFor(trx, upload)
      const isOnly = await store.insertUpload(trx, {
        id,
        video_id: video.id,
        owner_id: caller.userId,
        size_bytes: sizeBytes,
        metadata: JSON.stringify(upload.given),
        made_video: metadata.video === undefined ? 1 : 0,
        replaces: video.replaces === true ? 1 : 0,
        created_ms: nowMs,
        expires_ms: nowMs + uploadLifeMs,
        finished_ms: null,
      })
      if (!isOnly) throw new AppError('conflict')
      return video.public_id
    })
    await (await open(fileOf(id), 'w')).close()
    return publicId
  }

  const find = async (id: string, caller: Pick<Caller, 'userId'>): Promise<UploadRow> => {
    const row = /^[\w-]{20,64}$/.test(id) ? await store.findUpload(db, id) : undefined
    if (row?.owner_id !== caller.userId) throw new AppError('not_found')
    return row
  }

  const enqueue = (trx: Transaction | Db, videoId: string): Promise<unknown> =>
    jobs.enqueue(trx, { kind: processKind, key: videoId, payload: { video_id: videoId } })

  /** The last byte is on the disk. Said twice it does nothing more. */
  const finish = async (row: UploadRow): Promise<void> => {
    await db.transaction(async (trx) => {
      const nowMs = clock.now()
      if (!(await store.finishUpload(trx, row.id, nowMs))) return
      await store.charge(trx, row.owner_id, 0, -1)
      await videoStore.moveVideo(trx, row.video_id, ['draft'], { state: 'processing', updated_ms: nowMs })
      await enqueue(trx, row.video_id)
    })
  }

  /** Takes the upload back, with the video that was made for it. Its file goes last. */
  const drop = async (row: UploadRow): Promise<void> => {
    await db.transaction(async (trx) => {
      if (!(await store.deleteUpload(trx, row.id))) return
      await store.charge(trx, row.owner_id, -row.size_bytes, row.finished_ms === null ? -1 : 0)
      const video = await videoStore.findVideoById(trx, row.video_id)
      if (row.made_video === 1 && video?.state === 'draft') await videoStore.deleteVideoRows(trx, video.id)
    })
    await rm(fileOf(row.id), { force: true })
  }

  /** What a kill between the last byte and its bookkeeping left undone. */
  const mendOne = async (row: UploadRow): Promise<void> => {
    if (row.finished_ms === null && (await sizeOf(row.id)) === row.size_bytes) await finish(row)
  }

  return {
    fileOf,
    spareBytes,
    sizeOf,
    create,
    find,
    /** For whoever has passed `find`. */
    async row(id: string): Promise<UploadRow> {
      const row = await store.findUpload(db, id)
      if (row === undefined) throw new AppError('not_found')
      return row
    },
    finish,
    enqueue,
    mendOne,

    /** By its owner. Throws `conflict` once it is finished: then the video is what one deletes. */
    async terminate(row: UploadRow): Promise<void> {
      if (row.finished_ms !== null) throw new AppError('conflict')
      await drop(row)
    },

    /** Drops expired uploads, finishes those that have all their bytes, removes files that belong to none. */
    async sweep(): Promise<void> {
      for (const row of await store.expiredQuery(db, clock.now(), 200).execute()) {
        if ((await sizeOf(row.id)) === row.size_bytes) await finish(row)
        else await drop(row)
      }
      for (const row of await store.keptQuery(db, clock.now(), 200).execute()) await drop(row)
      let afterMs = clock.now()
      for (;;) {
        const rows = await store.openQuery(db, afterMs, 200).execute()
        for (const row of rows) await mendOne(row)
        const last = rows.at(-1)
        if (last === undefined || rows.length < 200) break
        afterMs = last.expires_ms
      }
      await removeStrays()
    },
  }

  async function removeStrays(): Promise<void> {
    const names = await readdir(settings.dir).catch(() => [])
    for (const name of names) {
      // A row is written before its file: an old file without one is left from a kill.
      const isOld = (await stat(fileOf(name)).catch(() => undefined))?.mtimeMs ?? Infinity
      if (isOld > Date.now() - dayMs || (await store.findUpload(db, name)) !== undefined) continue
      await rm(fileOf(name), { force: true })
      log.info({ upload: name }, 'removed a file that belongs to no upload')
    }
  }
}
