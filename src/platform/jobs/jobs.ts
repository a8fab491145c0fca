/**
 * Owns the durable queue of work: written with the change that asks for it, run at least once, by one worker at a
 * time. It refuses a second live job with the same key.
 */
import type { Clock } from '../clock/clock.ts'
import { isDuplicate } from '../db/db.ts'
import type { Db, Queries, Transaction } from '../db/db.ts'
import { AppError } from '../errors/app-error.ts'
import { sortableId } from '../ids/ids.ts'
import type { Log } from '../log/log.ts'
import type { Job } from './job.ts'
import type { JobHandler } from './run.ts'
import {
  askToCancel,
  cancelQueued,
  countJobs,
  deleteOldJobs,
  findJob,
  findJobByKey,
  findLiveJob,
  insertJob,
  listJobs,
  requeue,
} from './store.ts'
import type { JobState } from './tables.ts'
import { createWorker } from './worker.ts'
import type { Worker } from './worker.ts'

export { JobStopped, PermanentError } from './job.ts'
export type { Job } from './job.ts'
export type { JobContext, JobHandler } from './run.ts'
export type { JobState } from './tables.ts'

/** What jobs need of the bus: to be woken. */
export interface Bell {
  publish(channel: string, message: { kind: string } | { cancel: string }): Promise<void>
  subscribe(channel: string, handler: (message: unknown) => void): Promise<() => Promise<void>>
}

export interface Enqueue {
  kind: string
  /** Plain JSON. */
  payload: unknown
  /** One live job per kind and key. */
  key?: string
  runAtMs?: number
  /** 5 by default. A worker that vanishes counts, a shutdown does not. */
  maxAttempts?: number
}

export interface WorkOptions {
  /** 1 by default. */
  concurrency?: number
  /** How long after a kill the job waits; renewed while it runs. 30 s by default. */
  leaseMs?: number
  /** 1 s by default, then doubled. */
  firstBackoffMs?: number
}

export interface Jobs extends AsyncDisposable {
  /** With a transaction the job exists if that commits. `created` is false if one with its key is alive: its id. */
  enqueue(q: Transaction | Db, job: Enqueue): Promise<{ id: string; created: boolean }>
  /** Starts running jobs of this kind in this process. */
  work(kind: string, handler: JobHandler, options?: WorkOptions): void
  get(id: string): Promise<Job | undefined>
  /** The newest with this key, alive or not. */
  getByKey(kind: string, key: string): Promise<Job | undefined>
  /** False if it had ended. A running one ends when its handler heeds the signal. */
  cancel(id: string): Promise<boolean>
  /** Queues a failed or cancelled job again. Throws AppError `not_found`, or `conflict` if one with its key lives. */
  retry(id: string): Promise<void>
  /** Newest first; go on with the last one's id. */
  list(filter: { state: JobState; beforeId?: string; limit: number }): Promise<Job[]>
  /** How many are in this state, up to `limit`. */
  count(state: JobState, limit: number): Promise<number>
  /** Deletes done and cancelled jobs after a week, failed ones after a month; also runs by itself every hour. */
  prune(): Promise<number>
  /** Claims nothing more, stops what runs and gives it back at once. */
  close(): Promise<void>
}

const channel = 'platform.jobs'
const dayMs = 86_400_000

export const createJobs = async (deps: {
  db: Db
  bus: Bell
  log: Log
  clock: Clock
  options?: { pollMs?: number; stopMs?: number }
}): Promise<Jobs> => {
  const { db, bus, log, clock, options = {} } = deps
  const { pollMs = 2000, stopMs = 10_000 } = options
  const workers = new Map<string, Worker>()

  const unsubscribe = await bus.subscribe(channel, (message) => {
    if (typeof message !== 'object' || message === null) return
    if ('kind' in message && typeof message.kind === 'string') workers.get(message.kind)?.wake()
    if ('cancel' in message && typeof message.cancel === 'string') {
      for (const worker of workers.values()) worker.cancel(message.cancel)
    }
  })

  const insert = async (q: Queries, job: Enqueue): Promise<{ id: string; created: boolean }> => {
    const nowMs = clock.now()
    const { kind, key, runAtMs, maxAttempts = 5 } = job
    const payload = JSON.stringify(job.payload ?? null)
    // The live one may end between the two statements; then the second round succeeds.
    for (let round = 0; round < 3; round++) {
      const id = sortableId(nowMs)
      const row = { id, kind, payload, key: key ?? null, maxAttempts, dueMs: runAtMs ?? nowMs, nowMs }
      if (await insertJob(q, row)) return { id, created: true }
      const live = await findLiveJob(q, kind, key ?? '')
      if (live) return { id: live.id, created: false }
    }
    throw new AppError('unavailable', { retryAfterS: 1 })
  }

  const prune = async (): Promise<number> => {
    const nowMs = clock.now()
    const ages = { done: 7 * dayMs, cancelled: 7 * dayMs, failed: 30 * dayMs }
    let deleted = 0
    for (const [state, ageMs] of Object.entries(ages) as [JobState, number][]) {
      for (let last = -1; last !== 0; deleted += Math.max(0, last)) {
        last = await deleteOldJobs(db, state, nowMs - ageMs, 500)
      }
    }
    return deleted
  }
  const hourly = setInterval(() => {
    prune().catch((error: unknown) => log.error({ err: error }, 'old jobs could not be deleted'))
  }, 3_600_000)
  hourly.unref()

  const close = async (): Promise<void> => {
    clearInterval(hourly)
    await unsubscribe()
    await Promise.all([...workers.values()].map((worker) => worker.close(stopMs)))
    workers.clear()
  }

  return {
    async enqueue(q, job) {
      const result = await insert(q, job)
      const ring = (): Promise<void> => bus.publish(channel, { kind: job.kind })
      if (result.created && 'afterCommit' in q) q.afterCommit(ring)
      else if (result.created) await ring()
      return result
    },
    work(kind, handler, work = {}) {
      if (workers.has(kind)) throw new Error(`This process runs jobs of kind ${kind} already`)
      const { concurrency = 1, leaseMs = 30_000, firstBackoffMs = 1000 } = work
      const worker = { kind, handler, concurrency, leaseMs, firstBackoffMs, pollMs }
      workers.set(kind, createWorker({ db, log, clock, ...worker }))
    },
    get: (id) => findJob(db, id),
    getByKey: (kind, key) => findJobByKey(db, kind, key),
    async cancel(id) {
      if (await cancelQueued(db, id, clock.now())) return true
      if (!(await askToCancel(db, id))) return false
      await bus.publish(channel, { cancel: id })
      return true
    },
    async retry(id) {
      try {
        if (!(await requeue(db, id, clock.now()))) throw new AppError('not_found')
      } catch (error) {
        if (isDuplicate(error)) throw new AppError('conflict', { cause: error })
        throw error
      }
      const job = await findJob(db, id)
      if (job) await bus.publish(channel, { kind: job.kind })
    },
    list: ({ state, beforeId, limit }) => listJobs(db, { state, beforeId, limit }),
    count: (state, limit) => countJobs(db, state, limit),
    prune,
    close,
    [Symbol.asyncDispose]: close,
  }
}
