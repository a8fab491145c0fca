/** Owns recovery codes: ten at a time, shown once, stored as HMAC, each good once. */
import { randomBytes } from 'node:crypto'
import type { Queries } from '../platform/db/db.ts'
import type { Mac } from './mac.ts'
import * as store from './two-step-store.ts'

const count = 10
// Without letters that look like others.
const letters = 'abcdefghjkmnpqrstuvwxyz23456789x'

/** 50 random bits as `abcde-fghjk`. */
const newCode = (): string =>
  [...randomBytes(10)]
    .map((byte) => letters[byte % 32])
    .join('')
    .replace(/^.{5}/, '$&-')

export type RecoveryCodes = ReturnType<typeof createRecoveryCodes>

export const createRecoveryCodes = ({ mac }: { mac: Mac }) => {
  const fingerprint = (userId: string, code: string): string =>
    mac('recovery', userId, code.toLowerCase().replace(/[^a-z0-9]/g, ''))
  return {
    /** Makes new ones in the caller's transaction; those before end. */
    async renew(trx: Queries, userId: string): Promise<string[]> {
      const codes = Array.from({ length: count }, newCode)
      await store.replaceRecoveryCodes(
        trx,
        userId,
        codes.map((code) => fingerprint(userId, code)),
      )
      return codes
    },
    /** True for exactly one of any number of callers with the same code. */
    take: (q: Queries, userId: string, code: string): Promise<boolean> =>
      store.takeRecoveryCode(q, userId, fingerprint(userId, code)),
  }
}
