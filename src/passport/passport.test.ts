import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { captchaAnswer, createTestApp, enginePairs, fetchPicture, freshMobile } from '../../tests/app.ts'
import type { TestApp } from '../../tests/app.ts'
import { openDatabase } from '../platform/db/db.ts'
import { createManualClock, systemClock } from '../platform/clock/clock.ts'
import { silentLog } from '../platform/log/log.ts'

describe.each(enginePairs())('passport on $name', (pair) => {
  let test: TestApp
  beforeAll(async () => {
    test = await createTestApp({ pair })
  })
  afterAll(() => test[Symbol.asyncDispose]())

  const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    test.call('POST', path, { form: fields, headers })

  const registration = async (fields: Record<string, string> = {}) => ({
    mobile: freshMobile(),
    password: 'long-Enough-7',
    img_code_id: await fetchPicture(test.base),
    img_code: captchaAnswer,
    ...fields,
  })

  it('security.md #5: goes from the picture to /me over the bare paths with form bodies', async () => {
    const picture = await fetch(`${test.base}/passport/image_code?cur_id=${randomUUID()}&pre_id=`)
    expect(picture.headers.get('content-type')).toBe('image/jpeg')
    expect(Buffer.from(await picture.arrayBuffer()).subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]))

    const fields = await registration()
    const free = await form('/passport/check_mobile', { mobile: fields.mobile })
    expect(free).toMatchObject({
      status: 200,
      body: { code: 200, msg: `${fields.mobile}, 此手机号可以使用` },
    })
    const registered = await form('/passport/register', fields)
    expect(registered).toMatchObject({ status: 200, body: { code: 200, msg: '注册成功' } })
    const taken = await form('/passport/check_mobile', { mobile: fields.mobile })
    expect(taken).toMatchObject({
      status: 400,
      body: { code: 400, error: 'mobile_taken', msg: '手机号已存在, 请重新输入' },
    })
    const again = await form('/passport/register', { ...fields, mobile: freshMobile() })
    expect(again.body.error).toBe('img_code_expired')

    const login = await form('/passport/login', { account: fields.mobile, password: fields.password })
    expect(login.status).toBe(200)
    const { access_token: token } = login.body.data as { access_token: string }
    const me = await test.call('GET', '/api/v1/me', { token })
    const shown = `${fields.mobile.slice(0, 3)}****${fields.mobile.slice(-4)}`
    expect(me).toMatchObject({ status: 200, body: { data: { mobile: shown, role: 'user' } } })
    expect(JSON.stringify(me.body)).not.toMatch(/argon2|password|13\d{9}/)
  })

  it.each([
    ['13800138000x'],
    ['138001380001'],
    ['１３８００１３８０００'],
    ['138001\n38000'],
    ['13800138000\n'],
    ['12800138000'],
    ['+1 13800138000'],
    ["13800138000' or '1'='1"],
  ])('security.md #1: refuses the number %j', async (mobile) => {
    const checked = await form('/passport/check_mobile', { mobile })
    expect(checked).toMatchObject({ status: 400, body: { error: 'mobile_invalid', msg: '手机号格式不正确' } })
    const fields = await registration({ mobile })
    expect((await form('/passport/register', fields)).body.error).toBe('mobile_invalid')
  })

  it('security.md #1: takes the same number in its spellings', async () => {
    const mobile = freshMobile()
    expect((await form('/passport/register', await registration({ mobile: `+86 ${mobile}` }))).status).toBe(
      200,
    )
    expect((await form('/passport/check_mobile', { mobile })).body.error).toBe('mobile_taken')
    expect((await form('/passport/check_mobile', { mobile: `86${mobile}` })).body.error).toBe('mobile_taken')
  })

  it('security.md #4: lets one of 50 parallel registrations of one number through, and leaves one row in each table', async () => {
    const mobile = freshMobile()
    const all = await Promise.all(Array.from({ length: 50 }, () => registration({ mobile })))
    const answers = await Promise.all(all.map((fields) => form('/passport/register', fields)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.error === 'mobile_taken')).toHaveLength(49)
    const winner = answers.find(({ status }) => status === 200)
    const { id } = (winner?.body.data as unknown as { user: { id: string } }).user
    await using db = await openDatabase({
      config: test.config.db,
      clock: systemClock,
      log: silentLog,
      beside: true,
    })
    const accounts = await db
      .selectFrom('account')
      .select('user_id')
      .where('mobile', '=', `+86${mobile}`)
      .execute()
    expect(accounts).toEqual([{ user_id: id }])
    const users = await db
      .selectFrom('user')
      .select(({ fn }) => fn.countAll().as('n'))
      .executeTakeFirstOrThrow()
    const counters = await db
      .selectFrom('user_counter')
      .select(({ fn }) => fn.countAll().as('n'))
      .executeTakeFirstOrThrow()
    const all3 = await db
      .selectFrom('account')
      .select(({ fn }) => fn.countAll().as('n'))
      .executeTakeFirstOrThrow()
    expect([Number(counters.n), Number(all3.n)]).toEqual([Number(users.n), Number(users.n)])
  })

  it('security.md #8 #9: spends a picture on its first attempt, right or wrong, for one of 50', async () => {
    const fields = await registration({ img_code: 'zzzz' })
    expect((await form('/passport/register', fields)).body).toMatchObject({
      error: 'img_code_wrong',
      msg: '图片验证码不正确',
    })
    expect((await form('/passport/register', { ...fields, img_code: captchaAnswer })).body.error).toBe(
      'img_code_expired',
    )

    const id = await fetchPicture(test.base)
    const attempts = await Promise.all(
      Array.from({ length: 50 }, async () =>
        form('/passport/register', { ...(await registration()), img_code_id: id }),
      ),
    )
    expect(attempts.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(attempts.filter(({ body }) => body.error === 'img_code_expired')).toHaveLength(49)
  })

  it('security.md #8: ignores the case of the letters and drops a replaced picture', async () => {
    const first = await fetchPicture(test.base)
    const second = randomUUID()
    await fetch(`${test.base}/passport/image_code?cur_id=${second}&pre_id=${first}`).then((r) =>
      r.arrayBuffer(),
    )
    expect((await form('/passport/register', await registration({ img_code_id: first }))).body.error).toBe(
      'img_code_expired',
    )
    const upper = await registration({ img_code_id: second, img_code: captchaAnswer.toUpperCase() })
    expect((await form('/passport/register', upper)).status).toBe(200)
  })

  it('security.md #10: refuses a picture that is older than five minutes, was never there, or is left empty', async () => {
    const late = await registration()
    const clock = createManualClock(Date.now())
    await using slow = await createTestApp({ pair, clock })
    const kept = { ...(await registration()), img_code_id: await fetchPicture(slow.base) }
    if (pair.redisUrl === '') {
      // Redis counts by its own clock; its key's time to live is looked at instead.
      clock.advance(5 * 60_000 + 1)
      expect((await slow.call('POST', '/passport/register', { form: kept })).body.error).toBe(
        'img_code_expired',
      )
    } else {
      const redis = new Redis(pair.redisUrl)
      const [key = ''] = await redis.keys(`*captcha:${kept.img_code_id}:*`)
      const lifeMs = await redis.pttl(key)
      redis.disconnect()
      expect(lifeMs).toBeGreaterThan(0)
      expect(lifeMs).toBeLessThanOrEqual(5 * 60_000)
    }
    const never = await form('/passport/register', { ...late, img_code_id: randomUUID() })
    expect(never.body.error).toBe('img_code_expired')
    expect((await form('/passport/register', { ...late, img_code: '   ' })).body.error).toBe('params_missing')
    expect((await form('/passport/register', late)).status).toBe(200)
  })

  it.each([
    [{ mobile: '' }, 400, 'params_missing', '注册所需参数不能为空'],
    [{ password: '' }, 400, 'params_missing', '注册所需参数不能为空'],
    [{ img_code: '' }, 400, 'params_missing', '注册所需参数不能为空'],
    [{ password: 'short' }, 400, 'password_weak', undefined],
    [{ password: '12345678' }, 400, 'password_weak', undefined],
    [{ mobile: '13900001111', password: 'x13900001111' }, 400, 'password_weak', undefined],
    [{ role: 'admin' }, 400, 'params_invalid', undefined],
    [{ id: '1' }, 400, 'params_invalid', undefined],
    [{ img_code_id: 'not-a-uuid' }, 400, 'params_invalid', undefined],
    [{ username: '1abc' }, 400, 'username_invalid', undefined],
  ])(
    'security.md #5 #8 #10: refuses to register with %j',
    async (fields: Record<string, string>, status, error, msg) => {
      const answer = await form('/passport/register', await registration(fields))
      expect(answer).toMatchObject({ status, body: { code: status, error, ...(msg && { msg }) } })
      expect(answer.body.request_id).toMatch(/\S/)
    },
  )

  it('says in English what is wrong to those who read English, field by field', async () => {
    const answer = await test.call('POST', '/api/v1/passport/register', {
      json: {},
      headers: { 'accept-language': 'en' },
    })
    expect(answer).toMatchObject({
      status: 400,
      body: { error: 'params_missing', msg: 'A value needed for registering is missing' },
    })
    expect(answer.body.details?.map(({ field }) => field)).toEqual([
      'mobile',
      'password',
      'img_code_id',
      'img_code',
    ])
  })

  it('security.md #20: answers an unknown account as a wrong password', async () => {
    const someone = await test.signUp()
    const wrong = await form('/passport/login', { account: someone.mobile, password: 'not-it-at-all' })
    const unknown = await form('/passport/login', { account: freshMobile(), password: 'not-it-at-all' })
    expect(wrong).toMatchObject({ status: 401, body: { error: 'credentials_wrong' } })
    expect({ ...unknown.body, request_id: '' }).toEqual({ ...wrong.body, request_id: '' })
  })

  it('security.md #21: asks for a picture after three attempts, also of 50 at once, and lets the owner in with one', async () => {
    const someone = await test.signUp()
    const guesses = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        form('/passport/login', { account: someone.mobile, password: `guess-${n}` }),
      ),
    )
    expect(guesses.filter(({ body }) => body.error === 'credentials_wrong').length).toBeLessThanOrEqual(3)
    // Who brings no picture does not shut the owner out.
    const bare = await form('/passport/login', { account: someone.mobile, password: someone.password })
    expect(bare.body.error).toBe('img_code_required')
    const shown = { img_code_id: await fetchPicture(test.base), img_code: captchaAnswer }
    expect(
      (await form('/passport/login', { account: someone.mobile, password: someone.password, ...shown }))
        .status,
    ).toBe(200)
    const other = await test.signUp()
    for (let n = 0; n < 3; n++)
      await form('/passport/login', { account: other.mobile, password: 'wrong-again' })
    expect(
      (await form('/passport/login', { account: other.mobile, password: other.password })).body.error,
    ).toBe('img_code_required')
    const picture = { img_code_id: await fetchPicture(test.base), img_code: captchaAnswer }
    expect(
      (await form('/passport/login', { account: other.mobile, password: other.password, ...picture })).status,
    ).toBe(200)
  })

  it('security.md #21: compares no more than 20 passwords of one account, picture or not', async () => {
    const someone = await test.signUp()
    const guess = async (password: string) => {
      const picture = { img_code_id: await fetchPicture(test.base), img_code: captchaAnswer }
      return form('/passport/login', { account: someone.mobile, password, ...picture })
    }
    const guesses = await Promise.all(Array.from({ length: 30 }, (_, n) => guess(`guess-${n}`)))
    expect(guesses.filter(({ body }) => body.error === 'credentials_wrong')).toHaveLength(20)
    expect((await guess(someone.password)).status).toBe(429)
  })

  it('signs in by user name', async () => {
    const username = `bird_${String(Date.now()).slice(-8)}`
    const someone = await test.signUp({ username })
    const answer = await form('/passport/login', {
      account: username.toUpperCase(),
      password: someone.password,
    })
    expect(answer.status).toBe(200)
    const second = await form('/passport/register', await registration({ username: username.toUpperCase() }))
    expect(second.body.error).toBe('username_taken')
  })

  it('security.md #27 #28: rotates the refresh token: one successor for 20 at once, the session ends on later reuse', async () => {
    const { refreshToken } = await test.signUp()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        test.call('POST', '/api/v1/passport/refresh', { json: { refresh_token: refreshToken } }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const successors = new Set(
      answers.map(({ body }) => (body.data as { refresh_token: string }).refresh_token),
    )
    expect(successors.size).toBe(1)
    const [second = ''] = successors
    const third = await test.call('POST', '/api/v1/passport/refresh', { json: { refresh_token: second } })
    expect(third.status).toBe(200)
    const reused = await test.call('POST', '/api/v1/passport/refresh', {
      json: { refresh_token: refreshToken },
    })
    expect(reused).toMatchObject({ status: 401, body: { error: 'unauthenticated' } })
    const { refresh_token: newest, access_token: token } = third.body.data as {
      refresh_token: string
      access_token: string
    }
    expect(
      (await test.call('POST', '/api/v1/passport/refresh', { json: { refresh_token: newest } })).status,
    ).toBe(401)
    expect((await test.call('GET', '/api/v1/me', { token })).status).toBe(401)
  })

  it('security.md #25: refuses forged tokens', async () => {
    const { token, refreshToken } = await test.signUp()
    const [head = '', body = '', mac = ''] = token.split('.')
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    for (const forged of [
      `${none}.${body}.`,
      `${head}.${body}.${mac.slice(0, -2)}AA`,
      refreshToken,
      'x',
      `${head}.${body}`,
    ]) {
      expect((await test.call('GET', '/api/v1/me', { token: forged })).status, forged).toBe(401)
    }
    const tampered = refreshToken.replace(/\.(\d+)\./, (_, n) => `.${Number(n) + 1}.`)
    expect(
      (await test.call('POST', '/api/v1/passport/refresh', { json: { refresh_token: tampered } })).status,
    ).toBe(401)
    expect((await test.call('GET', '/api/v1/me', { token })).status).toBe(200)
  })

  it("security.md #34: keeps a browser's refresh token in a cookie that works on plain http and needs the web's header", async () => {
    const someone = await test.signUp()
    const web = { 'x-vireo-client': 'web' }
    const login = await form('/passport/login', { account: someone.mobile, password: someone.password }, web)
    expect(login.body.data).not.toHaveProperty('refresh_token')
    const cookie = login.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^vireo_refresh=.+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/)
    const pair = cookie.split(';')[0] ?? ''
    const foreign = await test.call('POST', '/api/v1/passport/refresh', { headers: { cookie: pair } })
    expect(foreign.status).toBe(401)
    const renewed = await test.call('POST', '/api/v1/passport/refresh', { headers: { cookie: pair, ...web } })
    expect(renewed.status).toBe(200)
    const { access_token: token } = renewed.body.data as { access_token: string }
    const next = renewed.headers.get('set-cookie')?.split(';')[0] ?? ''
    const out = await test.call('POST', '/api/v1/passport/logout', {
      token,
      headers: { cookie: next, ...web },
    })
    expect(out.status).toBe(200)
    expect(out.headers.get('set-cookie')).toMatch(/vireo_refresh=;/)
    expect((await test.call('GET', '/api/v1/me', { token })).status).toBe(401)
    expect(
      (await test.call('POST', '/api/v1/passport/refresh', { headers: { cookie: next, ...web } })).status,
    ).toBe(401)
  })

  it('changes the profile, and only what may be changed', async () => {
    const { token, userId } = await test.signUp()
    const change = { nickname: ' 小\u202e莺 ', signature: 'a\u0000b\nc', sex: 2, birth_date: '2000-02-29' }
    const changed = await test.call('PATCH', '/api/v1/me', { token, json: change })
    expect(changed.body.data).toMatchObject({
      nickname: '小莺',
      signature: 'ab\nc',
      sex: 2,
      birth_date: '2000-02-29',
    })
    expect((await test.call('PATCH', '/api/v1/me', { token, json: { role: 'admin' } })).status).toBe(400)
    expect((await test.call('PATCH', '/api/v1/me', { json: change })).status).toBe(401)
    const seen = await test.call('GET', `/api/v1/users/${userId}`)
    expect(seen.body.data).toMatchObject({ nickname: '小莺', role: 'user' })
    expect(seen.body.data).not.toHaveProperty('mobile')
    expect((await test.call('GET', '/api/v1/users/nobody')).status).toBe(404)
  })
})
