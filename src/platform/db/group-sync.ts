/**
 * Owns making commits durable in groups: a commit is acknowledged when the log that holds it is on the disk, and all that
 * came in while the disk was busy share the next turn. Done in another thread: a disk that takes milliseconds holds up
 * nobody who reads.
 */
import { closeSync, fdatasync, openSync } from 'node:fs'

export interface GroupSync {
  /** Resolves when all that was written to the file before this call is on the disk. Rejects where the disk fails. */
  done(): Promise<void>
  /** Only when nobody waits any more. */
  close(): void
}

export const createGroupSync = (file: string): GroupSync => {
  const fd = openSync(file, 'r')
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  const sync = (): Promise<void> => {
    const turn = new Promise<void>((resolve, reject) => {
      fdatasync(fd, (error) => (error ? reject(error) : resolve()))
    }).finally(() => {
      if (running === turn) running = undefined
    })
    running = turn
    return turn
  }
  const afterThis = (): Promise<void> => {
    next = undefined
    return sync()
  }

  return {
    done() {
      if (running === undefined) return sync()
      // The one that runs may have begun before this was written.
      next ??= running.then(afterThis, afterThis)
      return next
    },
    close: () => closeSync(fd),
  }
}
