/** Owns what whoever runs the machine may do to accounts, by mobile number; each act is audited in its transaction. */
import type { Role } from '../../contract/user.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { UserService } from '../user/index.ts'
import { createPasswords } from './password.ts'
import type { PasswordRules } from './password-rules.ts'
import { maskMobile, nationalNumber } from './rules.ts'
import type { ParseMobile } from './rules.ts'
import * as store from './store.ts'

interface Deps {
  db: Db
  clock: Clock
  users: UserService
  audit: Audit
  parseMobile: ParseMobile
  passwordRules: PasswordRules
}

export interface Staff {
  id: string
  role: string
  nickname: string
  /** Masked. */
  mobile: string
}

export const createOperator = ({ db, clock, users, audit, parseMobile, passwordRules }: Deps) => {
  const find = async (text: string): Promise<store.AccountRow | undefined> => {
    const mobile = parseMobile(text)
    if (mobile === undefined) throw new AppError('mobile_invalid')
    return store.findAccountByMobile(db, mobile)
  }
  const named = async (text: string): Promise<store.AccountRow> => {
    const account = await find(text)
    if (account === undefined) throw new AppError('not_found')
    return account
  }
  const record = (trx: Transaction, action: string, userId: string | null, details = {}): Promise<void> =>
    audit.record(trx, {
      actorId: null,
      action,
      subject: { kind: 'user', id: userId },
      address: null,
      details,
    })

  return {
    find,
    record,

    /** Administrators and moderators. */
    async listStaff(): Promise<Staff[]> {
      const rows = await users.staff()
      const accounts = await store.findAccounts(
        db,
        rows.map((row) => row.id),
      )
      return rows.map(({ id, role, nickname }) => {
        const mobile = accounts.find((account) => account.user_id === id)?.mobile ?? null
        return { id, role, nickname, mobile: mobile === null ? '' : maskMobile(mobile) }
      })
    },

    /** Throws `mobile_invalid`, `not_found`. */
    async setRole(mobile: string, role: Role): Promise<void> {
      const { user_id: id } = await named(mobile)
      await db.transaction(async (trx) => {
        await users.setRole(trx, id, role)
        await record(trx, 'user.role_changed', id, { role })
      })
    },

    /** Ends every session, too. Throws `mobile_invalid`, `not_found`, `password_weak`. */
    async setPassword(mobile: string, password: string): Promise<void> {
      const account = await named(mobile)
      const user = await users.row(account.user_id)
      const personal = [nationalNumber(account.mobile ?? ''), user?.username ?? undefined, user?.nickname]
      if (!(await passwordRules.isStrong(password, personal))) throw new AppError('password_weak')
      const hash = await createPasswords({ running: 1, waiting: 0 }).hash(password)
      await db.transaction(async (trx) => {
        await store.setPasswordHash(trx, account.user_id, hash)
        await store.revokeSessionsOf(trx, account.user_id, clock.now(), undefined)
        await record(trx, 'password.reset', account.user_id)
      })
    },
  }
}
