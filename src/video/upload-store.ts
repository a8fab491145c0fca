/** Owns SQL on uploads under way and on how much each owner stores. */
import type { Selectable } from 'kysely'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { insertIfAbsent } from '../platform/db/portable.ts'
import type { VideoUploadTable } from './tables.ts'

export type UploadRow = Selectable<VideoUploadTable>

/** False if the video is being filled already. */
export const insertUpload = (trx: Transaction, row: UploadRow): Promise<boolean> =>
  insertIfAbsent(trx, 'video_upload', row, 'uq_video_upload_video_id')

export const findUpload = (db: Queries, id: string): Promise<UploadRow | undefined> =>
  db.selectFrom('video_upload').selectAll().where('id', '=', id).executeTakeFirst()

export const findUploadOfVideo = (db: Queries, videoId: string): Promise<UploadRow | undefined> =>
  db.selectFrom('video_upload').selectAll().where('video_id', '=', videoId).executeTakeFirst()

/** True for exactly one of several callers. */
export const finishUpload = async (trx: Transaction, id: string, nowMs: number): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('video_upload')
    .set({ finished_ms: nowMs })
    .where('id', '=', id)
    .where('finished_ms', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** The file of a failed video waits for another try until then. */
export const keepUpload = async (trx: Transaction, id: string, untilMs: number): Promise<void> => {
  await trx.updateTable('video_upload').set({ expires_ms: untilMs }).where('id', '=', id).execute()
}

/** Finished uploads whose time is over; only those of failed videos and failed replacements may go. */
export const keptQuery = (db: Queries, nowMs: number, limit: number) =>
  db
    .selectFrom('video_upload')
    .innerJoin('video', 'video.id', 'video_upload.video_id')
    .selectAll('video_upload')
    .where('video_upload.finished_ms', '>', 0)
    .where('video_upload.expires_ms', '<=', nowMs)
    .where((eb) => eb.or([eb('video.state', '=', 'failed'), eb('video_upload.replaces', '=', 1)]))
    .limit(limit)

export const deleteUpload = async (trx: Transaction, id: string): Promise<boolean> => {
  const { numDeletedRows } = await trx.deleteFrom('video_upload').where('id', '=', id).executeTakeFirst()
  return numDeletedRows === 1n
}

/** Uploads without their last byte, soonest to expire first. */
export const openQuery = (db: Queries, afterMs: number, limit: number) =>
  db
    .selectFrom('video_upload')
    .selectAll()
    .where('finished_ms', 'is', null)
    .where('expires_ms', '>', afterMs)
    .orderBy('expires_ms')
    .limit(limit)

export const expiredQuery = (db: Queries, nowMs: number, limit: number) =>
  db
    .selectFrom('video_upload')
    .selectAll()
    .where('finished_ms', 'is', null)
    .where('expires_ms', '<=', nowMs)
    .orderBy('expires_ms')
    .limit(limit)

export const storageOf = async (db: Queries, ownerId: string): Promise<number> => {
  const row = await db
    .selectFrom('video_storage')
    .select('used_bytes')
    .where('owner_id', '=', ownerId)
    .executeTakeFirst()
  return row?.used_bytes ?? 0
}

export const ensureStorage = async (trx: Transaction, ownerId: string): Promise<void> => {
  await insertIfAbsent(trx, 'video_storage', { owner_id: ownerId, used_bytes: 0, open_uploads: 0 })
}

/** Charges an upload if it fits below both bounds; of parallel ones only as many as fit. */
export const reserve = async (
  trx: Transaction,
  ownerId: string,
  bytes: number,
  bounds: { quotaBytes: number; openUploads: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('video_storage')
    .set((eb) => ({ used_bytes: eb('used_bytes', '+', bytes), open_uploads: eb('open_uploads', '+', 1) }))
    .where('owner_id', '=', ownerId)
    .where('used_bytes', '<=', bounds.quotaBytes - bytes)
    .where('open_uploads', '<', bounds.openUploads)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Adds to what is charged; `openUploads` is -1 when an upload got its last byte or ended without. */
export const charge = async (
  trx: Transaction,
  ownerId: string,
  bytes: number,
  openUploads: 0 | -1 = 0,
): Promise<void> => {
  await trx
    .updateTable('video_storage')
    .set((eb) => ({
      used_bytes: eb('used_bytes', '+', bytes),
      open_uploads: eb('open_uploads', '+', openUploads),
    }))
    .where('owner_id', '=', ownerId)
    .execute()
}
