/**
 * Owns the shape of file storage: objects under keys that the server makes. It refuses keys that could mean
 * anything else than one object.
 */
import type { Readable } from 'node:stream'

export interface BlobInfo {
  key: string
  sizeBytes: number
  modifiedMs: number
}

export interface PutOptions {
  /** Kept where the storage can keep it; disk tells it from the key's ending when it serves. */
  contentType: string
  /** Checked: a stream that ends early leaves nothing behind. */
  sizeBytes?: number
  signal?: AbortSignal
}

export interface Range {
  /** First byte. */
  start?: number
  /** Last byte, included. */
  end?: number
}

/** Throws AppError `storage_full`, `storage_failed`; a missing object is `undefined`. Whole or not at all. */
export interface Blobs {
  put(key: string, body: Readable | Uint8Array, options: PutOptions): Promise<BlobInfo>
  /** With `move` the local file is gone afterwards. */
  putFile(key: string, localPath: string, options: { contentType: string; move: boolean }): Promise<BlobInfo>
  get(key: string, range?: Range): Promise<{ body: Readable; info: BlobInfo } | undefined>
  head(key: string): Promise<BlobInfo | undefined>
  /** Deleting what is not there is done, too. */
  delete(key: string): Promise<void>
  /** Everything below a folder: `videos/abc/`. */
  deletePrefix(prefix: string): Promise<void>
  /** In order of keys; go on with `next`. */
  list(
    prefix: string,
    options?: { after?: string; limit?: number },
  ): Promise<{ items: BlobInfo[]; next: string | undefined }>
  /** Only where objects are local files: for ffmpeg and for serving without a copy. Read, never write. */
  localPath?(key: string): string
  /** Space left, where that is known. */
  freeBytes?(): Promise<number>
}
