/** Owns asking again who it is before something that matters is changed: the password or a code of the app. */
import type { Audit } from '../audit/index.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Db } from '../platform/db/db.ts'
import type { Attempts } from './attempts.ts'
import type { Passwords } from './password.ts'
import * as store from './store.ts'
import type { Totp } from './totp.ts'

const tries = { name: 'proof', limit: 10, windowMs: 15 * 60_000 }

export interface Proof {
  current_password?: string | undefined
  totp?: string | undefined
}

export type Prove = ReturnType<typeof createProve>

interface Deps {
  db: Db
  attempts: Attempts
  audit: Audit
  passwords: Passwords
  totp: Totp
}

/**
 * Gives the account. With `both`, an account with an app shows password and code. Throws `proof_required`,
 * `password_wrong`, `two_step_wrong`.
 */
export const createProve =
  ({ db, attempts, audit, passwords, totp }: Deps) =>
  async (userId: string, proof: Proof, { both = false } = {}): Promise<store.AccountRow> => {
    const account = await store.findAccount(db, userId)
    if (account === undefined) throw new AppError('unauthenticated')
    const needsCode = both && (await totp.isOn(userId))
    if (
      (both ? !proof.current_password : !proof.current_password && !proof.totp) ||
      (needsCode && !proof.totp)
    )
      throw new AppError('proof_required')
    await attempts.demand(tries, userId)
    try {
      if (proof.current_password && !(await passwords.verify(account.password_hash, proof.current_password)))
        throw new AppError('password_wrong')
      if (proof.totp && (needsCode || !proof.current_password)) await totp.redeem(userId, proof.totp)
    } catch (error) {
      if (error instanceof AppError && error.status < 500)
        await audit.record(db, {
          actorId: userId,
          action: 'account.proof_failed',
          subject: { kind: 'user', id: userId },
          address: null,
          details: { error: error.code },
        })
      throw error
    }
    await attempts.clear(tries, userId)
    return account
  }
