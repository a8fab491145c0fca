/** Owns setting a new password without the old one: the same answer for everybody, no way around the second step. */
import type { z } from 'zod'
import type { resetConfirm, resetRequest } from '../../contract/passport.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Language } from '../platform/http/language.ts'
import { secretToken } from '../platform/ids/ids.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { Log } from '../platform/log/log.ts'
import type { UserService } from '../user/index.ts'
import type { Attempts } from './attempts.ts'
import type { Captcha } from './captcha.ts'
import type { Codes } from './codes.ts'
import type { Devices } from './devices.ts'
import type { Mac } from './mac.ts'
import type { Messages } from './messages.ts'
import type { NoticeBoard } from './notices.ts'
import type { PasswordRules } from './password-rules.ts'
import type { Passwords } from './password.ts'
import { emailKey, nationalNumber, parseEmail } from './rules.ts'
import type { ParseMobile } from './rules.ts'
import type { Sessions } from './sessions.ts'
import type { EndPublishing } from './session-list.ts'
import * as store from './store.ts'

const linkLifeMs = 30 * 60_000
const linkTries = { name: 'reset.link', limit: 30, windowMs: 15 * 60_000 }

type RequestInput = z.output<NonNullable<typeof resetRequest.body>>
type ConfirmInput = z.output<NonNullable<typeof resetConfirm.body>>

interface Deps {
  db: Db
  kv: Kv
  clock: Clock
  log: Log
  mac: Mac
  attempts: Attempts
  audit: Audit
  captcha: Captcha
  codes: Codes
  devices: Devices
  endPublishing: EndPublishing
  findAccount: (name: string) => Promise<store.AccountRow | undefined>
  messages: Messages
  notices: NoticeBoard
  parseMobile: ParseMobile
  passwordRules: PasswordRules
  passwords: Passwords
  sessions: Sessions
  users: UserService
}

export const createReset = (deps: Deps) => {
  const { db, kv, clock, log, mac, attempts, audit, captcha, codes, findAccount, messages, parseMobile } =
    deps
  const linkKey = (token: string): string => `reset:${mac('reset', token)}`

  const send = async (name: string, address: string, language: Language): Promise<void> => {
    const account = await findAccount(name)
    if (account === undefined || account.password_hash === '') return
    const byMail =
      parseEmail(name) !== undefined || (account.mobile_proven_ms === null && account.email !== null)
    if (byMail && account.email !== null && account.email_proven_ms !== null) {
      const giveBack = await codes.reserve({ channel: 'email', to: emailKey(account.email) }, address)
      const token = secretToken()
      try {
        await messages.resetLink(account.email, token, language)
      } catch (error) {
        await giveBack()
        throw error
      }
      const bound = JSON.stringify({ userId: account.user_id, changedMs: account.password_changed_ms })
      await kv.set(linkKey(token), bound, linkLifeMs)
    } else if (!byMail && account.mobile !== null && account.mobile_proven_ms !== null) {
      const target = smsTarget(account)
      await codes.send(target, await codes.reserve(target, address), language)
    }
  }

  const smsTarget = (account: store.AccountRow) =>
    ({
      channel: 'sms',
      purpose: 'reset_password',
      to: account.mobile ?? '',
      context: account.user_id,
    }) as const

  /** Whose proof it is, and how it is used up. */
  const findSubject = async (
    input: ConfirmInput,
  ): Promise<{ account: store.AccountRow; use: () => Promise<void> }> => {
    const invalid = (): AppError => new AppError('reset_code_invalid')
    if (input.token) {
      const stored = await kv.get(linkKey(input.token))
      const bound =
        stored === undefined
          ? undefined
          : (JSON.parse(stored) as { userId: string; changedMs: number | null })
      const account = bound && (await store.findAccount(db, bound.userId))
      if (!stored || !bound || account?.password_changed_ms !== bound.changedMs) throw invalid()
      return {
        account,
        use: async () => {
          if (!(await kv.compareAndDelete(linkKey(input.token ?? ''), stored))) throw invalid()
        },
      }
    }
    const account = await findAccount((input.account ?? '').trim())
    const isThere = account !== undefined && account.mobile !== null && account.mobile_proven_ms !== null
    const target = isThere
      ? smsTarget(account)
      : ({ channel: 'sms', purpose: 'reset_password', to: input.account ?? '', context: 'nobody' } as const)
    if (!isThere) {
      await codes.redeem(target, input.sms_code ?? '', 'reset_code_invalid')
      throw invalid()
    }
    return { account, use: () => codes.redeem(target, input.sms_code ?? '', 'reset_code_invalid') }
  }

  return {
    /** Answers before it looks: what it finds, and how long sending takes, shows in nothing. */
    async request(input: RequestInput, address: string, language: Language): Promise<void> {
      const name = input.account.trim()
      if (name === '') throw new AppError('params_missing')
      await captcha.redeem(input.img_code_id, input.img_code, address)
      messages.assertUp(parseEmail(name) === undefined || parseMobile(name) !== undefined ? 'sms' : 'email')
      setImmediate(() => {
        send(name, address, language).catch((error: unknown) => {
          if (!(error instanceof AppError)) log.error({ err: error }, 'a reset could not be sent')
        })
      })
    },

    /** Ends all sessions, publications and remembered devices; signs nobody in. */
    async confirm(input: ConfirmInput, address: string): Promise<void> {
      if (!input.password || (!input.token && !(input.account && input.sms_code)))
        throw new AppError('params_missing')
      await attempts.demand(linkTries, address)
      // Said before anybody is looked for, so that it says nothing of who is there; the owner's words come last.
      if (!(await deps.passwordRules.isStrong(input.password, []))) throw new AppError('password_weak')
      const { account, use } = await findSubject(input)
      await use()
      const user = await deps.users.row(account.user_id)
      const personal = [
        account.mobile && nationalNumber(account.mobile),
        account.email,
        user?.username,
        user?.nickname,
      ]
      if (!(await deps.passwordRules.isStrong(input.password, personal))) throw new AppError('password_weak')
      const hash = await deps.passwords.hash(input.password)
      await db.transaction(async (trx) => {
        await store.updateAccount(trx, account.user_id, {
          password_hash: hash,
          password_changed_ms: clock.now(),
        })
        const ended = await deps.sessions.revokeAllOf(trx, account.user_id)
        await deps.devices.forget(trx, account.user_id)
        await deps.endPublishing(trx, account.user_id)
        await deps.notices.tell(trx, account, 'password_changed')
        await audit.record(trx, {
          actorId: null,
          action: 'account.password_reset',
          subject: { kind: 'user', id: account.user_id },
          address,
          details: { by: input.token ? 'email' : 'sms', sessions_ended: ended },
        })
      })
    },
  }
}
