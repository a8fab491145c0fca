/** Owns how one process takes jobs of one kind: as many at a time as it may, woken or by looking now and then. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../clock/clock.ts'
import type { Db } from '../db/db.ts'
import type { Log } from '../log/log.ts'
import type { Job } from './job.ts'
import { startRun } from './run.ts'
import type { JobHandler, Run } from './run.ts'
import { claimJob, dueJobs, updateRunning } from './store.ts'

export interface Worker {
  wake(): void
  /** Stops the job if it runs here. */
  cancel(id: string): void
  /** Gives running jobs back; those that do not heed the signal in `stopMs`, too. */
  close(stopMs: number): Promise<void>
}

export interface WorkerDeps {
  db: Db
  log: Log
  clock: Clock
  kind: string
  handler: JobHandler
  concurrency: number
  leaseMs: number
  firstBackoffMs: number
  pollMs: number
}

export const createWorker = (deps: WorkerDeps): Worker => {
  const { db, log, clock, kind, handler, concurrency, leaseMs, pollMs } = deps
  const runs = new Map<string, Run>()
  let closed = false
  let looking: Promise<void> | undefined
  let lookAgain = false

  const start = (job: Job): void => {
    const run = startRun(deps, job, handler)
    runs.set(job.id, run)
    void run.ended.then(() => {
      if (runs.get(job.id) === run) runs.delete(job.id)
      wake()
    })
  }

  const claim = async (job: Job): Promise<void> => {
    const nowMs = clock.now()
    const leaseEndMs = nowMs + leaseMs
    if (!(await claimJob(db, job, { nowMs, leaseEndMs }))) return
    const failures = job.failures + (job.state === 'running' ? 1 : 0)
    const claimed: Job = { ...job, state: 'running', attempt: job.attempt + 1, failures, dueMs: leaseEndMs }
    if (failures >= job.maxAttempts) {
      log.error({ job: job.id, kind, failures }, 'a job failed: its workers vanished')
      await updateRunning(db, claimed, {
        state: 'failed',
        live_key: null,
        error_code: 'worker_lost',
        error_text: 'The process that ran it ended each time',
        updated_ms: nowMs,
      })
    } else start(claimed)
  }

  const look = async (): Promise<void> => {
    do {
      lookAgain = false
      const free = concurrency - runs.size
      if (closed || free <= 0) return
      // More than are free: with several processes most candidates are gone when we claim them.
      const candidates = await dueJobs(db, kind, clock.now(), free + 8)
      for (const job of candidates) {
        // A job that outlived its lease here is still being stopped.
        if (closed || runs.size >= concurrency) return
        if (!runs.has(job.id)) await claim(job)
      }
    } while (lookAgain)
  }

  const wake = (): void => {
    lookAgain = true
    if (closed || looking) return
    looking = look()
      .catch((error: unknown) => log.warn({ err: error, kind }, 'jobs could not be claimed'))
      .finally(() => {
        looking = undefined
        // Woken between the last look and here.
        if (lookAgain && runs.size < concurrency) wake()
      })
  }

  const poll = setInterval(wake, pollMs)
  wake()

  return {
    wake,
    cancel: (id) => runs.get(id)?.stop('cancelled'),
    async close(stopMs) {
      closed = true
      clearInterval(poll)
      await looking
      for (const run of runs.values()) run.stop('shutdown')
      const timer = new AbortController()
      const ended = Promise.all([...runs.values()].map((run) => run.ended))
      await Promise.race([ended, sleep(stopMs, undefined, { signal: timer.signal }).catch(() => undefined)])
      timer.abort()
      await Promise.all([...runs.values()].map((run) => run.abandon()))
      runs.clear()
    },
  }
}
