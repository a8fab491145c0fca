/** Owns changing password, number and address: fresh proof, one transaction, a notice to where the account was before. */
import type { z } from 'zod'
import type { putEmail, putMobile, putPassword } from '../../contract/account.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { isDuplicate } from '../platform/db/db.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import type { UserService } from '../user/index.ts'
import type { Codes } from './codes.ts'
import type { Devices } from './devices.ts'
import type { Notice } from './messages.ts'
import type { NoticeBoard } from './notices.ts'
import type { PasswordRules } from './password-rules.ts'
import type { Passwords } from './password.ts'
import type { Prove } from './proof.ts'
import { emailKey, nationalNumber, parseEmail } from './rules.ts'
import type { ParseMobile } from './rules.ts'
import type { Sessions } from './sessions.ts'
import * as store from './store.ts'

type Input<E extends { body?: z.ZodType }> = z.output<NonNullable<E['body']>>

interface Deps {
  db: Db
  clock: Clock
  audit: Audit
  codes: Codes
  devices: Devices
  notices: NoticeBoard
  parseMobile: ParseMobile
  passwordRules: PasswordRules
  passwords: Passwords
  prove: Prove
  sessions: Sessions
  users: UserService
}

export const createChanges = (deps: Deps) => {
  const {
    db,
    clock,
    audit,
    codes,
    devices,
    notices,
    parseMobile,
    passwordRules,
    passwords,
    prove,
    sessions,
  } = deps

  const done = async (
    trx: Transaction,
    caller: Caller,
    given: { before: store.AccountRow; notice: Notice; address: string; endOthers: boolean },
  ): Promise<void> => {
    await notices.tell(trx, given.before, given.notice)
    const ended = given.endOthers ? await sessions.revokeAllOf(trx, caller.userId, caller.sessionId) : 0
    await audit.record(trx, {
      actorId: caller.userId,
      action: `account.${given.notice}`,
      subject: { kind: 'user', id: caller.userId },
      address: given.address,
      details: { sessions_ended: ended },
    })
  }

  return {
    async password(caller: Caller, input: Input<typeof putPassword>, address: string): Promise<void> {
      const before = await prove(caller.userId, input, { both: true })
      const user = await deps.users.row(caller.userId)
      const personal = [
        before.mobile && nationalNumber(before.mobile),
        before.email,
        user?.username,
        user?.nickname,
      ]
      if (!(await passwordRules.isStrong(input.password, personal))) throw new AppError('password_weak')
      const hash = await passwords.hash(input.password)
      await db.transaction(async (trx) => {
        await store.updateAccount(trx, caller.userId, {
          password_hash: hash,
          password_changed_ms: clock.now(),
        })
        const endOthers = input.end_other_sessions ?? true
        if (endOthers) await devices.forget(trx, caller.userId)
        await done(trx, caller, { before, notice: 'password_changed', address, endOthers })
      })
    },

    async mobile(caller: Caller, input: Input<typeof putMobile>, address: string): Promise<void> {
      const mobile = parseMobile(input.mobile)
      if (mobile === undefined) throw new AppError('mobile_invalid')
      const before = await prove(caller.userId, input)
      const target = { channel: 'sms', purpose: 'change_mobile', to: mobile, context: caller.userId } as const
      await codes.redeem(target, input.sms_code)
      await refusingDuplicates('uq_account_mobile', 'mobile_taken', () =>
        db.transaction(async (trx) => {
          const holder = await store.findAccountByMobile(trx, mobile)
          if (holder && holder.user_id !== caller.userId) {
            if (!(await store.takeUnprovenMobile(trx, mobile, holder.user_id)))
              throw new AppError('mobile_taken')
            await notices.tell(trx, holder, 'number_taken', 'email')
          }
          await store.updateAccount(trx, caller.userId, { mobile, mobile_proven_ms: clock.now() })
          const endOthers = input.end_other_sessions ?? true
          await done(trx, caller, { before, notice: 'mobile_changed', address, endOthers })
        }),
      )
    },

    async email(caller: Caller, input: Input<typeof putEmail>, address: string): Promise<void> {
      const email = parseEmail(input.email)
      if (email === undefined) throw new AppError('email_invalid')
      const before = await prove(caller.userId, input)
      const key = emailKey(email)
      const target = { channel: 'email', purpose: 'change_email', to: key, context: caller.userId } as const
      await codes.redeem(target, input.email_code)
      await refusingDuplicates('uq_account_email_key', 'email_taken', () =>
        db.transaction(async (trx) => {
          const holder = await store.findAccountByEmail(trx, key)
          if (holder && holder.user_id !== caller.userId) {
            if (holder.email_proven_ms !== null) throw new AppError('email_taken')
            await store.updateAccount(trx, holder.user_id, { email: null, email_key: null })
          }
          await store.updateAccount(trx, caller.userId, {
            email,
            email_key: key,
            email_proven_ms: clock.now(),
          })
          const endOthers = input.end_other_sessions ?? true
          await done(trx, caller, { before, notice: 'email_changed', address, endOthers })
        }),
      )
    },
  }
}

const refusingDuplicates = async (
  index: string,
  code: 'mobile_taken' | 'email_taken',
  write: () => Promise<void>,
): Promise<void> => {
  try {
    await write()
  } catch (error) {
    if (isDuplicate(error, index)) throw new AppError(code, { cause: error })
    throw error
  }
}
