/** Checks the one way of calling: paths, bodies, headers, envelope, one refresh, errors; against a real HTTP server. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { endpoint } from '../../contract/endpoint.ts'
import { ApiError, createCall, pathOf } from './call.ts'

const get = endpoint({
  method: 'GET',
  path: '/api/v1/things/{id}',
  tag: 'test',
  summary: 'A thing',
  access: 'optional',
  params: z.strictObject({ id: z.string() }),
  query: z.object({ limit: z.number().optional(), cursor: z.string().optional() }),
  data: z.object({ name: z.string() }),
})
const post = endpoint({
  method: 'POST',
  path: '/api/v1/things',
  tag: 'test',
  summary: 'Make one',
  access: 'user',
  body: z.strictObject({ name: z.string() }),
  data: z.null(),
})
const open = endpoint({
  method: 'GET',
  path: '/api/v1/open',
  tag: 'test',
  summary: 'Open',
  access: 'none',
  data: z.null(),
})
const picture = endpoint({
  method: 'POST',
  path: '/api/v1/picture',
  tag: 'test',
  summary: 'A picture',
  access: 'user',
  multipart: true,
  data: z.null(),
})

interface Seen {
  method: string | undefined
  url: string | undefined
  headers: IncomingMessage['headers']
  body: string
}

let server: Server
let base: string
let seen: Seen[]
let answer: (request: Seen, response: ServerResponse) => void
const send = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) => response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
const good = (data: unknown) => ({ code: 200, msg: 'OK', data })

beforeEach(async () => {
  seen = []
  answer = (_request, response) => send(response, 200, good(null))
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const one = { method: request.method, url: request.url, headers: request.headers, body }
      seen.push(one)
      answer(one, response)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const caller = (more: Partial<Parameters<typeof createCall>[0]> = {}) =>
  createCall({ base, language: () => 'en', token: () => undefined, ...more })

describe('pathOf', () => {
  it('fills and encodes parameters and leaves out what is undefined', () => {
    expect(
      pathOf('/a/{id}/b', { params: { id: 'x/ y' }, query: { limit: 5, cursor: undefined, on: true } }),
    ).toBe('/a/x%2F%20y/b?limit=5&on=true')
    expect(pathOf('/a', { query: {} })).toBe('/a')
  })
})

describe('call', () => {
  it('unwraps the envelope and sends who asks and in which language', async () => {
    answer = (_request, response) => send(response, 200, good({ name: 'bird' }))
    const call = caller({ token: () => 'abc' })
    expect(await call(get, { params: { id: '7' }, query: { limit: 3 } })).toEqual({ name: 'bird' })
    expect(seen[0]).toMatchObject({ method: 'GET', url: '/api/v1/things/7?limit=3' })
    expect(seen[0]?.headers).toMatchObject({
      authorization: 'Bearer abc',
      'accept-language': 'en',
      'x-vireo-client': 'web',
    })
  })

  it('keeps the token from endpoints that nobody needs to sign in for', async () => {
    await caller({ token: () => 'abc' })(open, {})
    expect(seen[0]?.headers.authorization).toBeUndefined()
  })

  it('sends JSON, and pictures as a form', async () => {
    const call = caller()
    await call(post, { body: { name: 'x' } })
    await call(picture, { file: new Blob(['abc'], { type: 'image/png' }) })
    expect(seen[0]).toMatchObject({ body: '{"name":"x"}' })
    expect(seen[0]?.headers['content-type']).toBe('application/json')
    expect(seen[1]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    expect(seen[1]?.body).toContain('name="file"')
  })

  it('refreshes once on 401 and asks again with the new token', async () => {
    let token = 'old'
    answer = (request, response) =>
      request.headers.authorization === 'Bearer new'
        ? send(response, 200, good({ name: 'bird' }))
        : send(response, 401, {
            code: 401,
            error: 'unauthenticated',
            msg: 'Sign in',
            details: [],
            request_id: 'r',
          })
    const call = caller({
      token: () => token,
      refresh: () => {
        token = 'new'
        return Promise.resolve(true)
      },
    })
    expect(await call(get, { params: { id: '1' } })).toEqual({ name: 'bird' })
    expect(seen).toHaveLength(2)
  })

  it('gives up after one refresh', async () => {
    answer = (_request, response) =>
      send(response, 401, {
        code: 401,
        error: 'unauthenticated',
        msg: 'Sign in',
        details: [],
        request_id: 'r',
      })
    const call = caller({ token: () => 'x', refresh: () => Promise.resolve(true) })
    await expect(call(get, { params: { id: '1' } })).rejects.toMatchObject({
      error: 'unauthenticated',
      status: 401,
    })
    expect(seen).toHaveLength(2)
  })

  it('turns a failure into its code, words, fields and waiting time', async () => {
    const details = [{ field: 'name', error: 'text_invalid', msg: 'Too long' }]
    answer = (_request, response) =>
      send(
        response,
        429,
        { code: 429, error: 'rate_limited', msg: 'Slow', details, request_id: 'r' },
        { 'Retry-After': '7' },
      )
    const failure = await caller()(post, { body: { name: 'x' } }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ApiError)
    expect(failure).toMatchObject({
      error: 'rate_limited',
      status: 429,
      message: 'Slow',
      details,
      retryAfterS: 7,
    })
  })

  it('says unknown for an answer that is no envelope, network without one', async () => {
    answer = (_request, response) => response.writeHead(502).end('<html>')
    await expect(caller()(open, {})).rejects.toMatchObject({ error: 'unknown', status: 502 })
    await expect(caller({ base: 'http://127.0.0.1:1' })(open, {})).rejects.toMatchObject({
      error: 'network',
      status: 0,
    })
  })

  it('lets an abort through as it is', async () => {
    const abort = new AbortController()
    answer = () => abort.abort()
    await expect(caller()(open, {}, { signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' })
  })
})
