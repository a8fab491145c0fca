/** Owns the passport's use cases as the routes call them; the longer ones stand in files of their own. */
import type { Me } from '../../contract/user.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { isoTime, toUser } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import type { Db } from '../platform/db/db.ts'
import { maskMobile, nationalNumber, parseMobile } from './rules.ts'
import type { Captcha } from './captcha.ts'
import type { CreateAccount } from './register.ts'
import { createRegistration } from './register.ts'
import type { Sessions } from './sessions.ts'
import type { createSignIn } from './sign-in.ts'
import * as store from './store.ts'

export interface PassportParts {
  db: Db
  users: UserService
  captcha: Captcha
  sessions: Sessions
  createAccount: CreateAccount
  signIn: ReturnType<typeof createSignIn>
}

export type PassportService = ReturnType<typeof createPassportService>

export const createPassportService = (
  parts: PassportParts,
  registration: () => Promise<'open' | 'closed'>,
) => {
  const { db, users, captcha, sessions, createAccount, signIn } = parts
  return {
    captcha,
    sessions,
    signIn,
    createAccount,
    register: createRegistration({ db, captcha, createAccount, registration }),

    /** The number as it is dialled, if it is free; throws `mobile_invalid`, `mobile_taken`. */
    async checkMobile(text: string): Promise<string> {
      if (text.trim() === '') throw new AppError('params_missing')
      const mobile = parseMobile(text)
      if (mobile === undefined) throw new AppError('mobile_invalid')
      if (await store.isMobileTaken(db, mobile)) throw new AppError('mobile_taken')
      return nationalNumber(mobile)
    },

    /** Mobile numbers as an administrator sees them: masked. One query for a page. */
    async maskedMobiles(userIds: readonly string[]): Promise<Map<string, string>> {
      const accounts = await store.findAccounts(db, userIds)
      return new Map(
        accounts.flatMap(({ user_id: id, mobile }) => (mobile === null ? [] : [[id, maskMobile(mobile)]])),
      )
    },

    /** Whose number this is, or whose ends in these four digits; the newest 20. */
    async idsByMobile(text: string): Promise<string[]> {
      const mobile = parseMobile(text)
      if (mobile !== undefined) {
        const account = await store.findAccountByMobile(db, mobile)
        return account ? [account.user_id] : []
      }
      if (!/^[0-9]{4}$/.test(text)) return []
      return (await store.mobileTailQuery(db, text, 20).execute()).map((row) => row.user_id)
    },

    /** Oneself, with what only oneself may see. */
    async me(userId: string): Promise<Me> {
      const [row, account] = await Promise.all([users.row(userId), store.findAccount(db, userId)])
      if (row === undefined || account === undefined) throw new AppError('unauthenticated')
      return {
        ...toUser(row),
        mobile: account.mobile === null ? null : maskMobile(account.mobile),
        email: null,
        birth_date: row.birth_date,
        links: JSON.parse(row.links) as string[],
        two_step: false,
        create_time: isoTime(row.created_ms),
      }
    },
  }
}
