/** Owns all SQL on jobs. What a running job writes is fenced by its attempt: a lost lease hits no row. */
import type { Selectable } from 'kysely'
import { isDuplicate } from '../db/db.ts'
import type { Queries } from '../db/db.ts'
import { seek } from '../db/cursor.ts'
import type { Job } from './job.ts'
import type { JobState, JobTable } from './tables.ts'

export interface NewJob {
  id: string
  kind: string
  payload: string
  key: string | null
  maxAttempts: number
  dueMs: number
  nowMs: number
}

/** A running job's claim. */
export interface Fence {
  id: string
  attempt: number
}

/** False if a job with the key is alive. */
export const insertJob = async (q: Queries, job: NewJob): Promise<boolean> => {
  const row = {
    id: job.id,
    kind: job.kind,
    payload: job.payload,
    state: 'queued' as const,
    key: job.key,
    live_key: job.key,
    max_attempts: job.maxAttempts,
    due_ms: job.dueMs,
    created_ms: job.nowMs,
    updated_ms: job.nowMs,
  }
  try {
    await q.insertInto('job').values(row).execute()
    return true
  } catch (error) {
    if (isDuplicate(error, 'uq_job_kind_live_key')) return false
    throw error
  }
}

export const findJob = async (q: Queries, id: string): Promise<Job | undefined> => {
  const row = await q.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst()
  return row && jobOf(row)
}

export const findLiveJob = async (q: Queries, kind: string, key: string): Promise<Job | undefined> => {
  const row = await q
    .selectFrom('job')
    .selectAll()
    .where('kind', '=', kind)
    .where('live_key', '=', key)
    .executeTakeFirst()
  return row && jobOf(row)
}

/** The newest with this key, alive or not. */
export const findJobByKey = async (q: Queries, kind: string, key: string): Promise<Job | undefined> => {
  const row = await q
    .selectFrom('job')
    .selectAll()
    .where('kind', '=', kind)
    .where('key', '=', key)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && jobOf(row)
}

/** Due jobs, and running ones whose lease has ended. */
export const dueJobs = async (q: Queries, kind: string, nowMs: number, limit: number): Promise<Job[]> => {
  const found: Job[] = []
  // One query per state: with both in one, no index gives the order.
  for (const state of ['running', 'queued'] as const) {
    const rows = await q
      .selectFrom('job')
      .selectAll()
      .where('state', '=', state)
      .where('kind', '=', kind)
      .where('due_ms', '<=', nowMs)
      .orderBy('due_ms')
      .limit(limit)
      .execute()
    found.push(...rows.map(jobOf))
  }
  return found.slice(0, limit)
}

/** True for exactly one of those who try at the same time. */
export const claimJob = async (
  q: Queries,
  job: Job,
  change: { nowMs: number; leaseEndMs: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await q
    .updateTable('job')
    .set({
      state: 'running',
      attempt: job.attempt + 1,
      // A lease that ended by itself: the worker was killed or stuck.
      failures: job.failures + (job.state === 'running' ? 1 : 0),
      due_ms: change.leaseEndMs,
      updated_ms: change.nowMs,
    })
    .where('id', '=', job.id)
    .where('state', '=', job.state)
    .where('attempt', '=', job.attempt)
    .where('due_ms', '<=', change.nowMs)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

interface RunningChange {
  state?: JobState
  failures?: number
  due_ms?: number
  progress?: number
  note?: string | null
  live_key?: null
  error_code?: string | null
  error_text?: string | null
  updated_ms: number
}

/** False if the lease was lost. */
export const updateRunning = async (q: Queries, fence: Fence, change: RunningChange): Promise<boolean> => {
  const { numUpdatedRows } = await q
    .updateTable('job')
    .set(change)
    .where('id', '=', fence.id)
    .where('attempt', '=', fence.attempt)
    .where('state', '=', 'running')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const isCancelAsked = async (q: Queries, id: string): Promise<boolean> => {
  const row = await q.selectFrom('job').select('cancel_asked').where('id', '=', id).executeTakeFirst()
  return row?.cancel_asked === 1
}

/** True if it was waiting and is cancelled now. */
export const cancelQueued = async (q: Queries, id: string, nowMs: number): Promise<boolean> => {
  const { numUpdatedRows } = await q
    .updateTable('job')
    .set({ state: 'cancelled', live_key: null, updated_ms: nowMs })
    .where('id', '=', id)
    .where('state', '=', 'queued')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** True if it is running and its worker will see that it shall stop. */
export const askToCancel = async (q: Queries, id: string): Promise<boolean> => {
  const { numUpdatedRows } = await q
    .updateTable('job')
    .set({ cancel_asked: 1 })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** True if it had failed or was cancelled. Throws the duplicate if one with its key is alive. */
export const requeue = async (q: Queries, id: string, nowMs: number): Promise<boolean> => {
  const { numUpdatedRows } = await q
    .updateTable('job')
    .set((eb) => ({
      state: 'queued',
      live_key: eb.ref('key'),
      failures: 0,
      cancel_asked: 0,
      progress: 0,
      note: null,
      error_code: null,
      error_text: null,
      due_ms: nowMs,
      updated_ms: nowMs,
    }))
    .where('id', '=', id)
    .where('state', 'in', ['failed', 'cancelled'])
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Newest first. */
export const listJobs = async (
  q: Queries,
  filter: { state: JobState; beforeId: string | undefined; limit: number },
): Promise<Job[]> => {
  let query = q.selectFrom('job').selectAll().where('state', '=', filter.state)
  if (filter.beforeId !== undefined) query = query.where(seek([['id', 'desc', filter.beforeId]]))
  return (await query.orderBy('id', 'desc').limit(filter.limit).execute()).map(jobOf)
}

/** How many are in this state, up to `limit`. */
export const countJobs = async (q: Queries, state: JobState, limit: number): Promise<number> =>
  (await q.selectFrom('job').select('id').where('state', '=', state).limit(limit).execute()).length

/** Deletes jobs in this state made before then, at most `limit`; gives how many. */
export const deleteOldJobs = async (
  q: Queries,
  state: JobState,
  beforeMs: number,
  limit: number,
): Promise<number> => {
  const rows = await q
    .selectFrom('job')
    .select(['id', 'updated_ms'])
    .where('state', '=', state)
    .orderBy('id')
    .limit(limit)
    .execute()
  const ids = rows.filter((row) => row.updated_ms < beforeMs).map(({ id }) => id)
  if (ids.length === 0) return 0
  const { numDeletedRows } = await q
    .deleteFrom('job')
    .where('id', 'in', ids)
    .where('state', '=', state)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

const jobOf = (row: Selectable<JobTable>): Job => ({
  id: row.id,
  kind: row.kind,
  payload: JSON.parse(row.payload) as unknown,
  state: row.state,
  key: row.key ?? undefined,
  attempt: row.attempt,
  failures: row.failures,
  maxAttempts: row.max_attempts,
  dueMs: row.due_ms,
  progress: row.progress,
  note: row.note ?? undefined,
  error: row.error_code === null ? undefined : { code: row.error_code, text: row.error_text ?? '' },
  createdMs: row.created_ms,
  updatedMs: row.updated_ms,
})
