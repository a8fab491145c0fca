/**
 * Owns one attempt at a job: its lease, its progress, its end. It refuses to write anything once the lease is lost.
 */
import { randomInt } from 'node:crypto'
import type { Clock } from '../clock/clock.ts'
import type { Db, Transaction } from '../db/db.ts'
import type { Log } from '../log/log.ts'
import { backoffAfter, JobStopped, judge } from './job.ts'
import type { Job } from './job.ts'
import { isCancelAsked, updateRunning } from './store.ts'

export interface JobContext {
  readonly job: Job
  /** Same as `job.attempt`. */
  readonly attempt: number
  /** Aborted with a `JobStopped` when the lease is lost, the job is cancelled or the process stops. */
  readonly signal: AbortSignal
  /** 0 to 1; written about once a second. `note` is shown beside it. */
  readonly progress: (fraction: number, note?: string) => void
  /**
   * Makes a transaction part of this attempt: it throws `JobStopped` if somebody else has the job by now. Call it
   * first in the transaction that publishes the result.
   */
  readonly guard: (trx: Transaction) => Promise<void>
}

export type JobHandler = (context: JobContext) => Promise<void>

export interface RunDeps {
  db: Db
  log: Log
  clock: Clock
  leaseMs: number
  firstBackoffMs: number
}

export interface Run {
  readonly job: Job
  stop(reason: 'cancelled' | 'shutdown'): void
  /** Resolves when the job's end is written; never rejects. */
  readonly ended: Promise<void>
  /** Gives the job back though its handler has not returned. */
  abandon(): Promise<void>
}

const maxText = 1000
const maxNote = 200
const progressMs = 1000

export const startRun = (deps: RunDeps, job: Job, handler: JobHandler): Run => {
  const { db, clock, leaseMs } = deps
  const log = deps.log.child({ job: job.id, kind: job.kind, attempt: job.attempt })
  const fence = { id: job.id, attempt: job.attempt }
  const abort = new AbortController()
  let leaseEndMs = job.dueMs
  let shown: { progress: number; note: string | null } | undefined
  let settled = false

  const stop = (reason: JobStopped['reason']): void => {
    if (!abort.signal.aborted) abort.abort(new JobStopped(reason))
  }
  const write = (change: Omit<Parameters<typeof updateRunning>[2], 'updated_ms'>): Promise<boolean> =>
    updateRunning(db, fence, { ...change, updated_ms: clock.now() })

  const renew = async (): Promise<void> => {
    const endMs = clock.now() + leaseMs
    if (!(await write({ due_ms: endMs }))) {
      if (!settled) stop('lost')
      return
    }
    leaseEndMs = endMs
    if (await isCancelAsked(db, job.id)) stop('cancelled')
  }
  const heartbeat = setInterval(() => {
    renew().catch((error: unknown) => {
      log.warn({ err: error }, 'a job could not renew its lease')
      if (clock.now() >= leaseEndMs) stop('lost')
    })
  }, leaseMs / 3)
  const showing = setInterval(() => {
    if (!shown) return
    const change = shown
    shown = undefined
    write(change).catch((error: unknown) => log.warn({ err: error }, 'progress could not be written'))
  }, progressMs)

  const context: JobContext = {
    job,
    attempt: job.attempt,
    signal: abort.signal,
    progress(fraction, note) {
      const progress = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0
      shown = { progress, note: note === undefined ? (shown?.note ?? null) : cut(note, maxNote) }
    },
    async guard(trx) {
      abort.signal.throwIfAborted()
      if (!(await updateRunning(trx, fence, { updated_ms: clock.now() }))) throw new JobStopped('lost')
    },
  }

  const succeed = async (): Promise<void> => {
    const done = await write({
      state: 'done',
      live_key: null,
      progress: 1,
      note: null,
      error_code: null,
      error_text: null,
    })
    if (!done) log.warn({}, 'a job ended after its lease was lost')
  }

  const fail = async (error: unknown): Promise<void> => {
    const reason = stopReason(abort.signal, error)
    if (reason === 'lost') return log.warn({}, 'a job lost its lease')
    if (reason === 'shutdown') return void (await write({ state: 'queued', due_ms: clock.now() }))
    if (reason === 'cancelled') return void (await write({ state: 'cancelled', live_key: null }))
    const verdict = judge(error)
    const failures = job.failures + 1
    const seen = { failures, error_code: cut(verdict.code, 64), error_text: cut(verdict.text, maxText) }
    if (verdict.final || failures >= job.maxAttempts) {
      log.error({ err: error, failures }, 'a job failed')
      await write({ ...seen, state: 'failed', live_key: null })
      return
    }
    const backoffMs = backoffAfter(failures, deps.firstBackoffMs)
    log.warn({ err: error, failures, retryMs: backoffMs }, 'a job failed; it will be tried again')
    const dueMs = clock.now() + backoffMs + randomInt(0, Math.max(1, Math.floor(backoffMs / 4)))
    await write({ ...seen, state: 'queued', due_ms: dueMs })
  }

  const execute = async (): Promise<void> => {
    try {
      try {
        await handler(context)
      } finally {
        clearInterval(showing)
      }
      await succeed()
    } catch (error) {
      await fail(error)
    }
  }
  const ended = execute()
    .catch((error: unknown) =>
      log.error({ err: error }, "a job's end could not be written; its lease will end"),
    )
    .finally(() => {
      settled = true
      clearInterval(heartbeat)
    })

  return {
    job,
    stop,
    ended,
    async abandon() {
      settled = true
      clearInterval(heartbeat)
      clearInterval(showing)
      await write({ state: 'queued', due_ms: clock.now() }).catch((error: unknown) =>
        log.warn({ err: error }, 'a job could not be given back; its lease will end'),
      )
    },
  }
}

/** A handler that fails by itself just before a stop has failed, one that fails of the stop was stopped. */
const stopReason = (signal: AbortSignal, error: unknown): JobStopped['reason'] | undefined => {
  if (error instanceof JobStopped) return error.reason
  const reason: unknown = signal.aborted ? signal.reason : undefined
  return reason instanceof JobStopped ? reason.reason : undefined
}

/** By code points, as both engines count. */
const cut = (text: string, length: number): string => [...text.slice(0, length * 2)].slice(0, length).join('')
