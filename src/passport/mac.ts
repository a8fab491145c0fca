/** Owns the fingerprints under which secrets and numbers are stored: HMAC-SHA256, a key for each use. */
import { timingSafeEqual } from 'node:crypto'
import type { Secret } from '../config/secrets.ts'
import { hmac } from '../platform/hmac/hmac.ts'

export type Mac = (...parts: readonly string[]) => string

/** Parts are told apart by their length, so that no two lists give the same text. */
export const createMac =
  (key: Secret): Mac =>
  (...parts) =>
    hmac(key.reveal(), parts.map((part) => `${part.length}:${part}`).join('')).toString('base64url')

export const isSameText = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
