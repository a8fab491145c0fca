/** Owns keeping a secret that must be read again: AES-256-GCM, bound to whose it is. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Secret } from '../config/secrets.ts'

export interface Seal {
  close(plain: Buffer | string, owner: string): string
  /** Throws if it was changed or belongs to somebody else. */
  open(sealed: string, owner: string): Buffer
}

export const createSeal = (key: Secret): Seal => ({
  close(plain, owner) {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key.reveal(), iv).setAAD(Buffer.from(owner))
    const body = Buffer.concat([cipher.update(plain), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
  },
  open(sealed, owner) {
    const bytes = Buffer.from(sealed, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', key.reveal(), bytes.subarray(0, 12))
    decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(12, 28))
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()])
  },
})
