/**
 * Owns objects as files below one folder. An object appears whole or not at all: written beside, synced, renamed
 * into place. It refuses to follow a link out of its folder.
 */
import { createReadStream } from 'node:fs'
import type { Stats } from 'node:fs'
import { copyFile, lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, statfs } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { addAbortSignal, Readable } from 'node:stream'
import { AppError } from '../errors/app-error.ts'
import { secretToken } from '../ids/ids.ts'
import type { BlobInfo, Blobs } from './blob.ts'
import { listFiles } from './disk-list.ts'
import { checkKey, checkPrefix } from './key.ts'

/** Unfinished files live here: on the same file system, so that a rename is enough. Its dot keeps it out of keys. */
const unfinished = '.unfinished'

export const createDiskBlobs = async (deps: { directory: string }): Promise<Blobs> => {
  await mkdir(deps.directory, { recursive: true, mode: 0o750 })
  const root = await realpath(deps.directory)
  await mkdir(join(root, unfinished), { recursive: true, mode: 0o750 })
  await clearUnfinished(join(root, unfinished))

  const pathOf = (key: string): string => join(root, ...checkKey(key).split('/'))
  const temporary = (): string => join(root, unfinished, secretToken(12))

  /** The file's folder, which must be inside even after links are followed. */
  const insideFolder = async (path: string): Promise<boolean> => {
    const folder = await found(realpath(dirname(path)))
    return folder !== undefined && (folder === root || folder.startsWith(root + sep))
  }
  const stats = async (key: string): Promise<Stats | undefined> => {
    const path = pathOf(key)
    if (!(await insideFolder(path))) return undefined
    const seen = await found(lstat(path))
    return seen?.isFile() ? seen : undefined
  }

  const place = async (from: string, key: string): Promise<BlobInfo> => {
    const path = pathOf(key)
    // Before the rename: after it the next writer's file may stand there, or none.
    const info = infoOf(key, await lstat(from))
    // Deleting an object removes empty folders, perhaps just between these two: then once more.
    for (let attempt = 1; ; attempt++) {
      await mkdir(dirname(path), { recursive: true, mode: 0o750 })
      if (!(await insideFolder(path))) throw new Error('A folder of this key leads out of the storage')
      try {
        await rename(from, path)
        break
      } catch (error) {
        if (attempt === 3 || !isMissing(error)) throw error
      }
    }
    await syncFolder(dirname(path))
    return info
  }

  /** Whatever goes wrong, nothing is left behind. */
  const viaTemporary = async (key: string, write: (path: string) => Promise<void>): Promise<BlobInfo> => {
    checkKey(key)
    const path = temporary()
    try {
      await write(path)
      return await place(path, key)
    } catch (error) {
      await rm(path, { force: true })
      throw translate(error)
    }
  }

  return {
    put: (key, body, options) => viaTemporary(key, (path) => writeFile(path, body, options)),
    putFile: async (key, localPath, { move }) => {
      checkKey(key)
      if (!move) return viaTemporary(key, (path) => copySynced(localPath, path))
      try {
        await syncFile(localPath)
        return await place(localPath, key)
      } catch (error) {
        // Another file system: a rename can not leave it.
        if (!isCode(error, 'EXDEV')) throw translate(error)
        const info = await viaTemporary(key, (path) => copySynced(localPath, path))
        await rm(localPath, { force: true })
        return info
      }
    },
    async get(key, range = {}) {
      const seen = await stats(key)
      if (!seen) return undefined
      const file = await found(open(pathOf(key), 'r'))
      // Opened before it is told to be there: from here on a deletion does not matter.
      return (
        file && { body: createReadStream('', { fd: file, ...range }), info: infoOf(key, await file.stat()) }
      )
    },
    async head(key) {
      const seen = await stats(key)
      return seen && infoOf(key, seen)
    },
    async delete(key) {
      const path = pathOf(key)
      if (!(await insideFolder(path))) return
      await rm(path, { force: true }).catch((error: unknown) => {
        throw translate(error)
      })
      await removeEmptyFolders(root, dirname(path))
    },
    async deletePrefix(prefix) {
      if (checkPrefix(prefix) === '') throw new Error('Deleting everything is not offered')
      const path = pathOf(prefix.slice(0, -1))
      if (!(await insideFolder(path))) return
      // Renamed first: readers see all of it or nothing, and a kill leaves the rest where it is cleared at start.
      const aside = temporary()
      const moved = await found(rename(path, aside).then(() => true))
      if (moved === undefined) return
      await rm(aside, { recursive: true, force: true })
      await removeEmptyFolders(root, dirname(path))
    },
    list: async (prefix, { after, limit = 1000 } = {}) => {
      const items = await listFiles(root, checkPrefix(prefix), after ?? '', limit + 1)
      const page = items.slice(0, limit)
      return { items: page, next: items.length > limit ? page.at(-1)?.key : undefined }
    },
    localPath: pathOf,
    async freeBytes() {
      const { bavail, bsize } = await statfs(root)
      return bavail * bsize
    },
  }
}

/** What a killed process left half-written; younger files may be another process's at work. */
const clearUnfinished = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const seen = await found(lstat(path))
    if (seen && seen.mtimeMs < Date.now() - 86_400_000) await rm(path, { recursive: true, force: true })
  }
}

const infoOf = (key: string, seen: Stats): BlobInfo => ({
  key,
  sizeBytes: seen.size,
  modifiedMs: Math.floor(seen.mtimeMs),
})

const writeFile = async (
  path: string,
  body: Readable | Uint8Array,
  { sizeBytes, signal }: { sizeBytes?: number; signal?: AbortSignal },
): Promise<void> => {
  const file = await open(path, 'wx', 0o640)
  try {
    const source = body instanceof Uint8Array ? Readable.from([body]) : body
    if (signal) addAbortSignal(signal, source)
    let writtenBytes = 0
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      await file.appendFile(chunk)
      writtenBytes += chunk.byteLength
    }
    if (sizeBytes !== undefined && writtenBytes !== sizeBytes) {
      throw new Error(`Got ${writtenBytes} bytes instead of ${sizeBytes}`)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

const copySynced = async (from: string, to: string): Promise<void> => {
  await copyFile(from, to)
  await syncFile(to)
}

const syncFile = async (path: string): Promise<void> => {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename is durable when its folder is. */
const syncFolder = async (path: string): Promise<void> => {
  const folder = await found(open(path, 'r'))
  // Deleted with what was in it.
  if (!folder) return
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const removeEmptyFolders = async (root: string, path: string): Promise<void> => {
  for (let folder = path; folder !== root && folder.startsWith(root + sep); folder = dirname(folder)) {
    try {
      await rmdir(folder)
    } catch {
      // Not empty, or somebody else was faster: both end it.
      return
    }
  }
}

const isCode = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))
const isMissing = (error: unknown): boolean => isCode(error, 'ENOENT', 'ENOTDIR')

const found = async <T>(promise: Promise<T>): Promise<T | undefined> => {
  try {
    return await promise
  } catch (error) {
    if (isMissing(error)) return undefined
    throw translate(error)
  }
}

const translate = (error: unknown): unknown => {
  if (isCode(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) return new AppError('storage_full', { cause: error })
  if (isCode(error, 'EIO', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'ESTALE')) {
    return new AppError('storage_failed', { cause: error })
  }
  return error
}
