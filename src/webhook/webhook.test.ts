/** Webhooks: signed, tried again, logged, and never a way into what is not public. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Delivery, Webhook } from '../../contract/webhook.ts'
import { createTestApp, enginePairs } from '../../tests/app.ts'
import type { SignedUp, TestApp } from '../../tests/app.ts'
import { postSigned, readTarget, signatureOf } from './post.ts'

interface Heard {
  headers: IncomingHttpHeaders
  body: string
}

const listen = async (answer: (nth: number) => number) => {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece) => (body += String(piece)))
    request.on('end', () => {
      heard.push({ headers: request.headers, body })
      response.writeHead(answer(heard.length), { location: '/elsewhere' }).end('x'.repeat(100_000))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return { url, heard, [Symbol.dispose]: () => void server.close() }
}

const until = async <T>(what: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> => {
  for (let n = 0; n < 600; n++) {
    const found = await what()
    if (found) return found
    await sleep(100)
  }
  throw new Error('it never came')
}

describe('where a webhook may go', () => {
  it('is https on the public internet', async () => {
    for (const wrong of [
      'http://example.com/',
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://0x7f.1/',
      'https://[::1]/',
      'https://[::ffff:127.0.0.1]/',
      'https://169.254.169.254/latest/meta-data',
      'https://10.0.0.1/',
      'https://user:secret@example.com/',
      'ftp://example.com/',
      'file:///etc/passwd',
      'nonsense',
    ])
      expect([wrong, readTarget(wrong, false)]).toEqual([wrong, undefined])
    expect(readTarget('https://example.com/hook?x=1', false)?.href).toBe('https://example.com/hook?x=1')
    // A name is looked up when it is called: this one means this machine.
    const post = { body: '{}', secret: 's', headers: {}, nowMs: 0, allowPrivate: false }
    const signal = new AbortController().signal
    await expect(postSigned({ ...post, url: 'https://localhost/', signal })).rejects.toThrow(
      /public internet/,
    )
  })

  it('is not where an answer points to', async () => {
    using server = await listen(() => 302)
    const post = { body: '{}', secret: 's', headers: {}, nowMs: 5000, allowPrivate: true }
    const signal = new AbortController().signal
    await expect(postSigned({ ...post, url: server.url, signal })).rejects.toThrow('answered 302')
    expect(server.heard).toHaveLength(1)
    expect(server.heard[0]?.headers['vireo-signature']).toBe(signatureOf('s', 5, '{}'))
  })
})

describe('an address that says nothing', () => {
  it('is given up in time, in words', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const post = { body: '{}', secret: 's', headers: {}, nowMs: 0, allowPrivate: true, timeoutMs: 100 }
    const signal = new AbortController().signal
    await expect(postSigned({ ...post, url: `http://127.0.0.1:${port}/`, signal })).rejects.toThrow(
      'no answer in time',
    )
    silent.closeAllConnections()
    silent.close()
  })
})

describe.each(enginePairs())('webhooks on $name', (pair) => {
  let test: TestApp
  let ann: SignedUp
  let bob: SignedUp
  beforeAll(async () => {
    test = await createTestApp({ pair, environment: { VIREO_PRIVATE_DESTINATIONS: 'on' } })
    ann = await test.signUp()
    bob = await test.signUp()
  })
  afterAll(() => test[Symbol.asyncDispose]())

  const ask = async <T>(method: string, path: string, by: SignedUp, json?: object) => {
    const given = json === undefined ? {} : { json }
    const { status, body } = await test.call(method, `/api/v1/me/webhooks${path}`, {
      token: by.token,
      ...given,
    })
    return { status, error: body.error, data: body.data as T }
  }
  const log = async (id: string): Promise<Delivery[]> =>
    (await ask<{ items: Delivery[] }>('GET', `/${id}/deliveries`, ann)).data.items

  it('tells what was asked for, signed, again until it is heard, and once', async () => {
    using server = await listen((nth) => (nth === 1 ? 500 : 204))
    const given = { url: server.url, events: ['user.followed', 'video.ready'] }
    const { data: hook } = await ask<Webhook & { secret: string }>('POST', '', ann, given)
    expect(hook.secret).toMatch(/^whsec_[\w-]{43}$/)
    await test.call('PUT', `/api/v1/users/${ann.userId}/follow`, { token: bob.token, json: {} })
    await test.call('POST', '/api/v1/posts', { token: ann.token, json: { text: '与此无关' } })
    const done = await until(async () => (await log(hook.id)).find(({ state }) => state === 'delivered'))
    expect(done).toMatchObject({ event: 'user.followed', attempts: 2, status: 204, error: null })
    expect(server.heard).toHaveLength(2)
    const [first, second] = server.heard
    expect(second?.body).toBe(first?.body)
    const said = JSON.parse(second?.body ?? '') as { id: string; event: string; data: object }
    expect(said).toMatchObject({
      id: done.id,
      event: 'user.followed',
      data: { user_id: ann.userId, follower_id: bob.userId },
    })
    const signature = String(second?.headers['vireo-signature'])
    const seconds = Number(/t=(\d+)/.exec(signature)?.[1])
    expect(signature).toBe(signatureOf(hook.secret, seconds, second?.body ?? ''))
    const { data: all } = await ask<{ items: Webhook[] }>('GET', '', ann)
    expect(all.items).toMatchObject([{ id: hook.id, active: true, failures: 0 }])
    expect(JSON.stringify(all)).not.toContain('whsec')
    expect((await ask('DELETE', `/${hook.id}`, ann)).status).toBe(200)
  }, 90_000)

  it('switches off where nobody is any more, and tries once more by hand', async () => {
    using server = await listen((nth) => (nth === 1 ? 410 : 200))
    const given = { url: server.url, events: ['user.followed'] }
    const { data: hook } = await ask<Webhook>('POST', '', ann, given)
    expect((await ask('POST', `/${hook.id}/ping`, ann, {})).status).toBe(200)
    const failed = await until(async () => (await log(hook.id)).find(({ state }) => state === 'failed'))
    expect(failed).toMatchObject({ event: 'ping', attempts: 1, status: 410 })
    expect((await ask<{ items: Webhook[] }>('GET', '', ann)).data.items).toMatchObject([{ active: false }])
    expect((await ask<Webhook>('PATCH', `/${hook.id}`, ann, { active: true })).data.active).toBe(true)
    const retry = `/${hook.id}/deliveries/${failed.id}/retry`
    expect((await ask('POST', retry, bob, {})).error).toBe('not_found')
    expect((await ask('POST', retry, ann, {})).status).toBe(200)
    await until(async () => (await log(hook.id)).some(({ state }) => state === 'delivered'))
    expect((await ask('POST', retry, ann, {})).error).toBe('conflict')
    for (const [method, path, json] of [
      ['PATCH', `/${hook.id}`, { active: false }],
      ['DELETE', `/${hook.id}`, undefined],
      ['GET', `/${hook.id}/deliveries`, undefined],
    ] as const)
      expect((await ask(method, path, bob, json)).error).toBe('not_found')
    for (let n = 1; n < 10; n++) await ask('POST', '', ann, given)
    expect((await ask('POST', '', ann, given)).error).toBe('too_many')
    expect((await ask('POST', '', ann, { ...given, url: 'ftp://x' })).error).toBe('webhook_refused')
    expect((await ask('POST', '', ann, { ...given, events: ['no.such'] })).error).toBe('params_invalid')
  }, 90_000)
})
