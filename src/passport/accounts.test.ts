/** Owns the tests of the account system over HTTP: codes, proof, two-step, reset, leaving; named by docs/security.md. */
import { randomInt } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TOTP, Secret } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { captchaAnswer, createTestApp, enginePairs, fetchPicture, freshMobile } from '../../tests/app.ts'
import type { Answer, SignedUp, TestApp } from '../../tests/app.ts'
import { createManualClock } from '../platform/clock/clock.ts'

const day = 24 * 3600_000

describe.each(enginePairs())('accounts on $name', (pair) => {
  const clock = createManualClock(Date.now())
  let test: TestApp
  beforeAll(async () => {
    test = await createTestApp({ pair, clock, environment: { VIREO_REGISTRATION_IDENTITY: 'either' } })
  })
  afterAll(() => test[Symbol.asyncDispose]())

  const call = (method: string, path: string, json?: object, token?: string, on = test): Promise<Answer> =>
    on.call(method, `/api/v1${path}`, { ...(json && { json }), ...(token !== undefined && { token }) })
  const picture = async (on = test) => ({ img_code_id: await fetchPicture(on.base), img_code: captchaAnswer })

  /** What was sent to this number or address, the newest last. */
  const messagesTo = async (
    to: string,
    on = test,
  ): Promise<{ text: string; purpose: string; code?: string }[]> => {
    const names = (await readdir(on.config.outboxDir).catch(() => []))
      .filter((name) => !name.startsWith('.'))
      .sort()
    const all = await Promise.all(names.map((name) => readFile(join(on.config.outboxDir, name), 'utf8')))
    return all
      .map((text) => JSON.parse(text) as { to: string; text: string; purpose: string })
      .filter((m) => m.to === to)
  }
  const waitFor = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
    for (let n = 0; n < 200; n++) {
      const found = await look()
      if (found !== undefined) return found
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('it did not come')
  }
  const codeFor = (to: string, purpose: string, on = test, after = 0): Promise<string> =>
    waitFor(async () => (await messagesTo(to, on)).filter((m) => m.purpose === purpose)[after]?.code)

  /** Somebody whose number is proven. */
  const proven = async (): Promise<SignedUp> => {
    const someone = await test.signUp()
    const { mobile, token, password } = someone
    await call(
      'POST',
      '/passport/sms_code',
      { mobile, purpose: 'change_mobile', ...(await picture()) },
      token,
    )
    const code = await codeFor(`+86${mobile}`, 'change_mobile')
    const set = await call('PUT', '/me/mobile', { mobile, sms_code: code, current_password: password }, token)
    expect(set.status, JSON.stringify(set.body)).toBe(200)
    return someone
  }
  const withTotp = async () => {
    const someone = await proven()
    const { body } = await call('POST', '/passport/totp', { password: someone.password }, someone.token)
    const { secret } = body.data as { secret: string }
    const app = new TOTP({ secret: Secret.fromBase32(secret) })
    const codeAt = (ms = clock.now()) => app.generate({ timestamp: ms })
    const on = await call('POST', '/passport/totp/confirm', { code: codeAt() }, someone.token)
    expect(on.status, JSON.stringify(on.body)).toBe(200)
    clock.advance(30_000)
    return {
      ...someone,
      codeAt,
      recoveryCodes: (on.body.data as { recovery_codes: string[] }).recovery_codes,
    }
  }
  const firstStep = async ({ mobile, password }: SignedUp): Promise<string> => {
    const { body } = await call('POST', '/passport/login', { account: mobile, password })
    expect(body.data).toMatchObject({ two_step_required: true })
    return (body.data as { two_step_token: string }).two_step_token
  }

  it('security.md #2 #35 #36: registers by a code that is good for one purpose, one number and one of 50', async () => {
    await using coded = await createTestApp({ environment: { VIREO_REGISTRATION_PROOF: 'code' } })
    const mobile = freshMobile()
    const fields = { mobile, password: 'long-Enough-7' }
    expect(
      (await call('POST', '/passport/register', { ...fields, sms_code: '000000' }, undefined, coded)).body
        .error,
    ).toBe('sms_code_wrong')
    const asked = { mobile, purpose: 'register' }
    expect((await call('POST', '/passport/sms_code', asked, undefined, coded)).body.error).toBe(
      'params_missing',
    )
    expect(
      (await call('POST', '/passport/sms_code', { ...asked, ...(await picture(coded)) }, undefined, coded))
        .status,
    ).toBe(200)
    const code = await codeFor(`+86${mobile}`, 'register', coded)
    expect(code).toMatch(/^\d{6}$/)
    const reset = { account: mobile, sms_code: code, password: 'another-Good-8' }
    expect((await call('POST', '/passport/reset_password/confirm', reset, undefined, coded)).body.error).toBe(
      'reset_code_invalid',
    )
    expect(
      (await call('POST', '/passport/login', { mobile, sms_code: code }, undefined, coded)).body.error,
    ).toBe('sms_code_wrong')
    expect(
      (
        await call(
          'POST',
          '/passport/register',
          { ...fields, mobile: freshMobile(), sms_code: code },
          undefined,
          coded,
        )
      ).body.error,
    ).toBe('sms_code_wrong')
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        call('POST', '/passport/register', { ...fields, sms_code: code }, undefined, coded),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('security.md: an unproven number is no way to reset or sign in, and who proves it takes it over', async () => {
    const squatter = await test.signUp({ username: `sq_${String(Date.now()).slice(-9)}` })
    const { mobile } = squatter
    await call('POST', '/passport/reset_password/request', { account: mobile, ...(await picture()) })
    await call('POST', '/passport/sms_code', { mobile, purpose: 'login', ...(await picture()) })
    const owner = await test.signUp()
    await call(
      'POST',
      '/passport/sms_code',
      { mobile, purpose: 'change_mobile', ...(await picture()) },
      owner.token,
    )
    const code = await codeFor(`+86${mobile}`, 'change_mobile')
    expect((await messagesTo(`+86${mobile}`)).map(({ purpose }) => purpose)).toEqual(['change_mobile'])
    const change = { mobile, sms_code: code, current_password: owner.password }
    // Bound to who asked for it.
    expect(
      (await call('PUT', '/me/mobile', { ...change, current_password: squatter.password }, squatter.token))
        .body.error,
    ).toBe('sms_code_wrong')
    expect((await call('PUT', '/me/mobile', change, owner.token)).status).toBe(200)
    expect((await call('GET', '/me', undefined, squatter.token)).body.data).toMatchObject({ mobile: null })
    const login = await call('POST', '/passport/login', { account: mobile, password: owner.password })
    expect((login.body.data as { user: { id: string } }).user.id).toBe(owner.userId)
  })

  it('security.md #24: signs in by SMS code and by e-mail', async () => {
    const someone = await proven()
    await call('POST', '/passport/sms_code', {
      mobile: someone.mobile,
      purpose: 'login',
      ...(await picture()),
    })
    const code = await codeFor(`+86${someone.mobile}`, 'login')
    expect((await call('POST', '/passport/login', { mobile: someone.mobile, sms_code: code })).status).toBe(
      200,
    )
    expect(
      (await call('POST', '/passport/login', { mobile: someone.mobile, sms_code: code })).body.error,
    ).toBe('sms_code_wrong')
    const email = `Some.${Date.now()}@Example.com`
    const by = { email, password: 'long-Enough-7', ...(await picture()) }
    expect((await call('POST', '/passport/register', by)).status).toBe(200)
    expect(
      (await call('POST', '/passport/login', { account: email.toLowerCase(), password: by.password })).status,
    ).toBe(200)
    expect(
      (await call('POST', '/passport/register', { ...by, email: email.toUpperCase(), ...(await picture()) }))
        .body.error,
    ).toBe('email_taken')
  })

  it('security.md #24: every way in asks for the second step, and none lets in who is banned', async () => {
    const someone = await withTotp()
    const username = `way_${String(Date.now()).slice(-8)}`
    expect((await call('PATCH', '/me', { username }, someone.token)).status).toBe(200)
    const byCode = async (nth: number): Promise<Answer> => {
      const asked = { mobile: someone.mobile, purpose: 'login', ...(await picture()) }
      expect((await call('POST', '/passport/sms_code', asked)).status).toBe(200)
      const sms_code = await codeFor(`+86${someone.mobile}`, 'login', test, nth)
      return call('POST', '/passport/login', { mobile: someone.mobile, sms_code })
    }
    const byPassword = (account: string) =>
      call('POST', '/passport/login', { account, password: someone.password })
    const first = [await byPassword(someone.mobile), await byPassword(username), await byCode(0)]
    for (const { body } of first) expect(body.data).toMatchObject({ two_step_required: true })

    const setup = { token: await test.app.newSetupToken(), mobile: freshMobile(), password: 'a-Good-one-9' }
    const admin = (await call('POST', '/setup', setup)).body.data as { access_token: string }
    const ban = { reason: 'spam', until: null }
    const banned = await call('PUT', `/admin/users/${someone.userId}/ban`, ban, admin.access_token)
    expect(banned.status, JSON.stringify(banned.body)).toBe(200)
    // What was begun before the ban is no way in either.
    for (const { body } of first) {
      clock.advance(30_000)
      const { two_step_token } = body.data as { two_step_token: string }
      const step = { two_step_token, method: 'totp', code: someone.codeAt() }
      expect((await call('POST', '/passport/two_step', step)).body.error).toBe('user_banned')
    }
  })

  it('security.md #21 #22: 50 guesses by any name are one counter, and a known device is never shut out', async () => {
    const username = `bird_${String(Date.now()).slice(-8)}`
    const someone = await test.signUp({ username })
    const first = await call('POST', '/passport/login', {
      account: someone.mobile,
      password: someone.password,
    })
    const { device_token } = first.body.data as { device_token: string }
    const guesses = await Promise.all(
      Array.from({ length: 50 }, async (_, n) =>
        call('POST', '/passport/login', {
          account: n % 2 ? username : someone.mobile,
          password: `guess-${n}`,
          ...(await picture()),
        }),
      ),
    )
    expect(guesses.filter(({ body }) => body.error === 'credentials_wrong').length).toBeLessThanOrEqual(20)
    const own = { account: someone.mobile, password: someone.password }
    expect((await call('POST', '/passport/login', { ...own, ...(await picture()) })).status).toBe(429)
    expect((await call('POST', '/passport/login', { ...own, device_token })).status).toBe(200)
    expect(
      (
        await call('POST', '/passport/login', {
          ...own,
          device_token: `x${device_token}`,
          ...(await picture()),
        })
      ).status,
    ).toBe(429)
  })

  it('security.md #30 #33: lists sessions, ends one and all others, and nobody elses', async () => {
    const someone = await test.signUp()
    const login = async () =>
      (
        (await call('POST', '/passport/login', { account: someone.mobile, password: someone.password })).body
          .data as { access_token: string }
      ).access_token
    const [second, third] = [await login(), await login()]
    const list = (await call('GET', '/passport/sessions', undefined, second)).body.data as {
      items: { id: string; current: boolean; device: string }[]
    }
    expect(list.items).toHaveLength(3)
    expect(list.items.filter(({ current }) => current)).toHaveLength(1)
    const stranger = await test.signUp()
    const mine = list.items.find(({ current }) => current)?.id ?? ''
    expect((await call('DELETE', `/passport/sessions/${mine}`, undefined, stranger.token)).status).toBe(404)
    expect((await call('GET', '/me', undefined, second)).status).toBe(200)
    expect((await call('DELETE', `/passport/sessions/${mine}`, undefined, third)).status).toBe(200)
    expect((await call('GET', '/me', undefined, second)).status).toBe(401)
    expect((await call('DELETE', '/passport/sessions', undefined, third)).body.data).toEqual({ ended: 1 })
    expect((await call('GET', '/me', undefined, someone.token)).status).toBe(401)
    expect((await call('GET', '/me', undefined, third)).status).toBe(200)
  })

  it('security.md #29 #39: a TOTP code opens one of 50 sign-ins and never counts again', async () => {
    const someone = await withTotp()
    const tokens: string[] = []
    for (let n = 0; n < 8; n++) tokens.push(await firstStep(someone))
    const code = someone.codeAt()
    const answers = await Promise.all(
      tokens.map((two_step_token) =>
        call('POST', '/passport/two_step', { two_step_token, method: 'totp', code }),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await call('GET', '/me', undefined, someone.token)).body.data).toMatchObject({ two_step: true })
    clock.advance(16 * 60_000)
    const again = { two_step_token: await firstStep(someone), method: 'totp' }
    expect(
      (await call('POST', '/passport/two_step', { ...again, code: someone.codeAt(clock.now() - 300_000) }))
        .body.error,
    ).toBe('totp_clock_off')
    expect((await call('POST', '/passport/two_step', { ...again, code: '000000' })).body.error).toMatch(
      /two_step_wrong|totp_clock_off/,
    )
    const passed = await call('POST', '/passport/two_step', {
      ...again,
      code: someone.codeAt(),
      remember_device: true,
    })
    expect(passed.status).toBe(200)
    const { device_token } = passed.body.data as { device_token: string }
    const trusted = await call('POST', '/passport/login', {
      account: someone.mobile,
      password: someone.password,
      device_token,
    })
    expect(trusted.body.data).toHaveProperty('access_token')
  })

  it('security.md #40: a recovery code is good for one of 50; SMS is a second step too', async () => {
    const someone = await withTotp()
    const two_step_token = await firstStep(someone)
    const code = someone.recoveryCodes[0] ?? ''
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        call('POST', '/passport/two_step', { two_step_token, method: 'recovery_code', code }),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    clock.advance(16 * 60_000)
    const next = await firstStep(someone)
    expect(
      (await call('POST', '/passport/two_step', { two_step_token: next, method: 'recovery_code', code })).body
        .error,
    ).toBe('two_step_wrong')
    expect(
      (await call('POST', '/passport/sms_code', { purpose: 'two_step', two_step_token: next })).status,
    ).toBe(200)
    const sms = await codeFor(`+86${someone.mobile}`, 'two_step')
    const passed = await call('POST', '/passport/two_step', {
      two_step_token: next,
      method: 'sms',
      code: sms,
    })
    expect(passed.status).toBe(200)
    const { access_token } = passed.body.data as { access_token: string }
    const login = await call('GET', '/me/security', undefined, access_token)
    expect(login.body.data).toMatchObject({ totp: true, recovery_codes_left: 9 })
  })

  it('security.md #41: a reset answers the same for all, ends every session, signs nobody in and keeps the second step', async () => {
    const someone = await withTotp()
    const known = await call('POST', '/passport/reset_password/request', {
      account: someone.mobile,
      ...(await picture()),
    })
    const unknown = await call('POST', '/passport/reset_password/request', {
      account: freshMobile(),
      ...(await picture()),
    })
    expect({ ...known.body }).toEqual({ ...unknown.body })
    const sms_code = await codeFor(`+86${someone.mobile}`, 'reset_password')
    const confirm = { account: someone.mobile, sms_code, password: 'brand-New-pass-9' }
    expect(
      (await call('POST', '/passport/reset_password/confirm', { ...confirm, password: 'password' })).body
        .error,
    ).toBe('password_weak')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => call('POST', '/passport/reset_password/confirm', confirm)),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.find(({ status }) => status === 200)?.body.data).toBeNull()
    expect((await call('GET', '/me', undefined, someone.token)).status).toBe(401)
    await firstStep({ ...someone, password: confirm.password })
    await waitFor(async () =>
      (await messagesTo(`+86${someone.mobile}`)).find((m) => m.purpose === 'notice_password_changed'),
    )
  })

  it('security.md #19 #31 #42: changes need proof, tell the old place, and end other sessions', async () => {
    const someone = await proven()
    const other = (
      (await call('POST', '/passport/login', { account: someone.mobile, password: someone.password })).body
        .data as { access_token: string }
    ).access_token
    const put = (json: object) => call('PUT', '/me/password', json, someone.token)
    expect((await put({ current_password: 'wrong', password: 'brand-New-pass-9' })).body.error).toBe(
      'password_wrong',
    )
    expect((await put({ current_password: someone.password, password: '12345678' })).body.error).toBe(
      'password_weak',
    )
    expect((await put({ current_password: someone.password, password: 'brand-New-pass-9' })).status).toBe(200)
    expect((await call('GET', '/me', undefined, other)).status).toBe(401)
    expect((await call('GET', '/me', undefined, someone.token)).status).toBe(200)
    await waitFor(async () =>
      (await messagesTo(`+86${someone.mobile}`)).find((m) => m.purpose === 'notice_password_changed'),
    )

    const email = `new.${Date.now()}@example.com`
    expect(
      (
        await call(
          'POST',
          '/passport/email_code',
          { email, purpose: 'change_email', ...(await picture()) },
          someone.token,
        )
      ).status,
    ).toBe(200)
    const email_code = await codeFor(email, 'change_email')
    expect((await call('PUT', '/me/email', { email, email_code }, someone.token)).body.error).toBe(
      'proof_required',
    )
    const changed = await call(
      'PUT',
      '/me/email',
      { email, email_code, current_password: 'brand-New-pass-9' },
      someone.token,
    )
    expect(changed.body.data).toMatchObject({
      email: expect.stringMatching(/^n\*{4}.@example\.com$/) as string,
    })
    await call('POST', '/passport/reset_password/request', { account: email, ...(await picture()) })
    const link = await waitFor(
      async () => (await messagesTo(email)).find((m) => m.purpose === 'reset_password')?.text,
    )
    const token = /#token=([\w-]+)/.exec(link)?.[1] ?? ''
    expect(
      (await call('POST', '/passport/reset_password/confirm', { token, password: 'third-Good-pass-5' }))
        .status,
    ).toBe(200)
    expect(
      (await call('POST', '/passport/reset_password/confirm', { token, password: 'third-Good-pass-6' })).body
        .error,
    ).toBe('reset_code_invalid')
  })

  it('deletes after seven days unless a sign-in stops it; the number is free and nothing is inherited', async () => {
    const [leaver, stayer] = [
      await test.signUp({ username: `gone_${String(Date.now()).slice(-8)}` }),
      await test.signUp(),
    ]
    for (const one of [leaver, stayer]) {
      expect((await call('DELETE', '/me', {}, one.token)).body.error).toBe('proof_required')
      expect((await call('DELETE', '/me', { current_password: one.password }, one.token)).status).toBe(200)
      expect((await call('GET', '/me', undefined, one.token)).status).toBe(401)
    }
    const back = await call('POST', '/passport/login', { account: stayer.mobile, password: stayer.password })
    expect(back.body.data).toMatchObject({ deletion_cancelled: true })
    clock.advance(7 * day + 1000)
    await waitFor(async () =>
      (await call('GET', `/users/${leaver.userId}`)).status === 404 ? true : undefined,
    )
    expect((await call('GET', `/users/${stayer.userId}`)).status).toBe(200)
    expect(
      (await call('POST', '/passport/login', { account: leaver.mobile, password: leaver.password })).body
        .error,
    ).toBe('credentials_wrong')
    const fields = { mobile: leaver.mobile, password: leaver.password, ...(await picture()) }
    const anew = await call('POST', '/passport/register', fields)
    expect(anew.status, JSON.stringify(anew.body)).toBe(200)
    expect((anew.body.data as { user: { id: string } }).user.id).not.toBe(leaver.userId)
    expect(await (await fetch(`${test.base}/api/v1/users/${leaver.userId}`)).json()).toMatchObject({
      error: 'not_found',
    })
  })

  it('keeps a user name for 30 days after its owner changed it', async () => {
    const name = `old_${String(Date.now()).slice(-8)}`
    const [owner, other] = [await test.signUp({ username: name }), await test.signUp()]
    expect((await call('PATCH', '/me', { username: `${name}_2` }, owner.token)).status).toBe(200)
    expect((await call('PATCH', '/me', { username: name }, other.token)).body.error).toBe('username_taken')
    expect((await call('PATCH', '/me', { username: name }, owner.token)).status).toBe(200)
    expect((await call('PATCH', '/me', { username: `${name}_2` }, owner.token)).status).toBe(200)
    clock.advance(31 * day)
    const late = await test.signUp()
    expect((await call('PATCH', '/me', { username: name }, late.token)).status).toBe(200)
  })

  it('gives all that is kept of oneself as a zip', async () => {
    const someone = await test.signUp()
    expect((await fetch(`${test.base}/api/v1/me/export`)).status).toBe(401)
    const answer = await fetch(`${test.base}/api/v1/me/export`, {
      headers: { authorization: `Bearer ${someone.token}` },
    })
    expect(answer.headers.get('content-type')).toBe('application/zip')
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(bytes.subarray(0, 2).toString()).toBe('PK')
    for (const word of ['profile.json', 'sessions.json', 'security.json', someone.mobile, 'user.registered'])
      expect(bytes.includes(word), word).toBe(true)
    expect(bytes.includes('argon2')).toBe(false)
  })
})

describe.each(enginePairs())('staff and invitations on $name', (pair) => {
  it('lets as many register as an invitation has uses, of 20 at once', async () => {
    await using test = await createTestApp({ pair, environment: { VIREO_REGISTRATION: 'invite' } })
    const setup = { token: await test.app.newSetupToken(), mobile: freshMobile(), password: 'a-Good-one-9' }
    const admin = (
      (await test.call('POST', '/api/v1/setup', { json: setup })).body.data as { access_token: string }
    ).access_token
    const made = await test.call('POST', '/api/v1/admin/invites', {
      token: admin,
      json: { uses: 3, note: '朋友' },
    })
    const { code, invite } = made.body.data as { code: string; invite: { id: string } }
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () =>
        test.call('POST', '/api/v1/passport/register', {
          json: {
            mobile: freshMobile(),
            password: 'long-Enough-7',
            img_code_id: await fetchPicture(test.base),
            img_code: captchaAnswer,
            invite: code,
          },
        }),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
    expect(new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body.error))).toEqual(
      new Set(['invite_invalid']),
    )
    const list = await test.call('GET', '/api/v1/admin/invites', { token: admin })
    expect(list.body.data).toMatchObject({
      items: [{ id: invite.id, uses_left: 0, note: '朋友' }],
      next_cursor: null,
    })
    expect((await test.call('DELETE', `/api/v1/admin/invites/${invite.id}`, { token: admin })).status).toBe(
      200,
    )
  })

  it('security.md #14: staff act as such only with two-step verification, but for the first day', async () => {
    const clock = createManualClock(Date.now())
    await using test = await createTestApp({ pair, clock, environment: { VIREO_STAFF_TWO_STEP: 'required' } })
    const setup = { token: await test.app.newSetupToken(), mobile: freshMobile(), password: 'a-Good-one-9' }
    const first = await test.call('POST', '/api/v1/setup', { json: setup })
    const { access_token: early } = first.body.data as { access_token: string }
    expect((await test.call('GET', '/api/v1/admin/invites', { token: early })).status).toBe(200)
    clock.advance(25 * 3600_000)
    const login = await test.call('POST', '/api/v1/passport/login', {
      json: { account: setup.mobile, password: setup.password },
    })
    const { access_token: token } = login.body.data as { access_token: string }
    expect((await test.call('GET', '/api/v1/admin/invites', { token })).body.error).toBe(
      'two_step_setup_required',
    )
    expect((await test.call('GET', '/api/v1/me/security', { token })).body.data).toMatchObject({
      two_step_required: true,
    })
    const { secret } = (
      await test.call('POST', '/api/v1/passport/totp', { token, json: { password: setup.password } })
    ).body.data as { secret: string }
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: clock.now() })
    expect((await test.call('POST', '/api/v1/passport/totp/confirm', { token, json: { code } })).status).toBe(
      200,
    )
    expect((await test.call('GET', '/api/v1/admin/invites', { token })).status).toBe(200)
  })

  it('security.md #38: caps on sending hold under 25 parallel requests', async () => {
    await using test = await createTestApp({
      pair,
      environment: {
        VIREO_RATE_LIMITS: 'on',
        VIREO_REGISTRATION_PROOF: 'code',
        VIREO_TRUSTED_PROXIES: '127.0.0.1',
      },
    })
    const mobile = freshMobile()
    // An address of its own: Redis still counts what an earlier run sent.
    const headers = { 'x-forwarded-for': `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}` }
    const answers = await Promise.all(
      Array.from({ length: 25 }, async () =>
        test.call('POST', '/api/v1/passport/sms_code', {
          headers,
          json: {
            mobile,
            purpose: 'register',
            img_code_id: await fetchPicture(test.base, headers),
            img_code: captchaAnswer,
          },
        }),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(
      answers.filter(({ status, headers }) => status === 429 && headers.get('retry-after') !== null),
    ).toHaveLength(24)
    expect(await readdir(test.config.outboxDir)).toHaveLength(1)
  })

  it('check_mobile and codes say nothing of who is registered in strict mode', async () => {
    await using test = await createTestApp({ pair, environment: { VIREO_STRICT_ENUMERATION: '1' } })
    const { mobile } = await test.signUp()
    const check = (number: string) =>
      test.call('POST', '/passport/check_mobile', { form: { mobile: number } })
    expect((await check(mobile)).status).toBe(200)
    expect((await check(freshMobile())).status).toBe(200)
    expect((await check('123')).body.error).toBe('mobile_invalid')
  })

  it('says when SMS can not be sent, and a code that is there stays valid', async () => {
    let isUp = true
    const { createServer } = await import('node:http')
    const provider = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        if (isUp) sent.push(JSON.parse(body) as { code: string })
        response.writeHead(isUp ? 200 : 500).end()
      })
    })
    const sent: { code: string }[] = []
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
    const { port } = provider.address() as { port: number }
    await using test = await createTestApp({
      pair,
      environment: {
        VIREO_REGISTRATION_PROOF: 'code',
        VIREO_SMS_URL: `webhook+http://:hush@127.0.0.1:${port}/`,
      },
    })
    const mobile = freshMobile()
    const ask = async (number: string, purpose: string) =>
      test.call('POST', '/api/v1/passport/sms_code', {
        json: {
          mobile: number,
          purpose,
          img_code_id: await fetchPicture(test.base),
          img_code: captchaAnswer,
        },
      })
    expect((await ask(mobile, 'register')).status).toBe(200)
    isUp = false
    expect(await ask(mobile, 'register')).toMatchObject({ status: 503, body: { error: 'sms_unavailable' } })
    // Whoever asks now is told the same, registered or not.
    expect((await ask(freshMobile(), 'login')).body.error).toBe('sms_unavailable')
    const fields = { mobile, password: 'long-Enough-7', sms_code: sent[0]?.code }
    expect((await test.call('POST', '/api/v1/passport/register', { json: fields })).status).toBe(200)
    await new Promise<void>((resolve) => provider.close(() => resolve()))
  })

  it("a deleted user's videos go, and what others see does not fail", async () => {
    const clock = createManualClock(Date.now())
    await using test = await createTestApp({ pair, clock })
    const leaver = await test.signUp()
    const draft = await test.call('POST', '/api/v1/videos', { token: leaver.token, json: { title: '再见' } })
    const { id } = draft.body.data as { id: string }
    const zip = await fetch(`${test.base}/api/v1/me/export`, {
      headers: { authorization: `Bearer ${leaver.token}` },
    })
    expect(Buffer.from(await zip.arrayBuffer()).includes(id)).toBe(true)
    await test.call('DELETE', '/api/v1/me', {
      token: leaver.token,
      json: { current_password: leaver.password },
    })
    clock.advance(7 * day + 1000)
    for (let n = 0; n < 200; n++) {
      if ((await test.call('GET', `/api/v1/users/${leaver.userId}`)).status === 404) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    for (const path of [`/users/${leaver.userId}`, `/users/${leaver.userId}/videos`, `/videos/${id}`])
      expect((await test.call('GET', `/api/v1${path}`)).status, path).toBe(404)
    expect((await test.call('GET', `/api/v1/live/${leaver.roomId}`)).status).toBeLessThan(500)
  })
})
