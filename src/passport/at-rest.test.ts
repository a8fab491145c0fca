/** Owns the promise that whoever reads the database or the short-lived store can use nothing that stands there. */
import { Secret, TOTP } from 'otpauth'
import { describe, expect, it } from 'vitest'
import { createTestApp, enginePairs, freshMobile } from '../../tests/app.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { openDatabase } from '../platform/db/db.ts'
import { contentsOf, dropTable } from '../platform/db/faults.ts'
import { silentLog } from '../platform/log/log.ts'
import { createWatchedPassport, here } from './passport.fixture.ts'

const password = 'long-Enough-7'

describe.each(enginePairs())('what is kept on $name', (pair) => {
  it('security.md #27 #37 #39 #40: holds no code, token, secret or password that could be used', async () => {
    await using watched = await createWatchedPassport(pair)
    const { passport, db } = watched
    const {
      userId,
      refreshToken,
      accessToken,
      deviceToken = '',
    } = await watched.register(freshMobile(), password)
    const who = { userId, address: here.address }
    const mobile = freshMobile()
    await passport.codeRequests.sms(
      { mobile, purpose: 'change_mobile', ...(await watched.picture()) },
      { ...who, language: 'en' },
    )
    const code = await watched.lastCode()
    const { secret } = await passport.twoStepSetup.startTotp(who, { current_password: password })
    const app = new TOTP({ secret: Secret.fromBase32(secret) })
    const recoveryCodes = await passport.twoStepSetup.confirmTotp(who, app.generate())
    const { code: invite } = await passport.invites.make(userId, {}, null)
    await passport.rotateKeys()
    const signIn = await passport.signIn({ account: freshMobile(), password }, here).catch(() => undefined)
    expect(signIn).toBeUndefined()

    const contents = Object.values(await contentsOf(db)).flat()
    const kept = [...contents, ...watched.stored].join('\n')
    expect(watched.stored.some((text) => text.startsWith('code:'))).toBe(true)
    expect(kept).toContain('$argon2id$')
    const secrets = [password, refreshToken, accessToken, deviceToken, secret, invite, ...recoveryCodes]
    // As text, as bytes of the same secret, and without its dash.
    const spellings = secrets.flatMap((text) => [
      text,
      text.replace('-', ''),
      Buffer.from(text).toString('base64'),
      Buffer.from(text).toString('hex'),
    ])
    for (const spelling of [...spellings, Buffer.from(app.secret.buffer).toString('base64')]) {
      expect(spelling.length).toBeGreaterThan(7)
      expect(kept.includes(spelling), spelling).toBe(false)
    }
    // A code is six digits and might stand anywhere by chance: it is looked for where its fingerprint stands.
    for (const text of watched.stored.filter((one) => one.startsWith('code:')))
      expect(text).not.toMatch(new RegExp(`(?<!\\w)${code}(?!\\w)`))
    expect(contents.some((row) => row.includes(`"${code}"`))).toBe(false)
  })
})

describe.each(enginePairs())('what nobody foresaw on $name', (pair) => {
  it('security.md #57: answers 5xx with a request id and gives nothing away', async () => {
    await using test = await createTestApp({ pair, ownTables: true })
    const { mobile, password: right } = await test.signUp()
    await using db = await openDatabase({
      config: test.config.db,
      clock: systemClock,
      log: silentLog,
      beside: true,
    })
    await dropTable(db, 'known_device')
    for (const language of ['zh-CN', 'en']) {
      const answer = await test.call('POST', '/api/v1/passport/login', {
        json: { account: mobile, password: right },
        headers: { 'accept-language': language },
      })
      expect(answer.status).toBeGreaterThanOrEqual(500)
      expect(Object.keys(answer.body).sort()).toEqual(['code', 'details', 'error', 'msg', 'request_id'])
      expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'))
      expect(JSON.stringify(answer.body)).not.toMatch(
        /known_device|select|insert|sqlite|maria|kysely|\.ts|at /i,
      )
    }
    expect((await fetch(`${test.base}/healthz`)).status).toBe(200)
  })
})
