/** Owns the use case of signing in by password or SMS code; unknown accounts cost the same and are answered the same. */
import type { z } from 'zod'
import type { login, TwoStepRequired } from '../../contract/passport.ts'
import type { Audit } from '../audit/index.ts'
import { AppError, isAppError } from '../platform/errors/app-error.ts'
import type { Db } from '../platform/db/db.ts'
import type { Captcha } from './captcha.ts'
import type { Codes } from './codes.ts'
import type { Devices } from './devices.ts'
import type { Guard } from './guard.ts'
import type { OpenSession } from './open-session.ts'
import { isOutdated } from './password.ts'
import type { Passwords } from './password.ts'
import { emailKey, parseEmail } from './rules.ts'
import type { ParseMobile } from './rules.ts'
import type { Device, SignedIn } from './sessions.ts'
import * as store from './store.ts'
import type { TwoStep } from './two-step.ts'

export type LoginInput = z.output<NonNullable<typeof login.body>>

interface SignInDeps {
  db: Db
  audit: Audit
  parseMobile: ParseMobile
  captcha: Captcha
  codes: Codes
  passwords: Passwords
  devices: Devices
  guard: Guard
  twoStep: TwoStep
  openSession: OpenSession
}

/** By mobile number, e-mail address or user name; one indexed look-up. */
export const createFindAccount =
  ({ db, parseMobile }: { db: Db; parseMobile: ParseMobile }) =>
  (name: string): Promise<store.AccountRow | undefined> => {
    const mobile = parseMobile(name)
    if (mobile !== undefined) return store.findAccountByMobile(db, mobile)
    const email = parseEmail(name)
    if (email !== undefined) return store.findAccountByEmail(db, emailKey(email))
    return store.findAccountByUsername(db, name.toLowerCase())
  }

export const createSignIn = (deps: SignInDeps) => {
  const { parseMobile, captcha, codes, passwords, devices, guard, twoStep, openSession } = deps
  const findAccount = createFindAccount(deps)

  /** After the first step: a session, or what the second step needs. */
  const goOn = async (
    account: store.AccountRow,
    device: Device,
    trusted: boolean,
    first: 'password' | 'sms',
  ): Promise<SignedIn | TwoStepRequired> =>
    account.two_step === 1 && !trusted
      ? twoStep.begin(account, device, first)
      : openSession(account.user_id, device, { how: first })

  /** Written down for accounts that are not there, too: the same work. */
  const failed = (userId: string | undefined, device: Device, how: 'password' | 'sms'): Promise<void> =>
    deps.audit.record(deps.db, {
      actorId: null,
      action: 'session.sign_in_failed',
      subject: { kind: 'user', id: userId ?? null },
      address: device.address,
      details: { how },
    })

  const byPassword = async (input: LoginInput, device: Device): Promise<SignedIn | TwoStepRequired> => {
    const name = (input.account || input.mobile || '').trim()
    if (name === '' || !input.password) throw new AppError('params_missing')
    const account = await findAccount(name)
    const known = await devices.recognise(account?.user_id, device.token)
    const attempt = {
      subject: account?.user_id ?? `unknown:${(parseMobile(name) ?? name).toLowerCase()}`,
      device: known?.key,
      address: device.address,
      showPicture: async () => {
        if (!input.img_code_id || !input.img_code) throw new AppError('img_code_required')
        await captcha.redeem(input.img_code_id, input.img_code, device.address)
      },
    }
    await guard.admit(attempt)
    if (
      !(await passwords.verify(account?.password_hash || undefined, input.password)) ||
      account === undefined
    ) {
      await guard.failed(attempt)
      await failed(account?.user_id, device, 'password')
      throw new AppError('credentials_wrong')
    }
    await guard.passed(attempt)
    // Parameters grow with time; this is the one moment when the password is known.
    if (isOutdated(account.password_hash))
      await store.updateAccount(deps.db, account.user_id, {
        password_hash: await passwords.hash(input.password),
      })
    return goOn(account, device, known?.trusted ?? false, 'password')
  }

  const bySms = async (input: LoginInput, device: Device): Promise<SignedIn | TwoStepRequired> => {
    const mobile = parseMobile(input.mobile || input.account || '')
    if (mobile === undefined) throw new AppError('mobile_invalid')
    const account = await store.findAccountByMobile(deps.db, mobile)
    const target = { channel: 'sms', purpose: 'login', to: mobile, context: '' } as const
    await codes.redeem(target, input.sms_code ?? '').catch(async (error: unknown) => {
      if (isAppError(error, 'sms_code_wrong')) await failed(account?.user_id, device, 'sms')
      throw error
    })
    // A number that its account never proved is no way in: whoever registered it need not be who has it.
    if (account === undefined || account.mobile_proven_ms === null) throw new AppError('sms_code_wrong')
    const known = await devices.recognise(account.user_id, device.token)
    return goOn(account, device, known?.trusted ?? false, 'sms')
  }

  return (input: LoginInput, device: Device): Promise<SignedIn | TwoStepRequired> =>
    input.sms_code && !input.password ? bySms(input, device) : byPassword(input, device)
}
