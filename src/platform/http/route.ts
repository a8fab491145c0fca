/** Owns how an endpoint of the contract becomes a route: caller, validation, envelope. No rule of the product stands here. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Access, DataOf, Endpoint, ParsedOf } from '../../../contract/endpoint.ts'
import { success } from '../../../contract/envelope.ts'
import type { Role } from '../../../contract/user.ts'
import { AppError } from '../errors/app-error.ts'
import { isForm } from './body.ts'
import { coerceTexts } from './coerce.ts'
import { createSharedAnswers } from './shared-answers.ts'
import type { SharedAnswers } from './shared-answers.ts'
import { languageOf, say } from './language.ts'
import type { Language } from './language.ts'

/** Who calls. */
export interface Caller {
  readonly userId: string
  readonly sessionId: string
  /** What counts now: staff without the two-step verification that is asked of them act as users. */
  readonly role: Role
  readonly lacksTwoStep?: boolean
}

/** Finds the caller by the request's credentials; undefined without any; throws `unauthenticated` for wrong ones. */
export type Authenticate = (request: FastifyRequest) => Promise<Caller | undefined>

type CallerOf<A extends Access> = A extends 'none'
  ? undefined
  : A extends 'optional'
    ? Caller | undefined
    : Caller

export interface Call<E extends Endpoint> {
  readonly params: ParsedOf<E>['params']
  readonly query: ParsedOf<E>['query']
  readonly body: ParsedOf<E>['body']
  readonly caller: CallerOf<ParsedOf<E>['access']>
  readonly language: Language
  /** The address of the other side; from a forwarded header only behind a trusted proxy. */
  readonly address: string
  /** Fills `{name}` in the success text. */
  say(params: Readonly<Record<string, string>>): void
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

export type Handler<E extends Endpoint> = (call: Call<E>) => Promise<DataOf<E>> | DataOf<E>

export interface Router {
  /** Serves `spec` by `handler`. */
  on<E extends Endpoint>(spec: E, handler: Handler<E>): void
}

const done = { zh: '成功', en: 'OK' }

/** A router on `app` whose endpoints find their callers by `authenticate`. */
export const createRouter = (
  app: FastifyInstance,
  authenticate: Authenticate,
  { sharesAnswers = true }: { sharesAnswers?: boolean } = {},
): Router => {
  const sharedAnswers = createSharedAnswers()
  return { on: (spec, handler) => mount({ app, authenticate, sharesAnswers, sharedAnswers }, spec, handler) }
}

interface Mounting {
  app: FastifyInstance
  authenticate: Authenticate
  sharesAnswers: boolean
  sharedAnswers: SharedAnswers
}

const mount = <E extends Endpoint>(
  { app, authenticate, sharesAnswers, sharedAnswers }: Mounting,
  spec: E,
  handler: Handler<E>,
): void => {
  const answerSchema = success(spec.data)
  const answerOf = async (request: FastifyRequest, reply: FastifyReply): Promise<Buffer> => {
    const language = languageOf(request.headers['accept-language'])
    let words: Readonly<Record<string, string>> = {}
    const data = await handler({
      params: request.params,
      query: request.query,
      body: request.body,
      caller: request.caller,
      language,
      address: request.ip,
      say: (params: Readonly<Record<string, string>>) => {
        words = params
      },
      request,
      reply,
    } as unknown as Call<E>)
    // Only what the schema names: an undeclared field never leaves.
    const answer = answerSchema.safeParse({
      code: 200,
      msg: say(spec.success ?? done, language, words),
      data,
    })
    if (!answer.success) throw new AppError('internal', { cause: answer.error })
    // As bytes: what is kept is not encoded again for each who asks.
    return Buffer.from(JSON.stringify(answer.data))
  }
  const mayShare = (request: FastifyRequest): boolean =>
    sharesAnswers && spec.shared === true && request.caller === undefined

  app.route({
    method: spec.method,
    url: spec.path.replace(/\{(\w+)\}/g, ':$1'),
    config: { messages: spec.messages ?? {}, access: spec.access },
    schema: {
      tags: [spec.tag],
      summary: spec.summary,
      ...(spec.access === 'none'
        ? {}
        : { security: spec.access === 'optional' ? [{}, { bearer: [] }] : [{ bearer: [] }] }),
      ...(spec.params && { params: spec.params }),
      ...(spec.query && { querystring: spec.query }),
      ...(spec.body && { body: spec.body }),
      ...(spec.multipart && { consumes: ['multipart/form-data'] }),
      response: { 200: answerSchema },
    },
    preValidation: async (request, reply) => {
      request.caller = spec.access === 'none' ? undefined : await authenticate(request)
      assertAccess(spec.access, request.caller)
      const kept = mayShare(request) ? sharedAnswers.find(sharedKey(request)) : undefined
      if (kept !== undefined) return send(reply, await kept)
    },
    handler: async (request, reply) => {
      const body = mayShare(request)
        ? await sharedAnswers.keep(sharedKey(request), answerOf(request, reply))
        : await answerOf(request, reply)
      if (spec.method !== 'GET') sharedAnswers.written()
      return send(reply, body)
    },
  })
}

const send = (reply: FastifyReply, body: Buffer): FastifyReply =>
  reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(body)

/** What an answer to nobody in particular depends on. */
const sharedKey = (request: FastifyRequest): string =>
  `${languageOf(request.headers['accept-language'])} ${request.url}`

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined
  }
  interface FastifyContextConfig {
    access?: Access
  }
}

const assertAccess = (access: Access, caller: Caller | undefined): void => {
  if (access === 'none' || access === 'optional') return
  if (caller === undefined) throw new AppError('unauthenticated')
  if (access !== 'user' && caller.lacksTwoStep) throw new AppError('two_step_setup_required')
  if (access === 'admin' && caller.role !== 'admin') throw new AppError('forbidden')
  if (access === 'moderator' && caller.role !== 'admin' && caller.role !== 'moderator')
    throw new AppError('forbidden')
}

/** Validates by zod; texts of queries, paths and forms are coerced to the schema's types first. */
export const validatorCompiler =
  ({ schema, httpPart }: { schema: z.ZodType; httpPart?: string }) =>
  (data: unknown): { value: unknown } | { error: Error } => {
    const input = httpPart === 'body' && !isForm(data) ? (data ?? {}) : coerceTexts(schema, data)
    const result = schema.safeParse(input)
    return result.success ? { value: result.data } : { error: result.error }
  }

/** Writes only what the schema names: an undeclared field never leaves. */
export const serializerCompiler =
  ({ schema }: { schema: z.ZodType }) =>
  (data: unknown): string =>
    JSON.stringify(schema.parse(data))
