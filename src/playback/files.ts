/** Owns files as sources of bytes: blobs, wherever they lie, and bundles of recordings on this machine. */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { basename } from 'node:path'
import type { BlobInfo, Blobs } from '../platform/blob/blob.ts'
import type { ByteSource } from '../platform/http/ranges.ts'
import { createOpenFiles } from './open-files.ts'

const contentTypes: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  webp: 'image/webp',
  mp4: 'video/mp4',
  vtt: 'text/vtt; charset=utf-8',
  m3u8: 'application/vnd.apple.mpegurl',
}
const typeOf = (name: string): string =>
  contentTypes[basename(name).split('.').at(-1) ?? ''] ?? 'application/octet-stream'

const etagOf = (...parts: (string | number)[]): string =>
  `"${createHash('sha256').update(parts.join('\n')).digest('base64url').slice(0, 22)}"`

export type BlobSource = (key: string, cacheControl: string) => Promise<ByteSource | undefined>

/**
 * Gives undefined if there is no such blob. `keepsOpen` for what is asked for in many stretches, and only after somebody
 * was asked who may: what was deleted can be had for two seconds more.
 */
export const createBlobSource = (blobs: Blobs, { keepsOpen }: { keepsOpen: boolean }): BlobSource => {
  const files = keepsOpen && blobs.localPath ? createOpenFiles(blobs, blobs.localPath) : undefined
  const sourceOf = (
    key: string,
    info: Omit<BlobInfo, 'key'>,
    cacheControl: string,
    open: ByteSource['open'],
  ) => ({
    sizeBytes: info.sizeBytes,
    etag: etagOf(key, info.sizeBytes, info.modifiedMs),
    contentType: typeOf(key),
    cacheControl,
    open,
  })
  return async (key, cacheControl) => {
    if (files === undefined) {
      const info = await blobs.head(key)
      return (
        info &&
        sourceOf(key, info, cacheControl, async (start, end) => {
          const found = await blobs.get(key, { start, end })
          if (found === undefined) throw gone(key)
          return found.body
        })
      )
    }
    const seen = await files.take(key)
    // Not held until then: a condition may make the bytes unnecessary, and nobody would close it.
    seen?.close()
    return (
      seen &&
      sourceOf(key, seen, cacheControl, async () => {
        const file = await files.take(key)
        if (file === undefined) throw gone(key)
        return file
      })
    )
  }
}

const gone = (key: string): Error => new Error(`The blob ${key} has just been deleted`)

/** undefined if there is no such file. It may grow. Only names that the caller has checked may get here. */
export const fileSource = async (path: string, cacheControl: string): Promise<ByteSource | undefined> => {
  const size = await sizeOf(path)
  if (size === undefined) return undefined
  return {
    sizeBytes: size,
    etag: etagOf(path, size),
    contentType: typeOf(path),
    cacheControl,
    open: async () => {
      const file = await open(path, 'r')
      return { fd: file.fd, close: () => void file.close() }
    },
  }
}

export const textSource = (text: string, name: string, cacheControl: string): ByteSource => {
  const bytes = Buffer.from(text)
  return {
    sizeBytes: bytes.length,
    etag: etagOf(text),
    contentType: typeOf(name),
    cacheControl,
    open: async (start, end) => Readable.from([bytes.subarray(start, end + 1)]),
  }
}

const sizeOf = async (path: string): Promise<number | undefined> => {
  try {
    await using file = await open(path, 'r')
    const seen = await file.stat()
    return seen.isFile() ? seen.size : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
