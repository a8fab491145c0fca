import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, enginePairs, freshMobile } from '../../tests/app.ts'
import type { TestApp } from '../../tests/app.ts'

describe.each(enginePairs())('the site on $name', (pair) => {
  let test: TestApp
  beforeAll(async () => {
    test = await createTestApp({ pair })
  })
  afterAll(() => test[Symbol.asyncDispose]())

  it('says what it is', async () => {
    const { body } = await test.call('GET', '/api/v1/site')
    expect(body.data).toMatchObject({ name: 'Vireo', registration: 'open', needs_setup: true })
  })

  it('security.md #7: makes one administrator by the one-time link, however many try it at once', async () => {
    const old = await test.app.newSetupToken()
    const token = await test.app.newSetupToken()
    const redeem = (given: string | undefined) =>
      test.call('POST', '/api/v1/setup', {
        json: { token: given, mobile: freshMobile(), password: 'a-Good-one-9' },
      })
    expect((await redeem(old)).body.error).toBe('setup_token_invalid')
    const answers = await Promise.all(Array.from({ length: 10 }, () => redeem(token)))
    const winners = answers.filter(({ status }) => status === 200)
    expect(winners).toHaveLength(1)
    expect(winners[0]?.body.data).toMatchObject({ user: { role: 'admin' } })
    expect(answers.filter(({ body }) => body.error === 'setup_token_invalid')).toHaveLength(9)
    expect((await redeem(token)).status).toBe(403)
    expect(await test.app.newSetupToken()).toBeUndefined()
  })

  it('asks at the first set-up who may join, and does not ask what the environment has decided', async () => {
    await using fresh = await createTestApp({ pair })
    const seen = await fresh.call('GET', '/api/v1/site')
    expect(seen.body.data).toMatchObject({ setup_asks: ['registration', 'registration_identity'] })
    const first = { mobile: freshMobile(), password: 'a-Good-one-9' }
    const json = { ...first, registration: 'invite', registration_identity: 'email' }
    const token = await fresh.app.newSetupToken()
    expect((await fresh.call('POST', '/api/v1/setup', { json: { token, ...json } })).status).toBe(200)
    await expect
      .poll(async () => (await fresh.call('GET', '/api/v1/site')).body.data)
      .toMatchObject({ registration: 'invite', registration_identity: 'email', needs_setup: false })
    await expect(fresh.signUp()).rejects.toThrow('params_missing')

    await using fixed = await createTestApp({ pair, environment: { VIREO_REGISTRATION: 'open' } })
    expect((await fixed.call('GET', '/api/v1/site')).body.data).toMatchObject({
      setup_asks: ['registration_identity'],
    })
    const refused = { token: await fixed.app.newSetupToken(), ...json }
    expect((await fixed.call('POST', '/api/v1/setup', { json: refused })).body.error).toBe('setting_fixed')
    const rest = { ...refused, registration: undefined }
    expect((await fixed.call('POST', '/api/v1/setup', { json: rest })).status).toBe(200)
  })

  it('is healthy, ready and documented', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json', '/postman.json', '/docs/']) {
      expect((await fetch(`${test.base}${path}`)).status, path).toBe(200)
    }
    const metrics = await (await fetch(`${test.base}/metrics`)).text()
    expect(metrics).toContain('vireo_http_request_seconds_count')
    const proxied = await fetch(`${test.base}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.5' } })
    expect(proxied.status).toBe(404)
  })
})

describe('limits', () => {
  it('security.md #6 #23: hold per address when they are on, and forged forwarded headers change nothing', async () => {
    await using test = await createTestApp({ environment: { VIREO_RATE_LIMITS: 'on' } })
    const statuses: number[] = []
    for (let n = 0; n < 35; n++) {
      const headers = { 'x-forwarded-for': `10.0.0.${n}`, 'x-real-ip': `10.0.0.${n}` }
      const answer = await test.call('POST', '/passport/check_mobile', {
        json: { mobile: freshMobile() },
        headers,
      })
      statuses.push(answer.status)
      if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(30)
    expect(statuses.slice(30)).toEqual([429, 429, 429, 429, 429])
  })

  it('refuse everything new with 403 where registration is closed', async () => {
    await using test = await createTestApp({ environment: { VIREO_REGISTRATION: 'closed' } })
    await expect(test.signUp()).rejects.toThrow('registration_closed')
  })
})
