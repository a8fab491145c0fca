/** Owns the passport's use cases as the routes call them; each stands in a file of its own. */
import type { Security } from '../../contract/account.ts'
import type { Me } from '../../contract/user.ts'
import type { Audit } from '../audit/index.ts'
import { AppError, isAppError } from '../platform/errors/app-error.ts'
import type { Db } from '../platform/db/db.ts'
import type { Caller } from '../platform/http/route.ts'
import { isoTime, toUser } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import type { Captcha } from './captcha.ts'
import type { createChanges } from './changes.ts'
import type { createCodeRequests } from './code-requests.ts'
import type { Devices } from './devices.ts'
import type { createExport } from './export.ts'
import type { createOperator } from './operator.ts'
import type { Invites } from './invites.ts'
import type { createLeaving } from './leaving.ts'
import type { OpenSession } from './open-session.ts'
import type { Passkeys } from './passkeys.ts'
import type { CreateAccount, createRegistration, ReadNewAccount } from './register.ts'
import type { createReset } from './reset.ts'
import { maskEmail, maskMobile, nationalNumber } from './rules.ts'
import type { ParseMobile } from './rules.ts'
import type { createSessionList } from './session-list.ts'
import type { Device, Sessions, SignedIn } from './sessions.ts'
import type { createSignIn } from './sign-in.ts'
import type { SigningKeys } from './signing-keys.ts'
import * as store from './store.ts'
import type { Totp } from './totp.ts'
import type { TwoStepSetup } from './two-step-setup.ts'
import type { TwoStep } from './two-step.ts'
import { countRecoveryCodes } from './two-step-store.ts'

export interface PassportParts {
  db: Db
  audit: Audit
  users: UserService
  operator: ReturnType<typeof createOperator>
  parseMobile: ParseMobile
  strict: boolean
  captcha: Captcha
  changes: ReturnType<typeof createChanges>
  codeRequests: ReturnType<typeof createCodeRequests>
  createAccount: CreateAccount
  devices: Devices
  exporting: ReturnType<typeof createExport>
  invites: Invites
  leaving: ReturnType<typeof createLeaving>
  openSession: OpenSession
  passkeys: Passkeys
  readNewAccount: ReadNewAccount
  register: ReturnType<typeof createRegistration>
  reset: ReturnType<typeof createReset>
  sessionList: ReturnType<typeof createSessionList>
  sessions: Sessions
  signIn: ReturnType<typeof createSignIn>
  signingKeys: SigningKeys
  totp: Totp
  twoStep: TwoStep
  twoStepSetup: TwoStepSetup
  close: () => Promise<void>
}

export type PassportService = ReturnType<typeof createPassportService>

export const createPassportService = (parts: PassportParts) => {
  const { db, users, parseMobile, strict, passkeys } = parts
  return {
    ...parts,
    /** For the command line: access tokens are signed by a new key from now on. */
    rotateKeys: parts.signingKeys.rotate,

    /** The number as it is dialled, if it is free; throws `mobile_invalid`, `mobile_taken`. */
    async checkMobile(text: string): Promise<string> {
      if (text.trim() === '') throw new AppError('params_missing')
      const mobile = parseMobile(text)
      if (mobile === undefined) throw new AppError('mobile_invalid')
      if (!strict && (await store.isMobileTaken(db, mobile))) throw new AppError('mobile_taken')
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

    async passkeySignIn(
      id: string,
      credential: Readonly<Record<string, unknown>>,
      device: Device,
    ): Promise<SignedIn> {
      const userId = await passkeys
        .redeem(`sign_in:${id}`, credential, undefined)
        .catch(async (error: unknown) => {
          if (isAppError(error, 'passkey_invalid'))
            await parts.audit.record(db, {
              actorId: null,
              action: 'session.sign_in_failed',
              subject: { kind: 'user', id: null },
              address: device.address,
              details: { how: 'passkey' },
            })
          throw error
        })
      return parts.openSession(userId, device, { how: 'passkey' })
    },

    /** Oneself, with what only oneself may see. */
    async me(userId: string): Promise<Me> {
      const [row, account] = await Promise.all([users.row(userId), store.findAccount(db, userId)])
      if (row === undefined || account === undefined) throw new AppError('unauthenticated')
      return {
        ...toUser(row),
        mobile: account.mobile === null ? null : maskMobile(account.mobile),
        email: account.email === null ? null : maskEmail(account.email),
        birth_date: row.birth_date,
        links: JSON.parse(row.links) as string[],
        two_step: account.two_step === 1,
        create_time: isoTime(row.created_ms),
      }
    },

    async security(caller: Caller): Promise<Security> {
      const { userId } = caller
      const account = await store.findAccount(db, userId)
      if (account === undefined) throw new AppError('unauthenticated')
      return {
        mobile: account.mobile === null ? null : maskMobile(account.mobile),
        mobile_proven: account.mobile_proven_ms !== null,
        email: account.email === null ? null : maskEmail(account.email),
        email_proven: account.email_proven_ms !== null,
        password_changed: account.password_changed_ms === null ? null : isoTime(account.password_changed_ms),
        totp: await parts.totp.isOn(userId),
        recovery_codes_left: await countRecoveryCodes(db, userId),
        passkeys: (await passkeys.listOf(userId)).length,
        remembered_devices: await parts.devices.countTrusted(userId),
        two_step_required: caller.lacksTwoStep ?? false,
      }
    },
  }
}
