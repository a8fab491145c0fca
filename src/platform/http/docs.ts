/** Owns the API's own pages: /openapi.json, /postman.json and the reader at /docs, all made from the schemas that validate. */
import swagger from '@fastify/swagger'
import { fastify } from 'fastify'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { failure } from '../../../contract/envelope.ts'
import { toPostman } from './postman.ts'
import type { OpenApi } from './postman.ts'

interface DocsOptions {
  title: string
  version: string
  publicUrl: string | undefined
}

/** Must come before the routes that it is to show. */
export const registerDocs = async (
  app: FastifyInstance,
  { title, version, publicUrl }: DocsOptions,
): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, version, description: introduction },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
    transform: ({ schema, url }) => ({ url, schema: toJsonSchemas(schema as RouteSchema) as typeof schema }),
  })
  const openapi = (): OpenApi => app.swagger() as unknown as OpenApi
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => sendJson(reply, openapi()))
  app.get('/postman.json', { schema: { hide: true } }, async (request, reply) =>
    sendJson(reply, toPostman(openapi(), publicUrl ?? `${request.protocol}://${request.host}`)),
  )
  // Loaded by its first reader: it weighs more than all else here together, and most days nobody comes.
  let reader: Promise<FastifyInstance> | undefined
  const answer = async (url: string, reply: FastifyReply): Promise<unknown> => {
    reader ??= createReader(title)
    const { statusCode, headers, rawPayload } = await (await reader).inject({ method: 'GET', url })
    const { 'content-length': _length, connection: _connection, date: _date, ...rest } = headers
    return reply
      .code(statusCode)
      .headers(rest)
      .header('content-security-policy', readerPolicy)
      .send(rawPayload)
  }
  for (const path of ['/docs', '/docs/*'])
    app.get(path, { schema: { hide: true } }, (request, reply) => answer(request.url, reply))
}

const createReader = async (title: string): Promise<FastifyInstance> => {
  const { default: reference } = await import('@scalar/fastify-api-reference')
  const reader = fastify()
  await reader.register(reference, {
    routePrefix: '/docs',
    configuration: {
      url: '/openapi.json',
      withDefaultFonts: false,
      telemetry: false,
      agent: { disabled: true },
      // No buttons that lead to the maker's own services.
      showDeveloperTools: 'never',
      hideClientButton: true,
      pageTitle: title,
      favicon: '/favicon.svg',
    },
  })
  await reader.ready()
  return reader
}

const introduction = `Every answer is an envelope: \`{"code":200,"msg":"…","data":…}\` or, with the true HTTP status,
\`{"code":N,"error":"literal","msg":"…","details":[],"request_id":"…"}\`. Bodies may be JSON or form-encoded.
Signed in: \`Authorization: Bearer <access_token>\`. Lists: \`?limit=1..100&cursor=…\` → \`{items, next_cursor}\`.`

/** The reader is a bundle with inline start-up code; its page gets a policy of its own. */
const readerPolicy = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "frame-ancestors 'self'",
].join('; ')

const sendJson = (reply: { type(t: string): { send(body: string): unknown } }, value: unknown): unknown =>
  reply.type('application/json; charset=utf-8').send(JSON.stringify(value))

interface RouteSchema {
  params?: unknown
  querystring?: unknown
  body?: unknown
  response?: Record<string, unknown>
  [key: string]: unknown
}

const toJsonSchemas = (schema: RouteSchema | undefined): RouteSchema | undefined => {
  if (schema === undefined) return undefined
  const { params, querystring, body, response, ...rest } = schema
  return {
    ...rest,
    ...(params !== undefined && { params: toJson(params, 'input') }),
    ...(querystring !== undefined && { querystring: toJson(querystring, 'input') }),
    ...(body !== undefined && { body: toJson(body, 'input') }),
    ...(rest['consumes'] !== undefined && { body: filePart }),
    response: {
      ...Object.fromEntries(
        Object.entries(response ?? {}).map(([status, answer]) => [
          status,
          { description: 'OK', ...toJson(answer, 'output') },
        ]),
      ),
      ...(response && { default: { description: 'Failure', ...toJson(failure, 'output') } }),
    },
  }
}

const filePart = {
  type: 'object',
  required: ['file'],
  properties: { file: { type: 'string', format: 'binary' } },
}

const toJson = (schema: unknown, io: 'input' | 'output'): object => {
  if (!(schema instanceof z.ZodType)) return schema as object
  const { $schema: _draft, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    target: 'draft-2020-12',
  })
  return json
}
