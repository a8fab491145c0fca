/** Owns the envelope around every JSON answer. */
import { z } from 'zod'
import { errorCodes } from './errors.ts'
import type { ErrorCode } from './errors.ts'

export const success = <T extends z.ZodType>(data: T) =>
  z.object({ code: z.literal(200), msg: z.string(), data })

/** `code` is the HTTP status, but 1001 when storage failed. */
export const failure = z.object({
  code: z.number().int(),
  error: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  msg: z.string(),
  details: z.array(z.object({ field: z.string(), error: z.string(), msg: z.string() })),
  request_id: z.string(),
})

export type Failure = z.infer<typeof failure>
