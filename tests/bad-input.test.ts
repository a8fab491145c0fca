/** Owns the promise that no input makes a 500: every route gets hostile bodies, queries and paths. */
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp } from './app.ts'
import type { SignedUp, TestApp } from './app.ts'

interface OpenApi {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, unknown> } }>>
}

let test: TestApp
let someone: SignedUp
let routes: { method: string; path: string; hasBody: boolean }[]

beforeAll(async () => {
  test = await createTestApp()
  someone = await test.signUp()
  const document = (await (await fetch(`${test.base}/openapi.json`)).json()) as OpenApi
  routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { requestBody }]) => ({
      method: method.toUpperCase(),
      path: path.replace(/\{\w+\}/g, 'xxxxxxxxxxxx'),
      hasBody: requestBody?.content['application/json'] !== undefined,
    })),
  )
})
afterAll(() => test[Symbol.asyncDispose]())

const request = async (method: string, path: string, body: string | Uint8Array | undefined, type: string) => {
  const response = await fetch(`${test.base}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${someone.token}`,
      ...(body !== undefined && { 'content-type': type }),
    },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  return { status: response.status, text, type: response.headers.get('content-type') ?? '' }
}

const expectRefusal = (answer: { status: number; text: string; type: string }, what: string): void => {
  expect(answer.status, `${what}: ${answer.text.slice(0, 200)}`).toBeGreaterThanOrEqual(400)
  expect(answer.status, `${what}: ${answer.text.slice(0, 200)}`).toBeLessThan(500)
  const { error, request_id: id } = JSON.parse(answer.text) as { error: string; request_id: string }
  expect(error).toMatch(/^[a-z_]+$/)
  expect(id).not.toBe('')
}

const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`

describe('every route with a body', () => {
  it.each([
    ['an unknown field', '{"no_such_field":1}', 'application/json'],
    ['a list', '[1,2]', 'application/json'],
    ['a number', '7', 'application/json'],
    ['cut JSON', '{"title":', 'application/json'],
    ['a prototype', '{"__proto__":{"role":"admin"},"x":1}', 'application/json'],
    ['deep nesting', deep, 'application/json'],
    ['bad UTF-8', new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]), 'application/json'],
    ['bad UTF-8 in a form', 'title=%C3%28&no_such_field=1', 'application/x-www-form-urlencoded'],
    ['XML', '<a/>', 'application/xml'],
    ['plain text', '{"title":"x"}', 'text/plain'],
    ['no known type', '{"title":"x"}', 'nonsense'],
    ['too much', JSON.stringify({ title: 'x'.repeat(70_000) }), 'application/json'],
  ])('refuses %s', async (what, body, type) => {
    const posts = routes.filter(({ hasBody }) => hasBody)
    expect(posts.length).toBeGreaterThan(8)
    for (const { method, path } of posts)
      expectRefusal(await request(method, path, body, type), `${what} to ${method} ${path}`)
  })

  it.each([
    ['null'],
    ['{"mobile":{},"password":[],"token":1,"title":{"a":1},"text":7,"nickname":[[]],"account":{}}'],
  ])('security.md #57: never fails on %s', async (body) => {
    for (const { method, path, hasBody } of routes) {
      if (!hasBody) continue
      const answer = await request(method, path, body, 'application/json')
      expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(500)
    }
  })
})

describe('every route that is read', () => {
  it.each([
    ['limit=0'],
    ['limit=101'],
    ['limit=1e2'],
    ['limit=-1'],
    ['cursor=forged'],
    ['cursor=%00'],
    ['cursor=a&cursor=b'],
    ['limit=5&limit=6'],
    ['from=-1'],
    ['from=NaN'],
    ['%C3%28=1'],
  ])('answers %s without failing', async (query) => {
    for (const { path } of routes.filter(({ method }) => method === 'GET')) {
      const answer = await request('GET', `${path}?${query}`, undefined, '')
      expect(answer.status, `${path}?${query}: ${answer.text.slice(0, 200)}`).toBeLessThan(500)
    }
  })
})

describe('paths', () => {
  it.each([
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/play/../../secrets/secret-key',
    '/play/%2e%2e%2fsecrets%2fsecret-key',
    '/play/videos/..%2f..%2fsecrets/secret-key',
    '/assets/..%2f..%2f..%2fpackage.json',
    '/assets/%00.js',
    '/%00',
    '/%c3%28',
    '/api/v1/videos/%2e%2e',
    '/api/v1/videos/%00',
    `/api/v1/videos/${'a'.repeat(5000)}`,
    '//evil.example/',
    '/\\..\\..\\secrets',
  ])('%s gives nothing away', async (path) => {
    const canary = 'canary-7f3a'
    writeFileSync(join(test.config.dataDir, 'secrets', 'canary'), canary)
    const key = readFileSync(join(test.config.dataDir, 'secrets', 'secret-key'), 'utf8').trim()
    const { status, body } = await raw(path)
    expect(status).toBeLessThan(500)
    for (const secret of [canary, key, 'root:x:', '"dependencies"']) expect(body).not.toContain(secret)
  })

  it('are never normalised by the client here', async () => {
    expect((await raw('/api/v1/site')).status).toBe(200)
    expect((await raw('/api/v1/nothing')).status).toBe(404)
  })
})

/** A request line exactly as given: fetch would tidy the path up. */
const raw = (path: string): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const socket = connect(test.app.httpPort, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    socket.on('error', reject)
    socket.on('close', () =>
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), body: text }),
    )
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
  })
