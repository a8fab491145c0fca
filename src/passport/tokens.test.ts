/** Owns the tests of access tokens against a library that knows the standard, and against every way to forge one. */
import { generateKeyPairSync } from 'node:crypto'
import { SignJWT, UnsecuredJWT, base64url, exportJWK, jwtVerify } from 'jose'
import type { JWTHeaderParameters } from 'jose'
import { describe, expect, it } from 'vitest'
import { createTestApp, enginePairs } from '../../tests/app.ts'
import { loadSecrets } from '../config/secrets.ts'

describe.each(enginePairs())('access tokens on $name', (pair) => {
  it('security.md #25: are HS256 with our type, issuer and audience, and nothing else is one', async () => {
    await using test = await createTestApp({ pair })
    const { token } = await test.signUp()
    const key = loadSecrets(test.config.dataDir, undefined).keyFor('access-token').reveal()
    const { payload, protectedHeader } = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      issuer: 'vireo',
      audience: 'vireo',
      typ: 'at+jwt',
    })
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: '1' })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(15 * 60)

    const good = { alg: 'HS256', typ: 'at+jwt', kid: '1' } as const
    const signed = (
      header: JWTHeaderParameters,
      claims: object = payload,
      by: Parameters<SignJWT['sign']>[0] = key,
    ) => new SignJWT({ ...claims }).setProtectedHeader(header).sign(by)
    const status = async (given: string) => (await test.call('GET', '/api/v1/me', { token: given })).status
    // The library writes what we write: so what is refused below is refused for its difference.
    expect(await status(await signed(good))).toBe(200)

    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = { ...(await exportJWK(publicKey)), kid: '1' }
    const [head = '', body = '', mac = ''] = token.split('.')
    const soon = Math.floor(Date.now() / 1000)
    const forgeries: Record<string, string | Promise<string>> = {
      'alg none': new UnsecuredJWT({ ...payload }).encode(),
      'alg none with our type': `${base64url.encode('{"alg":"none","typ":"at+jwt","kid":"1"}')}.${body}.`,
      HS512: signed({ ...good, alg: 'HS512' }),
      'RS256 with its own key': signed({ ...good, alg: 'RS256', jwk }, payload, privateKey),
      'HS256 with a key beside it': signed({ ...good, jwk }),
      'a key from elsewhere': signed({ ...good, jku: 'https://evil.example/keys' }),
      'something critical': signed({ ...good, crit: ['exp'] }).catch(() => `${head}.${body}.x`),
      'another type': signed({ ...good, typ: 'JWT' }),
      'no type': signed({ alg: 'HS256', kid: '1' }),
      'an unknown key': signed({ ...good, kid: '2' }),
      'no key': signed({ alg: 'HS256', typ: 'at+jwt' }),
      'another issuer': signed(good, { ...payload, iss: 'elsewhere' }),
      'another audience': signed(good, { ...payload, aud: 'elsewhere' }),
      'an ended one': signed(good, { ...payload, exp: soon - 1 }),
      'one without an end': signed(good, { ...payload, exp: undefined }),
      'an end that is text': signed(good, { ...payload, exp: '9999999999' as never }).catch(() => 'x.y.z'),
      'another user': signed(good, { ...payload, sub: 'somebody-else' }),
      'no session': signed(good, { ...payload, sid: undefined }),
      'another secret': signed(good, payload, Buffer.alloc(32, 1)),
      'a changed body': `${head}.${base64url.encode(JSON.stringify({ ...payload, sub: 'x' }))}.${mac}`,
      'a second spelling of its end': `${token}=`,
      'a fourth part': `${token}.${mac}`,
      'a long one': `${head}.${body}.${'A'.repeat(4000)}`,
    }
    for (const [what, forged] of Object.entries(forgeries)) expect(await status(await forged), what).toBe(401)
    expect(await status(token)).toBe(200)
  })
})
