/**
 * Owns the one form of signed token that we make and take: JWS compact, HS256, `at+jwt` (RFC 7515, 8725, 9068). It
 * refuses every other header. Done on the spot by node:crypto: WebCrypto, which the JWT libraries use, would put each
 * request's check in line behind password hashes.
 */
import { timingSafeEqual } from 'node:crypto'
import { hmac } from '../platform/hmac/hmac.ts'

const longest = 1024

/** The exact header is what counts: no other algorithm, no key of the token's own, nothing critical beside it. */
const headerOf = (keyId: string): string =>
  base64url(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid: keyId }))

const base64url = (text: string): string => Buffer.from(text).toString('base64url')

export const signToken = (key: { id: string; bytes: Buffer }, claims: object): string => {
  const signed = `${headerOf(key.id)}.${base64url(JSON.stringify(claims))}`
  return `${signed}.${hmac(key.bytes, signed).toString('base64url')}`
}

/** The id of the key that it says to be signed by; undefined for anything that we would not have written. */
export const keyIdOf = (token: string): string | undefined => {
  const [header = ''] = token.split('.', 1)
  if (token.length > longest) return undefined
  const keyId = (jsonOf(header) as { kid?: unknown } | undefined)?.kid
  return typeof keyId === 'string' && headerOf(keyId) === header ? keyId : undefined
}

/** What it claims, if this key signed it; undefined otherwise. */
export const readToken = (token: string, key: Buffer): Readonly<Record<string, unknown>> | undefined => {
  const [header = '', body = '', mac = '', ...rest] = token.split('.')
  const expected = hmac(key, `${header}.${body}`)
  const given = Buffer.from(mac, 'base64url')
  // Text too, so that one token has one spelling.
  if (rest.length > 0 || given.length !== expected.length || given.toString('base64url') !== mac)
    return undefined
  if (!timingSafeEqual(given, expected)) return undefined
  return jsonOf(body)
}

const jsonOf = (part: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    // Not JSON: not one of ours.
    return undefined
  }
}
