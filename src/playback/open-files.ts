/**
 * Owns the files that players read just now: opened once for the many stretches that they ask for. For objects only,
 * whose bytes never change; who may read them is asked before.
 */
import { close, constants, fstat, open } from 'node:fs'
import { promisify } from 'node:util'
import type { Blobs } from '../platform/blob/blob.ts'
import type { OpenedFile } from '../platform/http/send-file.ts'

/** A deleted object's bytes go after this. */
const keptMs = 2_000
const mostKept = 64

const calls = { open: promisify(open), fstat: promisify(fstat), close: promisify(close) }

interface Kept {
  fd: number
  sizeBytes: number
  modifiedMs: number
  users: number
  isOver: boolean
}

export type LocalFile = OpenedFile & Pick<Kept, 'sizeBytes' | 'modifiedMs'>

/** `take` gives what must be closed by whoever took it; undefined if there is no such object. */
export interface OpenFiles {
  take(key: string): Promise<LocalFile | undefined>
}

export const createOpenFiles = (blobs: Blobs, localPath: (key: string) => string): OpenFiles => {
  const files = new Map<string, Promise<Kept | undefined>>()

  const closeUnused = (file: Kept): void => {
    if (file.isOver && file.users === 0) void calls.close(file.fd)
  }
  const openNow = async (key: string): Promise<Kept | undefined> => {
    // It looks at the folders, too, which opening by path does not.
    if ((await blobs.head(key)) === undefined) return undefined
    const fd = await calls.open(localPath(key), constants.O_RDONLY | constants.O_NOFOLLOW)
    const { size, mtimeMs } = await calls.fstat(fd)
    return { fd, sizeBytes: size, modifiedMs: Math.floor(mtimeMs), users: 0, isOver: false }
  }
  const forget = (key: string): void => {
    const found = files.get(key)
    files.delete(key)
    void found?.then(
      (file) => {
        if (file === undefined) return
        file.isOver = true
        closeUnused(file)
      },
      () => undefined,
    )
  }
  const keep = (key: string): Promise<Kept | undefined> => {
    const [oldest] = files.keys()
    if (files.size >= mostKept && oldest !== undefined) forget(oldest)
    const opened = openNow(key)
    files.set(key, opened)
    const isKept = (): boolean => files.get(key) === opened
    setTimeout(() => isKept() && forget(key), keptMs).unref()
    opened.catch(() => isKept() && files.delete(key))
    return opened
  }

  return {
    async take(key) {
      const file = await (files.get(key) ?? keep(key))
      // Over between its opening and now: with nobody using it, it is closed already.
      if (file?.isOver === true && file.users === 0) return this.take(key)
      if (file === undefined) return undefined
      file.users++
      let isClosed = false
      return {
        fd: file.fd,
        sizeBytes: file.sizeBytes,
        modifiedMs: file.modifiedMs,
        close() {
          if (isClosed) return
          isClosed = true
          file.users--
          closeUnused(file)
        },
      }
    },
  }
}
