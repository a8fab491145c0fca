/** Owns the two tokens: a short signed access token and a refresh token that only its session can make. */
import { timingSafeEqual } from 'node:crypto'
import type { Secret, Secrets } from '../config/secrets.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { hmac } from '../platform/hmac/hmac.ts'
import { keyIdOf, readToken, signToken } from './jws.ts'
import type { SigningKeys } from './signing-keys.ts'

export const accessLifeS = 15 * 60

const issuer = 'vireo'

export interface AccessClaims {
  userId: string
  sessionId: string
}

/** What a refresh token says before it is proven against its session. */
export interface RefreshParts {
  sessionId: string
  generation: number
  mac: Buffer
}

export interface Tokens {
  access(claims: AccessClaims): Promise<string>
  /** undefined for anything but a valid access token of ours (RFC 8725: one algorithm, issuer, audience, type). */
  readAccess(token: string): Promise<AccessClaims | undefined>
  /**
   * `session.generation.mac`, the mac being HMAC-SHA256 over both with the session's salt. The same generation gives
   * the same token again, so a repeated refresh gets the same successor and nothing of the token is stored.
   */
  refresh(sessionId: string, salt: string, generation: number): string
  readRefresh(token: string): RefreshParts | undefined
  isRefreshOf(parts: RefreshParts, salt: string): boolean
}

export const createTokens = ({
  secrets,
  keys,
  clock,
}: {
  secrets: Secrets
  keys: Pick<SigningKeys, 'signing' | 'verifying'>
  clock: Clock
}): Tokens => {
  const refreshKey = secrets.keyFor('refresh-token')
  return {
    access: async ({ userId, sessionId }) => {
      const key = await keys.signing()
      const nowS = Math.floor(clock.now() / 1000)
      const claims = {
        sub: userId,
        sid: sessionId,
        iss: issuer,
        aud: issuer,
        iat: nowS,
        exp: nowS + accessLifeS,
      }
      return signToken(key, claims)
    },
    async readAccess(token) {
      const keyId = keyIdOf(token)
      const key = keyId === undefined ? undefined : await keys.verifying(keyId)
      const claims = key && readToken(token, key)
      if (claims?.['iss'] !== issuer || claims['aud'] !== issuer) return undefined
      const { sub, sid, exp } = claims
      if (typeof exp !== 'number' || clock.now() >= exp * 1000) return undefined
      return typeof sub === 'string' && typeof sid === 'string' ? { userId: sub, sessionId: sid } : undefined
    },
    refresh: (sessionId, salt, generation) =>
      `${sessionId}.${generation}.${macOf(refreshKey, sessionId, salt, generation).toString('base64url')}`,
    readRefresh(token) {
      const match = /^([0-9a-z]{26})\.(\d{1,9})\.([\w-]{43})$/.exec(token)
      if (match === null) return undefined
      const [, sessionId = '', generation = '', mac = ''] = match
      return { sessionId, generation: Number(generation), mac: Buffer.from(mac, 'base64url') }
    },
    isRefreshOf: (parts, salt) =>
      timingSafeEqual(parts.mac, macOf(refreshKey, parts.sessionId, salt, parts.generation)),
  }
}

const macOf = (key: Secret, sessionId: string, salt: string, generation: number): Buffer =>
  hmac(key.reveal(), `${sessionId}\n${salt}\n${generation}`)
