/** Owns the row type of a job. */
import type { Generated } from 'kysely'

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

export interface JobTable {
  id: string
  kind: string
  payload: string
  state: JobState
  live_key: string | null
  key: string | null
  attempt: Generated<number>
  failures: Generated<number>
  max_attempts: number
  due_ms: number
  progress: Generated<number>
  note: string | null
  error_code: string | null
  error_text: string | null
  cancel_asked: Generated<number>
  created_ms: number
  updated_ms: number
}

declare module '../db/tables.ts' {
  interface Tables {
    job: JobTable
  }
}
