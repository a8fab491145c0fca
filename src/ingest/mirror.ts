/**
 * Owns the API side's copy of one watched session: its window, who waits for what, and one encoding per answer.
 * It refuses waiters beyond a bound and holds nobody longer than 3 × TARGETDURATION.
 */
import { blockDecision, nextPart, writePlaylist } from '../media/hls/playlist.ts'
import { extendRuns } from '../media/hls/runs.ts'
import type { HlsUpdate } from '../media/hls/updates.ts'
import { createWindow } from '../media/hls/window.ts'
import type { FileAnswer, PlaylistAnswer, PlaylistQuery, TimelineRun } from './types.ts'

export interface Mirror {
  playlist(kind: 'll' | 'plain', query: PlaylistQuery, nowMs: number): Promise<PlaylistAnswer>
  file(name: string, nowMs: number): Promise<FileAnswer>
  readonly runs: readonly TimelineRun[]
  readonly edgeMediaTimeMs: number | undefined
  readonly lastUsedMs: number
  readonly waiting: number
  readonly ended: boolean
  /** A snapshot begins: of the same ingest process as before, or of a new one. */
  reset(runs: readonly TimelineRun[], sameProcess: boolean): void
  apply(update: HlsUpdate): void
  /** The snapshot is complete. */
  ready(): void
  /** The session is over; what is there stays fetchable. */
  end(): void
  /** Answers those who waited long enough. */
  sweep(nowMs: number): void
  /** Answers everyone with 503. */
  close(): void
}

const maxWaiters = 10_000
const noShapeMs = 8_000

interface Waiter {
  untilMs: number
  /** Settles and returns true once there is an answer; `expired` makes it settle now. */
  attempt(expired: boolean): boolean
}

const contentType = 'video/mp4'
const unavailable = { status: 503 } as const

export const createMirror = (startMs: number): Mirror => {
  let window = createWindow()
  let runs: TimelineRun[] = []
  let waiters: Waiter[] = []
  let lastUsedMs = startMs
  let synced = false
  let closed = false
  let otherProcess = false
  let fresh: HlsUpdate[] | undefined
  const encoded = new Map<string, { version: number; body: Buffer | undefined }>()

  const wake = (): void => {
    if (waiters.length > 0) waiters = waiters.filter((waiter) => !waiter.attempt(false))
  }

  const holdMs = (): number => 3000 * (window.shape?.targetDurationS ?? noShapeMs / 3000)

  const wait = <T>(nowMs: number, busy: T, attempt: (expired: boolean) => T | undefined): Promise<T> => {
    const now = attempt(false)
    if (now !== undefined) return Promise.resolve(now)
    if (closed || waiters.length >= maxWaiters) return Promise.resolve(busy)
    return new Promise((resolve) => {
      waiters.push({
        untilMs: nowMs + holdMs(),
        attempt(expired) {
          const answer = expired ? (attempt(true) ?? busy) : attempt(false)
          if (answer !== undefined) resolve(answer)
          return answer !== undefined
        },
      })
    })
  }

  // Everyone who waited for the same playlist gets the same bytes.
  const encode = (kind: 'll' | 'plain', skip: boolean): Buffer | undefined => {
    const key = `${kind}:${skip}`
    const known = encoded.get(key)
    if (known?.version === window.version) return known.body
    const text = writePlaylist(window, { parts: kind === 'll', skip })
    const body = text === undefined ? undefined : Buffer.from(text)
    encoded.set(key, { version: window.version, body })
    return body
  }

  const tryPlaylist = (kind: 'll' | 'plain', query: PlaylistQuery): PlaylistAnswer | undefined => {
    if (!synced) return undefined
    const blocking = kind === 'll' && (query.msn !== undefined || query.part !== undefined)
    if (blocking) {
      const decision = blockDecision(window, query.msn, query.part)
      if (decision === 'invalid') return { status: 400, reason: '_HLS_part needs _HLS_msn' }
      if (decision === 'too-far') return { status: 400, reason: '_HLS_msn is too far in the future' }
      if (decision === 'wait') return undefined
    }
    const body = encode(kind, query.skip === true)
    if (body === undefined) return undefined
    const targetS = window.shape?.targetDurationS ?? 2
    // RFC 8216bis §6.2.5.2 and appendix B.1: an answer to a blocking request stays true for that address.
    const maxAgeS = window.ended ? targetS : blocking ? 6 * targetS : kind === 'll' ? 0 : targetS / 2
    return { status: 200, body, maxAgeS }
  }

  const found = (body: Buffer): FileAnswer => ({ status: 200, body, contentType, immutable: true })

  const tryFile = (name: string): FileAnswer | undefined => {
    if (!synced) return undefined
    const init = /^init-(\d{1,9})\.mp4$/.exec(name)
    const whole = /^s(\d{1,15})\.mp4$/.exec(name)
    const part = /^p(\d{1,15})\.(\d{1,6})\.mp4$/.exec(name)
    let body: Buffer | undefined
    if (init !== null) body = window.init(Number(init[1]))
    else if (whole !== null) body = window.segment(Number(whole[1]))
    else if (part !== null) {
      const wanted = { msn: Number(part[1]), part: Number(part[2]) }
      body = window.part(wanted.msn, wanted.part)
      const next = nextPart(window)
      const hinted = wanted.msn === next.msn && wanted.part === next.part
      if (body === undefined && hinted && !window.ended) return undefined
    }
    return body === undefined ? { status: 404 } : found(body)
  }

  // A new process goes on where the old one was killed: what viewers have stays, its open segment is closed.
  // Should its numbers collide with what is here (its state file was older), its word counts.
  const put = (update: HlsUpdate): void => {
    if (update.type === 'part' && otherProcess) {
      otherProcess = false
      const last = window.segments.at(-1)
      if (last !== undefined && update.msn <= last.msn) {
        const known = window.snapshot().filter((old) => old.type !== 'part')
        window = createWindow()
        for (const old of known) window.apply(old)
        encoded.clear()
      }
    }
    window.apply(update)
    if (update.type === 'part') extendRuns(runs, update)
  }

  const settle = (): void => {
    const updates = fresh ?? []
    fresh = undefined
    for (const update of updates) put(update)
  }

  return {
    get runs() {
      return runs
    },
    get edgeMediaTimeMs() {
      const last = window.segments.at(-1)
      return last === undefined ? undefined : last.mediaTimeMs + last.durationMs
    },
    get lastUsedMs() {
      return lastUsedMs
    },
    get waiting() {
      return waiters.length
    },
    get ended() {
      return window.ended
    },
    playlist(kind, query, nowMs) {
      lastUsedMs = nowMs
      return wait<PlaylistAnswer>(nowMs, { status: 503, reason: 'nothing new in time' }, () =>
        tryPlaylist(kind, query),
      )
    },
    file(name, nowMs) {
      lastUsedMs = nowMs
      return wait<FileAnswer>(nowMs, unavailable, () => tryFile(name))
    },
    reset(nextRuns, sameProcess) {
      runs = nextRuns.map((run) => ({ ...run }))
      fresh = []
      if (sameProcess) return
      otherProcess = true
      window.interrupt()
    },
    apply(update) {
      if (fresh !== undefined) {
        fresh.push(update)
        return
      }
      put(update)
      wake()
    },
    ready() {
      settle()
      synced = true
      wake()
    },
    end() {
      window.end()
      synced = true
      wake()
    },
    sweep(nowMs) {
      const due = waiters.filter((waiter) => waiter.untilMs <= nowMs)
      if (due.length === 0) return
      waiters = waiters.filter((waiter) => waiter.untilMs > nowMs)
      for (const waiter of due) waiter.attempt(true)
    },
    close() {
      closed = true
      const all = waiters
      waiters = []
      for (const waiter of all) waiter.attempt(true)
      window = createWindow()
    },
  }
}
