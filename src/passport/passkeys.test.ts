/** Owns the tests of passkeys, with an authenticator made of a key pair. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, enginePairs } from '../../tests/app.ts'
import type { Answer, TestApp } from '../../tests/app.ts'

const origin = 'http://localhost:8080'
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest()
const b64 = (data: Buffer | string) => Buffer.from(data).toString('base64url')

/** CBOR (RFC 8949) of what an attestation holds. */
const cbor = (value: number | string | Buffer | Map<number | string, unknown>): Buffer => {
  const head = (major: number, n: number) =>
    n < 24
      ? Buffer.from([(major << 5) | n])
      : n < 256
        ? Buffer.from([(major << 5) | 24, n])
        : Buffer.from([(major << 5) | 25, n >> 8, n & 255])
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([k, v]) => [cbor(k), cbor(v as never)])])
}

const createAuthenticator = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const id = randomBytes(16)
  let count = 0
  const clientData = (type: string, challenge: string, from = origin) =>
    Buffer.from(JSON.stringify({ type, challenge, origin: from, crossOrigin: false }))
  const counter = () => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(++count)
    return bytes
  }
  return {
    make(challenge: string) {
      const key = new Map<number, unknown>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(x, 'base64url')],
        [-3, Buffer.from(y, 'base64url')],
      ])
      const authData = Buffer.concat([
        sha256('localhost'),
        Buffer.from([0x45]),
        counter(),
        Buffer.alloc(16),
        Buffer.from([0, id.length]),
        id,
        cbor(key),
      ])
      const attestation = new Map<string, unknown>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData],
      ])
      return {
        id: b64(id),
        rawId: b64(id),
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: b64(clientData('webauthn.create', challenge)),
          attestationObject: b64(cbor(attestation)),
          transports: ['internal'],
        },
      }
    },
    answer(challenge: string, { from = origin, verified = true } = {}) {
      const authData = Buffer.concat([sha256('localhost'), Buffer.from([verified ? 0x05 : 0x01]), counter()])
      const client = clientData('webauthn.get', challenge, from)
      const signature = sign('sha256', Buffer.concat([authData, sha256(client)]), privateKey)
      return {
        id: b64(id),
        rawId: b64(id),
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: b64(client),
          authenticatorData: b64(authData),
          signature: b64(signature),
        },
      }
    },
  }
}

describe.each(enginePairs())('passkeys on $name', (pair) => {
  let test: TestApp
  beforeAll(async () => {
    test = await createTestApp({ pair })
  })
  afterAll(() => test[Symbol.asyncDispose]())
  const post = (path: string, json: object, token?: string): Promise<Answer> =>
    test.call('POST', `/api/v1/passport${path}`, { json, ...(token !== undefined && { token }) })

  const withPasskey = async () => {
    const someone = await test.signUp()
    const authenticator = createAuthenticator()
    expect((await post('/passkeys/options', {}, someone.token)).body.error).toBe('proof_required')
    const options = (await post('/passkeys/options', { current_password: someone.password }, someone.token))
      .body.data as { challenge: string }
    const made = authenticator.make(options.challenge)
    const kept = await post('/passkeys/register', { credential: made, name: '我的手机' }, someone.token)
    expect(kept.status, JSON.stringify(kept.body)).toBe(200)
    expect((await post('/passkeys/register', { credential: made }, someone.token)).body.error).toBe(
      'passkey_invalid',
    )
    const { passkey, recovery_codes } = kept.body.data as {
      passkey: { id: string }
      recovery_codes: string[]
    }
    expect(recovery_codes).toHaveLength(10)
    return { someone, authenticator, passkeyId: passkey.id }
  }
  const challengeOf = async () => {
    const { id, options } = (await post('/passkeys/sign_in/options', {})).body.data as {
      id: string
      options: { challenge: string }
    }
    expect(Buffer.from(options.challenge, 'base64url').length).toBeGreaterThanOrEqual(16)
    return { id, challenge: options.challenge }
  }

  it('security.md #43: signs in by a passkey alone, one of 50 with the same answer', async () => {
    const { someone, authenticator } = await withPasskey()
    const { id, challenge } = await challengeOf()
    const credential = authenticator.answer(challenge)
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => post('/passkeys/sign_in', { id, credential })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const winner = answers.find(({ status }) => status === 200)?.body.data as unknown as {
      user: { id: string }
    }
    expect(winner.user.id).toBe(someone.userId)
  })

  it('security.md #43: refuses another origin, another challenge, and a person who was not verified', async () => {
    const { authenticator } = await withPasskey()
    const tries = [
      { from: 'https://evil.example' },
      { from: 'http://localhost.evil.example' },
      { verified: false },
    ]
    for (const how of tries) {
      const { id, challenge } = await challengeOf()
      expect(
        (await post('/passkeys/sign_in', { id, credential: authenticator.answer(challenge, how) })).body
          .error,
      ).toBe('passkey_invalid')
    }
    const { id } = await challengeOf()
    expect(
      (await post('/passkeys/sign_in', { id, credential: authenticator.answer('AAAA') })).body.error,
    ).toBe('passkey_invalid')
    for (const credential of [{}, { id: 7 }, { id: 'x', response: null }])
      expect((await post('/passkeys/sign_in', { id, credential })).body.error).toBe('passkey_invalid')
  })

  it('is a second step, belongs to its owner, and goes with proof', async () => {
    const { someone, authenticator, passkeyId } = await withPasskey()
    const login = await post('/login', { account: someone.mobile, password: someone.password })
    const { two_step_token, methods } = login.body.data as { two_step_token: string; methods: string[] }
    expect(methods).toContain('passkey')
    const { challenge } = (await post('/two_step/passkey_options', { two_step_token })).body.data as {
      challenge: string
    }
    const foreign = await withPasskey()
    expect(
      (
        await post('/two_step', {
          two_step_token,
          method: 'passkey',
          credential: foreign.authenticator.answer(challenge),
        })
      ).body.error,
    ).toBe('passkey_invalid')
    const second = (await post('/two_step/passkey_options', { two_step_token })).body.data as {
      challenge: string
    }
    const passed = await post('/two_step', {
      two_step_token,
      method: 'passkey',
      credential: authenticator.answer(second.challenge, { verified: false }),
    })
    expect(passed.status, JSON.stringify(passed.body)).toBe(200)
    const path = `/api/v1/passport/passkeys/${passkeyId}`
    expect(
      (
        await test.call('DELETE', path, {
          token: foreign.someone.token,
          json: { current_password: foreign.someone.password },
        })
      ).status,
    ).toBe(404)
    expect(
      (await test.call('PATCH', path, { token: foreign.someone.token, json: { name: 'x' } })).status,
    ).toBe(404)
    expect((await test.call('DELETE', path, { token: someone.token, json: {} })).body.error).toBe(
      'proof_required',
    )
    expect(
      (
        await test.call('DELETE', path, {
          token: someone.token,
          json: { current_password: someone.password },
        })
      ).status,
    ).toBe(200)
    expect(
      (await post('/login', { account: someone.mobile, password: someone.password })).body.data,
    ).toHaveProperty('access_token')
  })
})
