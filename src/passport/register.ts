/** Owns the use case of registering: picture or code, invitation, one transaction, first session. */
import type { z } from 'zod'
import type { ErrorCode, ErrorDetail } from '../../contract/errors.ts'
import type { register } from '../../contract/passport.ts'
import type { Role } from '../../contract/user.ts'
import type { Audit } from '../audit/index.ts'
import type { Config } from '../config/load.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { isDuplicate } from '../platform/db/db.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Events } from '../platform/events/events.ts'
import { assertUsername } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import type { Attempts } from './attempts.ts'
import type { Captcha } from './captcha.ts'
import type { Codes } from './codes.ts'
import type { Devices } from './devices.ts'
import type { Invites } from './invites.ts'
import type { Mac } from './mac.ts'
import type { NoticeBoard } from './notices.ts'
import type { PasswordRules } from './password-rules.ts'
import type { Passwords } from './password.ts'
import { emailKey, nationalNumber, parseEmail } from './rules.ts'
import type { ParseMobile } from './rules.ts'
import type { Device, Sessions, SignedIn } from './sessions.ts'
import * as store from './store.ts'

export interface NewAccount {
  mobile?: string | undefined
  mobileProven?: boolean
  email?: string | undefined
  emailProven?: boolean
  password: string
  username: string | undefined
  nickname: string | undefined
  role: Role
}

export interface CreationDeps {
  db: Db
  clock: Clock
  users: UserService
  sessions: Sessions
  devices: Devices
  passwords: Passwords
  events: Events
  audit: Audit
  notices: NoticeBoard
  identityMac: Mac
}

export type CreateAccount = ReturnType<typeof createAccountCreation>

/** Makes an account with its user and first session: all of it or nothing. `also` runs in the same transaction. */
export const createAccountCreation = (deps: CreationDeps) => {
  const { db, clock, users, sessions, devices, passwords, events, audit, notices, identityMac } = deps

  /** Whoever proves a number takes it from an account that never did; that account is told. */
  const takeOver = async (trx: Transaction, given: NewAccount): Promise<void> => {
    if (given.mobile !== undefined && given.mobileProven) {
      const before = await store.findAccountByMobile(trx, given.mobile)
      if (before && (await store.takeUnprovenMobile(trx, given.mobile, before.user_id))) {
        await notices.tell(trx, before, 'number_taken', 'email')
        await audit.record(trx, {
          actorId: null,
          action: 'account.number_taken',
          subject: { kind: 'user', id: before.user_id },
          address: null,
        })
      }
    }
    if (given.email !== undefined && given.emailProven) {
      const before = await store.findAccountByEmail(trx, emailKey(given.email))
      if (before?.email_proven_ms === null)
        await store.updateAccount(trx, before.user_id, { email: null, email_key: null })
    }
  }

  return async (
    given: NewAccount,
    device: Device,
    also?: (trx: Transaction) => Promise<void>,
  ): Promise<SignedIn> => {
    for (const identity of [given.mobile, given.email && emailKey(given.email)]) {
      if (identity && (await store.isBannedIdentity(db, identityMac('tombstone', identity))))
        throw new AppError('user_banned')
    }
    const passwordHash = await passwords.hash(given.password)
    try {
      const { session, deviceToken } = await db.transaction(async (trx) => {
        await also?.(trx)
        await takeOver(trx, given)
        const userId = await users.create(trx, given)
        const nowMs = clock.now()
        await store.insertAccount(trx, {
          user_id: userId,
          mobile: given.mobile ?? null,
          mobile_proven_ms: given.mobileProven ? nowMs : null,
          email: given.email ?? null,
          email_key: given.email === undefined ? null : emailKey(given.email),
          email_proven_ms: given.emailProven ? nowMs : null,
          password_hash: passwordHash,
          password_changed_ms: null,
          two_step: 0,
          delete_due_ms: null,
          created_ms: nowMs,
        })
        await audit.record(trx, {
          actorId: userId,
          action: 'user.registered',
          subject: { kind: 'user', id: userId },
          address: device.address,
          details: {
            mobile_proven: given.mobileProven ?? false,
            email_proven: given.emailProven ?? false,
            role: given.role,
          },
        })
        const deviceToken = await devices.remember(trx, userId, device.token, false)
        const session = await sessions.open(trx, userId, device)
        await events.append(trx, { type: 'user.registered', payload: { user_id: userId } })
        return { session, deviceToken }
      })
      return { ...(await sessions.issue(session)), deviceToken }
    } catch (error) {
      // The unique index decides: of any number of parallel registrations one gets through.
      if (isDuplicate(error, 'uq_account_mobile')) throw wrongField('mobile', 'mobile_taken', error)
      if (isDuplicate(error, 'uq_account_email_key')) throw wrongField('email', 'email_taken', error)
      throw error
    }
  }
}

export type RegisterInput = z.output<NonNullable<typeof register.body>>

export interface ReadDeps {
  parseMobile: ParseMobile
  passwordRules: PasswordRules
}

export type ReadNewAccount = ReturnType<typeof createReadNewAccount>

/** Checks what was typed before anything is spent; throws the contract's `mobile_invalid`, `password_weak`, … */
export const createReadNewAccount =
  ({ parseMobile, passwordRules }: ReadDeps) =>
  async (
    input: Pick<RegisterInput, 'mobile' | 'email' | 'password' | 'username' | 'nickname'>,
  ): Promise<Omit<NewAccount, 'role'> & { password: string }> => {
    const password = input.password ?? ''
    const mobile =
      input.mobile === undefined || input.mobile.trim() === '' ? undefined : parseMobile(input.mobile)
    if (input.mobile !== undefined && input.mobile.trim() !== '' && mobile === undefined)
      throw new AppError('mobile_invalid')
    const email = input.email ? parseEmail(input.email) : undefined
    if (input.email && email === undefined) throw new AppError('email_invalid')
    const username = input.username || undefined
    if (username !== undefined) assertUsername(username)
    const personal = [mobile && nationalNumber(mobile), email, username, input.nickname]
    if (!(await passwordRules.isStrong(password, personal))) throw new AppError('password_weak')
    return {
      mobile,
      mobileProven: false,
      email,
      emailProven: false,
      password,
      username,
      nickname: input.nickname || undefined,
    }
  }

/** Who may register now, and with what. */
export interface RegistrationPolicy {
  mode: Config['registration']
  identity: Config['registrationIdentity']
}

interface RegistrationDeps {
  db: Db
  attempts: Attempts
  captcha: Captcha
  codes: Codes
  invites: Invites
  users: UserService
  readNewAccount: ReadNewAccount
  createAccount: CreateAccount
  config: Pick<Config, 'registrationProof' | 'registrationsPerDay' | 'rateLimits'>
  registration: () => Promise<RegistrationPolicy>
}

export const createRegistration = (deps: RegistrationDeps) => {
  const { db, attempts, captcha, codes, invites, users, config } = deps
  const perDay = { name: 'register.day', limit: config.registrationsPerDay, windowMs: 24 * 3600_000 }

  /** What is left out, in the order of the form. */
  const missingOf = (input: RegisterInput, identity: RegistrationPolicy['identity']): string[] => {
    const { registrationProof } = config
    const byEmail =
      identity === 'email' || (identity === 'either' && !input.mobile?.trim() && Boolean(input.email))
    const proofs =
      registrationProof === 'captcha' ? ['img_code_id', 'img_code'] : [byEmail ? 'email_code' : 'sms_code']
    const fields = [byEmail ? 'email' : 'mobile', 'password', ...proofs] as (keyof RegisterInput)[]
    return fields.filter((field) => String(input[field] ?? '').trim() === '')
  }

  const prove = async (input: RegisterInput, account: NewAccount, address: string): Promise<void> => {
    if (config.registrationProof === 'captcha')
      return captcha.redeem(input.img_code_id ?? '', input.img_code ?? '', address)
    const base = { purpose: 'register', context: '' } as const
    if (account.mobile !== undefined) {
      await codes.redeem({ ...base, channel: 'sms', to: account.mobile }, input.sms_code ?? '')
      account.mobileProven = true
    } else {
      await codes.redeem(
        { ...base, channel: 'email', to: emailKey(account.email ?? '') },
        input.email_code ?? '',
      )
      account.emailProven = true
    }
  }

  return async (input: RegisterInput, device: Device): Promise<SignedIn> => {
    const { mode, identity } = await deps.registration()
    if (mode === 'closed') throw new AppError('registration_closed')
    const missing = missingOf(input, identity)
    if (missing.length > 0) {
      const details = missing.map((field): ErrorDetail => ({ field, error: 'missing', msg: '' }))
      throw new AppError('params_missing', { details })
    }
    const account: NewAccount = {
      ...(await deps.readNewAccount(identitiesOf(input, identity))),
      role: 'user',
    }
    if (mode === 'invite') await invites.assertUsable(input.invite)
    // Told before the code is spent, so that another name needs no other code; what decides is the unique index.
    if (account.username !== undefined && (await users.isUsernameTaken(account.username)))
      throw new AppError('username_taken')
    await prove(input, account, device.address)
    if (account.mobile !== undefined && (await isTaken(db, account)))
      throw wrongField('mobile', 'mobile_taken')
    return deps.createAccount(account, device, async (trx) => {
      if (config.rateLimits) await attempts.demandIn(trx, perDay, '')
      if (mode === 'invite') await invites.use(trx, input.invite)
    })
  }
}

/** What the site does not register by is left out. */
const identitiesOf = (input: RegisterInput, identity: RegistrationPolicy['identity']): RegisterInput => ({
  ...input,
  mobile: identity === 'email' ? undefined : input.mobile,
})

const isTaken = async (db: Db, account: NewAccount): Promise<boolean> => {
  const row = await store.findAccountByMobile(db, account.mobile ?? '')
  return row !== undefined && !(account.mobileProven && row.mobile_proven_ms === null)
}

const wrongField = (field: string, code: ErrorCode, cause?: unknown): AppError =>
  new AppError(code, { cause, details: [{ field, error: code, msg: '' }] })
