/** Owns one log file: appends lines, and beyond a size moves it aside as `name.1`, `name.2`, … up to a count. */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface LogFile {
  write(line: string): void
  close(): Promise<void>
}

/** Lines that wait while the disk is slow; beyond that they are dropped and counted. */
const mostWaiting = 10_000

export const openLogFile = (file: string, { maxBytes = 20 * 1024 * 1024, keep = 5 } = {}): LogFile => {
  mkdirSync(dirname(file), { recursive: true })
  let waiting: string[] = []
  let dropped = 0
  let writing: Promise<void> | undefined
  let handle: FileHandle | undefined
  let sizeBytes = 0

  const openHandle = async (): Promise<FileHandle> => {
    if (handle === undefined) {
      handle = await open(file, 'a', 0o640)
      sizeBytes = statSync(file).size
    }
    return handle
  }

  const rotate = async (): Promise<void> => {
    await handle?.close()
    handle = undefined
    rmSync(`${file}.${keep}`, { force: true })
    for (let n = keep - 1; n >= 1; n--) if (existsSync(`${file}.${n}`)) renameSync(`${file}.${n}`, `${file}.${n + 1}`)
    renameSync(file, `${file}.1`)
  }

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting
      waiting = []
      const missed = dropped
      dropped = 0
      if (missed > 0) lines.unshift(JSON.stringify({ level: 40, time: Date.now(), msg: `${missed} log lines were lost` }))
      const text = `${lines.join('\n')}\n`
      await (await openHandle()).write(text)
      sizeBytes += Buffer.byteLength(text)
      if (sizeBytes >= maxBytes) await rotate()
    }
  }

  return {
    write(line) {
      if (waiting.length >= mostWaiting) dropped++
      else waiting.push(line)
      // A full disk costs log lines, never the process.
      writing ??= drain()
        .catch(() => undefined)
        .finally(() => {
          writing = undefined
        })
    },
    async close() {
      while (writing) await writing
      await handle?.close()
    },
  }
}
