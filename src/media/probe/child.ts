/** Owns running one of our own media scripts as a child: it sees the files it is given, no others, and no network. */
import { fileURLToPath } from 'node:url'
import { realpath } from 'node:fs/promises'
import { runLimited } from '../ffmpeg/limited.ts'
import type { Ended } from '../ffmpeg/limited.ts'

export interface MediaChild {
  script: URL
  /** Plain JSON. */
  input: object
  /** Files or folders that it may read, beside our own code. */
  read: readonly string[]
  write: readonly string[]
  timeoutMs: number
  signal?: AbortSignal
  onProgress?: (fraction: number) => void
}

const root = fileURLToPath(new URL('../../..', import.meta.url))
const heapMb = 512
const maxRssBytes = 1024 ** 3

/** The child's `{"result": …}`; or how it ended without one. */
export const runMediaChild = async <Result>(
  child: MediaChild,
): Promise<{ result: Result } | { failed: Ended; detail: string }> => {
  const read = await Promise.all([root, ...child.read].map(allow))
  let pending = ''
  let result: { result: Result } | undefined
  const run = await runLimited(
    [
      process.execPath,
      `--max-old-space-size=${heapMb}`,
      '--permission',
      ...read.flat().map((path) => `--allow-fs-read=${path}`),
      ...child.write.map((path) => `--allow-fs-write=${path}`),
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(child.script),
      JSON.stringify(child.input),
    ],
    { timeoutMs: child.timeoutMs, maxRssBytes, ...(child.signal ? { signal: child.signal } : {}) },
    (text) => {
      const lines = (pending + text).split('\n')
      pending = lines.pop() ?? ''
      for (const line of lines) {
        const message = JSON.parse(line) as { progress: number } | { result: Result }
        if ('result' in message) result = message
        else child.onProgress?.(message.progress)
      }
    },
  )
  if (run.ended === 'exited' && run.code === 0 && result !== undefined) return result
  return { failed: run.ended, detail: run.stderr.slice(-500) }
}

/** A path that leads through a link is allowed under both its names. */
const allow = async (path: string): Promise<string[]> => {
  const real = await realpath(path).catch(() => path)
  return real === path ? [path] : [path, real]
}
