/**
 * Owns the small file that lets a session go on after the ingest process was killed. It is renamed into place;
 * writes that come while one is under way are merged into the next.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../platform/log/log.ts'
import type { ResumePoint } from '../media/hls/updates.ts'
import type { TimelineRun } from './types.ts'

export interface SessionState {
  v: 1
  sessionId: string
  roomId: string
  record: boolean
  recordingQuotaBytes: number
  startedAtMs: number
  state: 'reconnecting' | 'stopped'
  resume: ResumePoint
  runs: TimelineRun[]
}

export interface StateFile {
  /** Returns at once. */
  save(state: SessionState): void
  flush(): Promise<void>
  remove(): Promise<void>
}

/** Session ids become file names. */
export const isSafeId = (id: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(id)

export const createStateFile = (dir: string, sessionId: string, log: Log): StateFile => {
  const file = join(dir, `${sessionId}.json`)
  let next: SessionState | undefined
  let running: Promise<void> | undefined
  let removed = false
  let failing = false
  let isMade = false

  const run = async (): Promise<void> => {
    if (!isMade) await mkdir(dir, { recursive: true })
    isMade = true
    while (next !== undefined) {
      const state = next
      next = undefined
      await writeFile(`${file}.tmp`, JSON.stringify(state), { mode: 0o600 })
      await rename(`${file}.tmp`, file)
      failing = false
    }
  }
  const start = (): void => {
    running ??= run()
      .catch((error: unknown) => {
        // Two lines a second would be no help on a full disk.
        if (!failing) log.error({ sessionId, err: String(error) }, 'session state was not written')
        failing = true
      })
      .finally(() => {
        running = undefined
      })
  }
  const flush = async (): Promise<void> => {
    while (running !== undefined) await running
  }
  return {
    save(state) {
      if (removed) return
      next = state
      start()
    },
    flush,
    async remove() {
      removed = true
      next = undefined
      await flush()
      await rm(file, { force: true })
    },
  }
}

/** Every session that was not ended. A file that can't be read is left out and said. */
export const readStates = async (dir: string, log: Log): Promise<SessionState[]> => {
  await mkdir(dir, { recursive: true })
  const states: SessionState[] = []
  for (const name of await readdir(dir)) {
    if (!name.endsWith('.json')) continue
    try {
      const state = JSON.parse(await readFile(join(dir, name), 'utf8')) as SessionState
      if (state.v === 1 && isSafeId(state.sessionId) && `${state.sessionId}.json` === name) states.push(state)
    } catch (error) {
      log.error({ name, err: String(error) }, 'session state can not be read')
    }
  }
  return states
}
