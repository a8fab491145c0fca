/** Owns what a job is to those who enqueue, run and watch it, and which failures are final. */
import { isAppError } from '../errors/app-error.ts'
import type { JobState } from './tables.ts'

export interface Job {
  readonly id: string
  readonly kind: string
  readonly payload: unknown
  readonly state: JobState
  readonly key: string | undefined
  /** How often it was claimed; names an attempt's output, so that two never write one file. */
  readonly attempt: number
  readonly failures: number
  readonly maxAttempts: number
  /** Queued: when it may start. Running: when its lease ends. */
  readonly dueMs: number
  /** 0 to 1. */
  readonly progress: number
  readonly note: string | undefined
  readonly error: { readonly code: string; readonly text: string } | undefined
  readonly createdMs: number
  readonly updatedMs: number
}

/** Trying again would not help: the job fails at once, and `message` is what its owner and the admin read. */
export class PermanentError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PermanentError'
    this.code = code
  }
}

/** Why a job's `signal` is aborted. */
export type StopReason = 'lost' | 'cancelled' | 'shutdown'

export class JobStopped extends Error {
  readonly reason: StopReason

  constructor(reason: StopReason) {
    super(`The job was stopped: ${reason}`)
    this.name = 'JobStopped'
    this.reason = reason
  }
}

export interface Verdict {
  code: string
  text: string
  final: boolean
}

/** A broken rule stays broken; what the server failed at may work later. */
export const judge = (error: unknown): Verdict => {
  if (error instanceof PermanentError) return { code: error.code, text: error.message, final: true }
  if (isAppError(error)) {
    return { code: error.code, text: error.message, final: error.status < 500 && error.status !== 429 }
  }
  return { code: 'internal', text: error instanceof Error ? error.message : 'unknown', final: false }
}

const longestBackoffMs = 600_000

/** 1 s, 2 s, 4 s … 10 min. */
export const backoffAfter = (failures: number, firstMs: number): number =>
  Math.min(longestBackoffMs, firstMs * 2 ** Math.min(30, failures - 1))
