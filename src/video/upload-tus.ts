/** Owns the bridge to @tus/server: its protocol on our rows and files, its failures as our errors. */
import { createWriteStream } from 'node:fs'
import { Transform } from 'node:stream'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DataStore, Server, Upload } from '@tus/server'
import { uploadPath } from '../../contract/video.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import { AppError, isAppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import { secretToken } from '../platform/ids/ids.ts'
import { readMetadata } from './upload-metadata.ts'
import { uploadLifeMs } from './uploads.ts'
import type { Uploads } from './uploads.ts'

/** What stands behind one request. */
export interface UploadCall {
  readonly caller: Caller
  /** Tells the client which video its new upload fills. */
  onVideo(publicId: string): void
}

type TusRequest = Parameters<NonNullable<Server['options']['onIncomingRequest']>>[0]

const checkEveryBytes = 16 * 1024 * 1024

/** `callOf` finds what belongs to a request that is being handled. */
export const createTusServer = (
  uploads: Uploads,
  maxBytes: () => Promise<number>,
  callOf: (request: TusRequest) => UploadCall,
): Server => {
  const server = new Server({
    path: uploadPath,
    datastore: new RowsAndFiles(uploads),
    relativeLocation: true,
    maxSize: maxBytes,
    // No foreign page may upload: without this every origin may.
    allowedOrigins: [],
    namingFunction: () => secretToken(24),
    async onIncomingRequest(request, id) {
      if (request.method === 'POST') return
      const row = await uploads.find(id, callOf(request).caller)
      if (request.method === 'HEAD') await uploads.mendOne(row)
    },
    async onUploadCreate(request, upload) {
      const call = callOf(request)
      if (upload.size === undefined) throw new AppError('upload_invalid')
      const publicId = await uploads.create({
        id: upload.id,
        caller: call.caller,
        sizeBytes: upload.size,
        metadata: readMetadata(request.headers.get('upload-metadata') ?? undefined),
        given: upload.metadata ?? {},
      })
      call.onVideo(publicId)
      return {}
    },
    async onUploadFinish(request, upload) {
      await uploads.finish(await uploads.find(upload.id, callOf(request).caller))
      return {}
    },
    onResponseError(_request, error) {
      // Thrown on, so that the answer is our envelope.
      throw translate(error)
    },
  })
  return server
}

const codes: Readonly<Record<number, ErrorCode>> = {
  403: 'upload_invalid',
  404: 'not_found',
  409: 'conflict',
  410: 'not_found',
  413: 'body_too_large',
  501: 'upload_invalid',
}

const translate = (error: unknown): AppError => {
  if (isAppError(error)) return error
  const { status_code: status = 500, body } = error as { status_code?: number; body?: string }
  // 500 with these words: another request for the same upload has not let go yet.
  if (body === 'failed to acquire lock before timeout') return new AppError('unavailable', { retryAfterS: 2 })
  if (status < 500 || status === 501) return new AppError(codes[status] ?? 'upload_invalid')
  return new AppError('internal', { cause: error })
}

class RowsAndFiles extends DataStore {
  readonly #uploads: Uploads

  constructor(uploads: Uploads) {
    super()
    this.#uploads = uploads
    this.extensions = ['creation', 'creation-with-upload', 'termination', 'expiration']
  }

  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    let written = 0
    let checked = 0
    const uploads = this.#uploads
    const watermark = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        written += chunk.length
        if (written - checked < checkEveryBytes) {
          done(null, chunk)
          return
        }
        checked = written
        uploads.spareBytes().then(
          (spare) => (spare < 0 ? done(new AppError('storage_full')) : done(null, chunk)),
          (error: unknown) => done(error as Error),
        )
      },
    })
    if ((await uploads.spareBytes()) < 0) throw new AppError('storage_full')
    // What is acknowledged is on the disk.
    const file = createWriteStream(uploads.fileOf(id), { flags: 'r+', start: offset, flush: true })
    try {
      await pipeline(stream, watermark, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
        throw new AppError('storage_full', { cause: error })
      throw error
    }
    return offset + written
  }

  override async getUpload(id: string): Promise<Upload> {
    const row = await this.#uploads.row(id)
    return new Upload({
      id,
      size: row.size_bytes,
      // Its file may be gone already when the video is ready.
      offset: row.finished_ms === null ? await this.#uploads.sizeOf(id) : row.size_bytes,
      metadata: JSON.parse(row.metadata) as Record<string, string | null>,
      creation_date: new Date(row.created_ms).toISOString(),
    })
  }

  override async remove(id: string): Promise<void> {
    await this.#uploads.terminate(await this.#uploads.row(id))
  }

  override getExpiration(): number {
    return uploadLifeMs
  }
}
