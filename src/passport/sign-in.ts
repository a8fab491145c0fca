/** Owns the use case of signing in: attempts are counted before anything is compared, unknown accounts cost the same. */
import type { z } from 'zod'
import type { login } from '../../contract/passport.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { UserService } from '../user/index.ts'
import type { Captcha } from './captcha.ts'
import type { Passwords } from './password.ts'
import { parseMobile } from './rules.ts'
import type { Device, OpenSession, Sessions } from './sessions.ts'
import * as store from './store.ts'

export type LoginInput = z.output<NonNullable<typeof login.body>>

const attemptWindowMs = 15 * 60_000
/** After these a picture is asked for, */
const freeAttempts = 3
/** and after so many that were compared nothing helps until the window is over. */
const mostAttempts = 20

const comparedKey = (key: string): string => `${key}:compared`

interface SignInDeps {
  db: Db
  kv: Kv
  users: UserService
  captcha: Captcha
  passwords: Passwords
  sessions: Sessions
}

export const createSignIn = (deps: SignInDeps) => {
  const { db, kv, users, captcha, passwords, sessions } = deps

  const findAccount = (name: string): Promise<store.AccountRow | undefined> => {
    const mobile = parseMobile(name)
    return mobile === undefined
      ? store.findAccountByUsername(db, name.toLowerCase())
      : store.findAccountByMobile(db, mobile)
  }

  /** Counts per account, not per address, so that many addresses guess no more than one. */
  const countAttempt = async (key: string, input: LoginInput, address: string): Promise<void> => {
    if ((await kv.incr(key, attemptWindowMs)) > freeAttempts) {
      if (!input.img_code_id || !input.img_code) throw new AppError('img_code_required')
      await captcha.redeem(input.img_code_id, input.img_code, address)
    }
    // Counted apart: who brings no picture could shut the owner out for nothing.
    const compared = await kv.incr(comparedKey(key), attemptWindowMs)
    if (compared > mostAttempts) throw new AppError('rate_limited', { retryAfterS: attemptWindowMs / 1000 })
  }

  return async (input: LoginInput, device: Device): Promise<OpenSession> => {
    const name = (input.account || input.mobile || '').trim()
    if (name === '' || !input.password) throw new AppError('params_missing')
    const key = `login_attempts:${(parseMobile(name) ?? name).toLowerCase()}`
    await countAttempt(key, input, device.address)
    const account = await findAccount(name)
    if (!(await passwords.verify(account?.password_hash, input.password)) || account === undefined) {
      throw new AppError('credentials_wrong')
    }
    if ((await users.row(account.user_id))?.banned_ms != null) throw new AppError('user_banned')
    await kv.delete(key)
    await kv.delete(comparedKey(key))
    return sessions.open(db, account.user_id, device)
  }
}
