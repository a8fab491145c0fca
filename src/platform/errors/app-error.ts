/** Owns the one error type that may cross layers. It refuses codes that the contract does not declare. */
import { errorCodes } from '../../../contract/errors.ts'
import type { ErrorCode, ErrorDetail } from '../../../contract/errors.ts'

export interface AppErrorOptions {
  details?: readonly ErrorDetail[]
  /** Fills `{name}` in the code's text. */
  params?: Readonly<Record<string, string>>
  /** Becomes `Retry-After`; whole seconds. */
  retryAfterS?: number
  cause?: unknown
}

/** A rule was broken and the caller may know. Anything else thrown is a bug and answers 500. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly details: readonly ErrorDetail[]
  readonly params: Readonly<Record<string, string>>
  readonly retryAfterS: number | undefined

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(code, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.status = errorCodes[code].status
    this.details = options.details ?? []
    this.params = options.params ?? {}
    this.retryAfterS = options.retryAfterS
  }
}

/** Narrows `error` to an AppError, of one code if given. */
export const isAppError = (error: unknown, code?: ErrorCode): error is AppError =>
  error instanceof AppError && (code === undefined || error.code === code)
