/** Owns the tests of what stands around registering and signing in: caps by address, forged headers, cookies, indexes. */
import { randomInt, randomUUID } from 'node:crypto'
import { get } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { captchaAnswer, createTestApp, enginePairs, freshMobile } from '../../tests/app.ts'
import type { TestApp } from '../../tests/app.ts'
import { freshNetwork, send } from '../../tests/request.ts'
import type { PlainAnswer } from '../../tests/request.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { explain } from '../platform/db/explain.ts'
import { networksOf } from '../platform/limit/network.ts'
import { createWatchedPassport } from './passport.fixture.ts'
import * as store from './store.ts'

const day = 24 * 3600_000
const password = 'long-Enough-7'

describe.each(enginePairs())('caps by address on $name', (pair) => {
  let test: TestApp
  beforeAll(async () => {
    test = await createTestApp({ pair, environment: { VIREO_RATE_LIMITS: 'on' } })
  })
  afterAll(() => test[Symbol.asyncDispose]())
  const post = (path: string, json: object, from: string, headers = {}): Promise<PlainAnswer> =>
    send(test.base, 'POST', `/api/v1/passport${path}`, { json, from, headers })
  const pictureStatus = (from: string, id: string): Promise<number> =>
    new Promise((resolve, reject) => {
      get(`${test.base}/passport/image_code?cur_id=${id}`, { localAddress: from }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0))
      }).once('error', reject)
    })
  /** A different one each time, as an attacker would send them. */
  const forged = () => {
    const address = Array.from({ length: 4 }, () => randomInt(1, 255)).join('.')
    return {
      'x-forwarded-for': address,
      'x-real-ip': address,
      forwarded: `for=${address}`,
      'user-agent': `Mozilla/5.0 (${address})`,
    }
  }

  it('security.md #6 #23: lets an address try 30 registrations an hour, whatever it says of itself', async () => {
    const from = `${freshNetwork()}.7`
    const answers = []
    for (let n = 0; n < 33; n++) answers.push(await post('/register', {}, from, forged()))
    expect(answers.slice(0, 30).map(({ body }) => body.error)).toEqual(Array(30).fill('params_missing'))
    for (const { status, headers } of answers.slice(30)) {
      expect(status).toBe(429)
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    }
  })

  it('security.md #6: lets all of a network together try four times what one address may', async () => {
    const network = freshNetwork()
    let passed = 0
    for (let host = 1; host <= 6; host++)
      for (let n = 0; n < 25; n++)
        if ((await post('/register', {}, `${network}.${host}`)).body.error === 'params_missing') passed++
    expect(passed).toBe(120)
    expect((await post('/register', {}, `${freshNetwork()}.1`)).body.error).toBe('params_missing')
  })

  it('security.md #23: counts failures of an account whatever headers come with them', async () => {
    const from = `${freshNetwork()}.7`
    const account = freshMobile()
    const errors = []
    for (let n = 0; n < 5; n++)
      errors.push((await post('/login', { account, password: 'wrong one' }, from, forged())).body.error)
    expect(errors).toEqual([
      ...Array<string>(3).fill('credentials_wrong'),
      ...Array<string>(2).fill('img_code_required'),
    ])
  })

  it('security.md #8 #23: a picture serves who fetched it, and nobody who names that address', async () => {
    const [mine, theirs] = [`${freshNetwork()}.7`, `${freshNetwork()}.8`]
    const id = randomUUID()
    expect(await pictureStatus(mine, id)).toBe(200)
    const fields = { mobile: freshMobile(), password, img_code_id: id, img_code: captchaAnswer }
    const posing = { 'x-forwarded-for': mine, 'x-real-ip': mine }
    expect((await post('/register', fields, theirs, posing)).body.error).toBe('img_code_expired')
    expect((await post('/register', fields, mine)).status).toBe(200)
  })

  it('security.md #11: a client gets 60 pictures a minute', async () => {
    const from = `${freshNetwork()}.7`
    const statuses = []
    for (let n = 0; n < 62; n++) statuses.push(await pictureStatus(from, randomUUID()))
    expect(statuses.slice(0, 60)).toEqual(Array(60).fill(200))
    expect(statuses.slice(60)).toEqual([429, 429])
  })

  it('security.md #12: no address takes a number or a secret as part of it', async () => {
    const document = (await (await fetch(`${test.base}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { parameters?: { name: string }[] }>>
    }
    const names = Object.values(document.paths).flatMap((operations) =>
      Object.values(operations).flatMap(({ parameters = [] }) => parameters.map(({ name }) => name)),
    )
    expect(names.length).toBeGreaterThan(20)
    expect(names.filter((name) => /mobile|email|password|code$|token|secret|account/.test(name))).toEqual([])
  })
})

describe.each(enginePairs())('registrations of a day on $name', (pair) => {
  it('security.md #6: are so many for the whole site, of which failed ones take none', async () => {
    const clock = createManualClock(Date.now())
    const environment = { VIREO_RATE_LIMITS: 'on', VIREO_REGISTRATIONS_PER_DAY: '3' }
    await using watched = await createWatchedPassport(pair, { clock, environment })
    const taken = freshMobile()
    await watched.register(taken, password)
    await expect(watched.register(taken, password)).rejects.toMatchObject({ code: 'mobile_taken' })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => watched.register(freshMobile(), password)),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'rate_limited' })
    clock.advance(day + 1000)
    await watched.register(freshMobile(), password)
  })
})

describe.each(enginePairs())('look-ups on $name', (pair) => {
  it('security.md #13: find an account and the caller of a request by one row of an index', async () => {
    await using watched = await createWatchedPassport(pair)
    const { db } = watched
    let session = ''
    for (let n = 0; n < 4; n++) session = (await watched.register(freshMobile(), password)).sessionId
    const mobile = `+86${freshMobile()}`
    const queries = {
      uq_account_mobile: [store.mobileTakenQuery(db, mobile), store.accountByMobileQuery(db, mobile)],
      uq_account_email_key: [store.accountByEmailQuery(db, 'somebody@example.com')],
    }
    for (const [index, list] of Object.entries(queries))
      for (const query of list) {
        const plan = await explain(db, query)
        expect(plan.fullScan, plan.text).toBe(false)
        // A number that nobody has is told from the index alone, and MariaDB then names none.
        if (plan.indexes.length > 0) expect(plan.indexes, plan.text).toEqual([index])
      }
    const plan = await explain(db, store.sessionWithUserQuery(db, session))
    expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
    expect(plan.indexes, plan.text).toEqual(['PRIMARY', 'PRIMARY', 'PRIMARY'])
  })
})

describe.each(enginePairs())('sessions on $name', (pair) => {
  it('security.md #32: end after 30 days without use and after 90 in any case', async () => {
    const clock = createManualClock(Date.now())
    await using test = await createTestApp({ pair, clock })
    const [idle, busy] = [await test.signUp(), await test.signUp()]
    const refresh = (refresh_token: string) =>
      test.call('POST', '/api/v1/passport/refresh', { json: { refresh_token } })
    let token = busy.refreshToken
    for (let n = 0; n < 3; n++) {
      clock.advance(29 * day)
      const answer = await refresh(token)
      expect(answer.status, `after ${(n + 1) * 29} days`).toBe(200)
      token = (answer.body.data as { refresh_token: string }).refresh_token
      if (n === 0) expect((await refresh(idle.refreshToken)).status).toBe(200)
    }
    // 87 days old: still good, though its access token ends with it.
    clock.advance(3 * day - 60_000)
    const last = await refresh(token)
    expect(last.status).toBe(200)
    const { access_token, refresh_token } = last.body.data as { access_token: string; refresh_token: string }
    expect((await test.call('GET', '/api/v1/me', { token: access_token })).status).toBe(200)
    clock.advance(61_000)
    expect((await refresh(refresh_token)).status).toBe(401)
    expect((await test.call('GET', '/api/v1/me', { token: access_token })).status).toBe(401)
    const fresh = await test.signUp()
    clock.advance(30 * day + 1000)
    expect((await refresh(fresh.refreshToken)).status).toBe(401)
  })

  it('security.md #34: keep a browser by __Host- cookies over https, and by nothing without its header', async () => {
    await using test = await createTestApp({
      pair,
      environment: { VIREO_PUBLIC_URL: 'https://live.example' },
    })
    const someone = await test.signUp()
    const web = { host: 'live.example', 'x-vireo-client': 'web' }
    const json = { account: someone.mobile, password: someone.password }
    const login = await send(test.base, 'POST', '/api/v1/passport/login', { json, headers: web })
    expect(login.body.data).not.toHaveProperty('refresh_token')
    expect(login.body.data).not.toHaveProperty('device_token')
    const cookies = [login.headers['set-cookie'] ?? []].flat()
    expect(cookies).toHaveLength(2)
    for (const cookie of cookies)
      expect(cookie).toMatch(
        /^__Host-vireo_(refresh|device)=[^;]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
      )
    const cookie = cookies.map((text) => text.split(';')[0]).join('; ')
    const refresh = (headers: Record<string, string>) =>
      send(test.base, 'POST', '/api/v1/passport/refresh', { headers: { cookie, ...headers } })
    // A foreign page can make a browser send the cookie, not the header.
    expect((await refresh({ host: 'live.example' })).status).toBe(401)
    expect((await refresh({ host: 'live.example', 'x-vireo-client': 'other' })).status).toBe(401)
    expect((await refresh(web)).status).toBe(200)
    const foreign = await send(test.base, 'GET', '/api/v1/site', {
      headers: { ...web, origin: 'https://evil.example' },
    })
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('networks', () => {
  it('security.md #6: are an IPv4 address or an IPv6 line, and the block around it', () => {
    expect(networksOf('192.0.2.9')).toEqual({ own: '192.0.2.9', around: '192.0.2.0/24' })
    expect(networksOf('::ffff:192.0.2.9')).toEqual(networksOf('192.0.2.9'))
    expect(networksOf('2001:db8:a:b:1::2')).toEqual({ own: '2001:db8:a:b::/64', around: '2001:db8:a::/48' })
    expect(networksOf('2001:0DB8:000a:000b::')).toEqual(networksOf('2001:db8:a:b:1::2'))
    expect(networksOf('::1').own).toBe('0:0:0:0::/64')
    expect(networksOf('fe80::1%eth0').own).toBe('fe80:0:0:0::/64')
    expect(networksOf('nonsense')).toEqual({ own: 'nonsense', around: 'nonsense' })
  })
})
