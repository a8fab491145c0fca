/**
 * Owns HMAC-SHA256 (RFC 2104) with our own keys. The key objects are kept: made anew for each call, they would cost
 * several times what they are for.
 */
import { createHmac, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

const made = new WeakMap<Uint8Array, KeyObject>()

/** 32 bytes. `key` must not change afterwards. */
export const hmac = (key: Uint8Array, text: string): Buffer => {
  let object = made.get(key)
  if (object === undefined) {
    object = createSecretKey(key)
    made.set(key, object)
  }
  return createHmac('sha256', object).update(text).digest()
}
