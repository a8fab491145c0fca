/** Owns the second step of signing in: a token of ten minutes for who passed the first, and the four ways to pass it. */
import type { z } from 'zod'
import type { TwoStepMethod, TwoStepRequired, twoStep as endpoint } from '../../contract/passport.ts'
import type { Audit } from '../audit/index.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { secretToken } from '../platform/ids/ids.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { Attempts } from './attempts.ts'
import type { Codes, CodeTarget } from './codes.ts'
import type { Mac } from './mac.ts'
import type { OpenSession } from './open-session.ts'
import type { Passkeys } from './passkeys.ts'
import type { RecoveryCodes } from './recovery-codes.ts'
import { maskMobile } from './rules.ts'
import type { Device, SignedIn } from './sessions.ts'
import * as store from './store.ts'
import type { Totp } from './totp.ts'
import { countRecoveryCodes, passkeysQuery } from './two-step-store.ts'

type TwoStepInput = z.output<NonNullable<typeof endpoint.body>>

const lifeMs = 10 * 60_000
export const twoStepTries = { name: 'two_step', limit: 10, windowMs: 15 * 60_000 }

interface Pending {
  userId: string
  first: 'password' | 'sms'
  /** A change of the password ends what was begun with the one before. */
  changedMs: number | null
}

export type TwoStep = ReturnType<typeof createTwoStep>

interface Deps {
  db: Db
  kv: Kv
  mac: Mac
  attempts: Attempts
  codes: Codes
  totp: Totp
  recoveryCodes: RecoveryCodes
  passkeys: Passkeys
  openSession: OpenSession
  audit: Audit
}

export const createTwoStep = (deps: Deps) => {
  const { db, kv, mac, attempts, codes, totp, recoveryCodes, passkeys, openSession } = deps
  const keyOf = (token: string): string => `two_step:${mac('two-step', token)}`

  const find = async (token: string) => {
    const stored = await kv.get(keyOf(token))
    const pending = stored === undefined ? undefined : (JSON.parse(stored) as Pending)
    const account = pending && (await store.findAccount(db, pending.userId))
    if (!stored || !pending || !account || account.password_changed_ms !== pending.changedMs)
      throw new AppError('two_step_expired')
    return { stored, pending, account }
  }

  const methodsOf = async (account: store.AccountRow, first: Pending['first']): Promise<TwoStepMethod[]> => {
    const userId = account.user_id
    const methods: TwoStepMethod[] = []
    if ((await passkeysQuery(db, userId).execute()).length > 0) methods.push('passkey')
    if (await totp.isOn(userId)) methods.push('totp')
    // A second code to the number that opened the first step would prove nothing new.
    if (first !== 'sms' && account.mobile !== null && account.mobile_proven_ms !== null) methods.push('sms')
    if ((await countRecoveryCodes(db, userId)) > 0) methods.push('recovery_code')
    return methods
  }

  const smsTarget = (token: string, account: store.AccountRow): CodeTarget => ({
    channel: 'sms',
    purpose: 'two_step',
    to: account.mobile ?? '',
    context: mac('two-step', token),
  })

  const check = async (input: TwoStepInput, account: store.AccountRow): Promise<void> => {
    const { method, two_step_token: token } = input
    if (method === 'passkey') {
      if (input.credential === undefined) throw new AppError('params_missing')
      await passkeys.redeem(`two_step:${mac('two-step', token)}`, input.credential, account.user_id)
      return
    }
    const code = input.code?.trim() ?? ''
    if (code === '') throw new AppError('params_missing')
    if (method === 'totp') await totp.redeem(account.user_id, code)
    else if (method === 'sms') await codes.redeem(smsTarget(token, account), code, 'two_step_wrong')
    else if (!(await recoveryCodes.take(db, account.user_id, code))) throw new AppError('two_step_wrong')
  }

  return {
    async begin(
      account: store.AccountRow,
      _device: Device,
      first: Pending['first'],
    ): Promise<TwoStepRequired> {
      const token = secretToken()
      const pending: Pending = { userId: account.user_id, first, changedMs: account.password_changed_ms }
      await kv.set(keyOf(token), JSON.stringify(pending), lifeMs)
      const methods = await methodsOf(account, first)
      return {
        two_step_required: true,
        two_step_token: token,
        methods,
        mobile: methods.includes('sms') && account.mobile !== null ? maskMobile(account.mobile) : null,
      }
    },

    /** Where the SMS of a second step goes. Throws `two_step_expired`, or `two_step_off` where SMS is no way. */
    async smsTarget(token: string): Promise<CodeTarget> {
      const { account, pending } = await find(token)
      if (!(await methodsOf(account, pending.first)).includes('sms')) throw new AppError('two_step_off')
      return smsTarget(token, account)
    },

    async passkeyOptions(token: string) {
      const { account } = await find(token)
      return passkeys.options(`two_step:${mac('two-step', token)}`, account.user_id)
    },

    async complete(input: TwoStepInput, device: Device): Promise<SignedIn> {
      const { stored, pending, account } = await find(input.two_step_token)
      if (!(await methodsOf(account, pending.first)).includes(input.method))
        throw new AppError('two_step_wrong')
      await attempts.demand(twoStepTries, account.user_id)
      await check(input, account).catch(async (error: unknown) => {
        if (error instanceof AppError && error.status < 500)
          await deps.audit.record(db, {
            actorId: null,
            action: 'session.two_step_failed',
            subject: { kind: 'user', id: account.user_id },
            address: device.address,
            details: { method: input.method, error: error.code },
          })
        throw error
      })
      // The token goes with the first success, whatever else is tried beside it.
      if (!(await kv.compareAndDelete(keyOf(input.two_step_token), stored)))
        throw new AppError('two_step_expired')
      await attempts.clear(twoStepTries, account.user_id)
      return openSession(account.user_id, device, {
        how: `${pending.first}+${input.method}`,
        trust: input.remember_device ?? false,
      })
    },
  }
}
