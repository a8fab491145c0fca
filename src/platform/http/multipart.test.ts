/** Multipart bodies: one picture comes through, everything else is a plain refusal. */
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FastifyInstance } from 'fastify'
import { silentLog } from '../log/log.ts'
import { readPicture, registerMultipart } from './multipart.ts'
import { createHttpServer } from './server.ts'

let app: FastifyInstance
let base: string

beforeAll(async () => {
  app = await createHttpServer({ log: silentLog, trustedProxies: [] })
  registerMultipart(app)
  registerMultipart(app)
  app.post('/picture', async (request) => ({ size: (await readPicture(request, 100_000)).length }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/picture`
})
afterAll(() => app.close())

const post = (body: string | FormData, headers: Record<string, string> = {}) =>
  fetch(base, { method: 'POST', body, headers })
const form = (name: string, size: number): FormData => {
  const data = new FormData()
  data.set(name, new Blob([Buffer.alloc(size, 7)]), 'a.jpg')
  return data
}
const errorOf = async (response: Response) => ({
  status: response.status,
  error: ((await response.json()) as { error: string }).error,
})

describe('readPicture', () => {
  it('gives the bytes of the part `file`', async () => {
    const data = form('file', 99_999)
    data.set('note', 'a field beside it')
    expect(await (await post(data)).json()).toEqual({ size: 99_999 })
  })

  it('refuses a file that is too large, never cutting it', async () => {
    expect(await errorOf(await post(form('file', 100_001)))).toEqual({ status: 413, error: 'body_too_large' })
  })

  it('names what is missing', async () => {
    for (const data of [form('picture', 10), form('file', 0)])
      expect(await errorOf(await post(data))).toEqual({ status: 400, error: 'params_missing' })
  })

  it('refuses other bodies', async () => {
    expect((await post('{}', { 'content-type': 'application/json' })).status).toBe(415)
    expect((await post('x', { 'content-type': 'image/jpeg' })).status).toBe(415)
    for (const boundary of ['', 'b'.repeat(252)]) {
      const type = `multipart/form-data; boundary=${boundary}`
      expect((await post(`--${boundary}--\r\n`, { 'content-type': type })).status).toBe(400)
    }
  })

  it('refuses very many parts and hostile names', async () => {
    const part = '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n'
    const type = { 'content-type': 'multipart/form-data; boundary=b' }
    expect((await post(part.repeat(100_000) + '--b--\r\n', type)).status).toBe(400)
    const hostile = part.replace('"x"', '"__proto__"')
    expect((await post(hostile + '--b--\r\n', type)).status).toBe(400)
    expect((await post('--b\r\nbroken', type)).status).toBe(400)
  })

  it('survives a client that leaves', async () => {
    const request = httpRequest(base, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b', 'content-length': '5000' },
    })
    request.on('error', () => undefined)
    request.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc')
    await sleep(100)
    request.destroy()
    expect((await post(form('file', 10))).status).toBe(200)
  })
})
