/** Owns the promise that no secret, code, token, password or whole number stands in a log, at any level. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TOTP, Secret } from 'otpauth'
import { describe, expect, it } from 'vitest'
import { captchaAnswer, createTestApp, enginePairs, fetchPicture, freshMobile } from '../../tests/app.ts'
import { createLog } from '../platform/log/pino.ts'

describe.each(enginePairs())('logs and the audit log on $name', (pair) => {
  it('security.md #12 #37 #58: tell what happened and hold nothing secret', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vireo-logs-'))
    const path = join(directory, 'all.log')
    const log = createLog({ level: 'debug', stdout: false, file: { path } })
    try {
      await using test = await createTestApp({ pair, log })
      const post = (route: string, json: object, token?: string) =>
        test.call('POST', `/api/v1/passport${route}`, { json, ...(token !== undefined && { token }) })
      const picture = async () => ({ img_code_id: await fetchPicture(test.base), img_code: captchaAnswer })
      const someone = await test.signUp()
      const email = 'Very.Private@example.com'
      const secrets = [someone.mobile, someone.password, someone.token, someone.refreshToken, email]
      const ask = { mobile: someone.mobile, purpose: 'change_mobile', ...(await picture()) }
      await post('/sms_code', ask, someone.token)
      await post('/email_code', { email, purpose: 'change_email', ...(await picture()) }, someone.token)
      const outbox = await Promise.all(
        (await readdir(test.config.outboxDir)).map((name) =>
          readFile(join(test.config.outboxDir, name), 'utf8'),
        ),
      )
      const codes = outbox.map((text) => (JSON.parse(text) as { code: string }).code)
      secrets.push(...codes)
      const { secret } = (await post('/totp', { password: someone.password }, someone.token)).body.data as {
        secret: string
      }
      expect((await post('/totp', { password: 'n0t-mine-at-all' }, someone.token)).body.error).toBe(
        'password_wrong',
      )
      secrets.push('n0t-mine-at-all')
      const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate()
      const on = await post('/totp/confirm', { code }, someone.token)
      const { recovery_codes } = on.body.data as { recovery_codes: string[] }
      secrets.push(secret, ...recovery_codes)
      const wrong = freshMobile()
      await post('/login', { account: wrong, password: 'wr0ng-and-secret' })
      const first = await post('/login', { account: someone.mobile, password: someone.password })
      const { two_step_token } = first.body.data as { two_step_token: string }
      const second = await post('/two_step', {
        two_step_token,
        method: 'recovery_code',
        code: recovery_codes[1],
      })
      const tokens = second.body.data as { access_token: string; refresh_token: string; device_token: string }
      await post('/refresh', { refresh_token: tokens.refresh_token })
      await post('/refresh', { refresh_token: `${tokens.refresh_token}x` })
      await post('/reset_password/confirm', {
        account: someone.mobile,
        sms_code: '987123',
        password: 'n3w-and-secret',
      })
      await test.call('GET', '/api/v1/me?token=t0psecret-in-query', { token: 'not.a.token' })
      secrets.push(wrong, 'wr0ng-and-secret', two_step_token, tokens.access_token, tokens.refresh_token)
      secrets.push(tokens.device_token, 'n3w-and-secret', 't0psecret-in-query')
      const setup = { token: await test.app.newSetupToken(), mobile: freshMobile(), password: 'a-Good-one-9' }
      await test.call('POST', '/api/v1/setup', { json: setup })
      secrets.push(setup.token ?? '', setup.mobile, setup.password)

      const audit = await fetch(`${test.base}/api/v1/me/export`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })
      const zip = Buffer.from(await audit.arrayBuffer()).toString('latin1')
      for (const action of [
        'user.registered',
        'two_step.totp_on',
        'session.signed_in',
        'account.proof_failed',
      ])
        expect(zip).toContain(action)
      const security = zip.slice(
        zip.indexOf('security.json'),
        zip.indexOf('PK', zip.indexOf('security.json') + 20),
      )
      log.close()
      await new Promise((resolve) => setTimeout(resolve, 100))
      const written = await readFile(path, 'utf8')
      expect(written.length).toBeGreaterThan(0)
      for (const value of secrets) {
        expect(value.length).toBeGreaterThan(5)
        expect(written.includes(value), `the log holds ${value}`).toBe(false)
        expect(security.includes(value), `the audit log holds ${value}`).toBe(false)
      }
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }, 60_000)
})
