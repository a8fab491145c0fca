/** Owns how anything thrown becomes the failure envelope. It never shows what a bug said. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { ZodError } from 'zod'
import type { Text } from '../../../contract/endpoint.ts'
import type { Failure } from '../../../contract/envelope.ts'
import { errorCodes } from '../../../contract/errors.ts'
import type { ErrorCode, ErrorDetail } from '../../../contract/errors.ts'
import { AppError } from '../errors/app-error.ts'
import type { Log } from '../log/log.ts'
import { languageOf, say } from './language.ts'

type Messages = Partial<Record<ErrorCode, Text>>

declare module 'fastify' {
  interface FastifyContextConfig {
    messages?: Messages
  }
}

/** Answers with the envelope of `error`; logs it once if it is a bug or a failed storage. */
export const sendFailure = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply => {
  const known = toAppError(error)
  if (known.status >= 500 && known.code !== 'storage_full') {
    log.error(
      {
        request_id: request.id,
        route: request.routeOptions.url,
        code: known.code,
        err: known.cause ?? error,
      },
      'request failed',
    )
  }
  if (known.retryAfterS !== undefined)
    reply.header('retry-after', String(Math.max(1, Math.ceil(known.retryAfterS))))
  else if (known.status === 503) reply.header('retry-after', '2')
  const messages = request.routeOptions.config.messages
  return reply
    .code(known.status)
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(failureOf(known, request, messages))
}

const failureOf = (error: AppError, request: FastifyRequest, messages: Messages | undefined): Failure => ({
  code: error.code === 'storage_failed' ? 1001 : error.status,
  error: error.code,
  msg: say(
    messages?.[error.code] ?? errorCodes[error.code],
    languageOf(request.headers['accept-language']),
    error.params,
  ),
  details: [...error.details],
  request_id: request.id,
})

const toAppError = (error: unknown): AppError => {
  if (error instanceof AppError) return error
  if (error instanceof ZodError) return fromZod(error)
  const { statusCode, code, cause } = error as FastifyError
  if (cause instanceof AppError) return cause
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || statusCode === 413) return new AppError('body_too_large')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || statusCode === 415)
    return new AppError('content_type_unsupported')
  if (statusCode === 404) return new AppError('not_found')
  if (statusCode === 503) return new AppError('unavailable')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new AppError('params_invalid')
  return new AppError('internal', { cause: error })
}

/** `params_missing` if all that is wrong is absent, else `params_invalid`, with a detail per field. */
export const fromZod = (error: ZodError): AppError => {
  const details = error.issues.slice(0, 20).flatMap((issue): ErrorDetail[] => {
    const field = issue.path.join('.')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        field: [field, key].filter(Boolean).join('.').slice(0, 80),
        error: 'unknown',
        msg: 'unknown field',
      }))
    }
    return [{ field, error: isMissing(issue) ? 'missing' : 'invalid', msg: issue.message.slice(0, 200) }]
  })
  const missing = details.length > 0 && details.every((detail) => detail.error === 'missing')
  return new AppError(missing ? 'params_missing' : 'params_invalid', { details: details.slice(0, 20) })
}

const isMissing = (issue: ZodError['issues'][number]): boolean =>
  issue.code === 'invalid_type' && /received undefined$/.test(issue.message)
