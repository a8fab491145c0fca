/** Owns the use case of registering: picture, one transaction, first session. */
import type { z } from 'zod'
import type { register } from '../../contract/passport.ts'
import type { Role } from '../../contract/user.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { isDuplicate } from '../platform/db/db.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Events } from '../platform/events/events.ts'
import { assertUsername } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import type { Captcha } from './captcha.ts'
import type { Passwords } from './password.ts'
import { isPasswordStrong, nationalNumber, parseMobile } from './rules.ts'
import type { Device, OpenSession, Sessions } from './sessions.ts'
import * as store from './store.ts'

export interface NewAccount {
  mobile: string
  password: string
  username: string | undefined
  nickname: string | undefined
  role: Role
}

export interface RegisterDeps {
  db: Db
  clock: Clock
  users: UserService
  sessions: Sessions
  passwords: Passwords
  events: Events
}

export type CreateAccount = ReturnType<typeof createAccountCreation>

/** Makes an account with its user and first session: all of it or nothing. `also` runs in the same transaction. */
export const createAccountCreation =
  ({ db, clock, users, sessions, passwords, events }: RegisterDeps) =>
  async (
    given: NewAccount,
    device: Device,
    also?: (trx: Parameters<Parameters<Db['transaction']>[0]>[0]) => Promise<void>,
  ): Promise<OpenSession> => {
    const passwordHash = await passwords.hash(given.password)
    try {
      return await db.transaction(async (trx) => {
        await also?.(trx)
        const userId = await users.create(trx, given)
        await store.insertAccount(trx, {
          user_id: userId,
          mobile: given.mobile,
          mobile_proven_ms: null,
          password_hash: passwordHash,
          created_ms: clock.now(),
        })
        await events.append(trx, { type: 'user.registered', payload: { user_id: userId } })
        return sessions.open(trx, userId, device)
      })
    } catch (error) {
      // The unique index decides: of any number of parallel registrations one gets through.
      if (isDuplicate(error, 'uq_account_mobile')) throw mobileTaken(error)
      throw error
    }
  }

export type RegisterInput = z.output<NonNullable<typeof register.body>>

/** Checks what was typed before the picture is spent; throws the contract's `mobile_invalid`, `password_weak`, … */
export const readNewAccount = (
  input: Pick<RegisterInput, 'mobile' | 'password' | 'username' | 'nickname'>,
): Omit<NewAccount, 'role'> => {
  if ([input.mobile, input.password].some((value) => value.trim() === ''))
    throw new AppError('params_missing')
  const mobile = parseMobile(input.mobile)
  if (mobile === undefined) throw new AppError('mobile_invalid')
  const username = input.username || undefined
  if (username !== undefined) assertUsername(username)
  if (!isPasswordStrong(input.password, [nationalNumber(mobile), username, input.nickname])) {
    throw new AppError('password_weak')
  }
  return { mobile, password: input.password, username, nickname: input.nickname || undefined }
}

export const createRegistration =
  (deps: {
    db: Db
    captcha: Captcha
    createAccount: CreateAccount
    registration: () => Promise<'open' | 'closed'>
  }) =>
  async (input: RegisterInput, device: Device): Promise<OpenSession> => {
    if ((await deps.registration()) === 'closed') throw new AppError('registration_closed')
    if (input.img_code.trim() === '') throw new AppError('params_missing')
    const account = readNewAccount(input)
    await deps.captcha.redeem(input.img_code_id, input.img_code, device.address)
    // Saves a hash; what decides is the unique index.
    if (await store.isMobileTaken(deps.db, account.mobile)) throw mobileTaken()
    return deps.createAccount({ ...account, role: 'user' }, device)
  }

const mobileTaken = (cause?: unknown): AppError =>
  new AppError('mobile_taken', { cause, details: [{ field: 'mobile', error: 'mobile_taken', msg: '' }] })
