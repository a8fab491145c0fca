/** The passport: who may call, and how one gets and proves an account. */
import type { Config } from '../config/load.ts'
import type { Secrets } from '../config/secrets.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import type { Authenticate } from '../platform/http/route.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { Log } from '../platform/log/log.ts'
import type { UserService } from '../user/index.ts'
import { createCaptcha } from './captcha.ts'
import { createPasswords } from './password.ts'
import { createAccountCreation } from './register.ts'
import { bearerOf } from './routes.ts'
import { createPassportService } from './service.ts'
import type { PassportService } from './service.ts'
import { createSessions } from './sessions.ts'
import { createSignIn } from './sign-in.ts'
import { createTokens } from './tokens.ts'

export { createAnswerSession } from './answer.ts'
export type { AnswerSession } from './answer.ts'
export { mountAvatarRoute } from './avatar-routes.ts'
export { createSetAvatar } from './avatar.ts'
export { createOperator } from './operator.ts'
export type { Staff } from './operator.ts'
export { mountPassportRoutes } from './routes.ts'
export { readNewAccount } from './register.ts'
export type { PassportService } from './service.ts'

interface Deps {
  config: Pick<Config, 'registration' | 'captchaAnswer'>
  secrets: Secrets
  db: Db
  kv: Kv
  events: Events
  users: UserService
  clock: Clock
  log: Log
  /** May somebody register now? What the config says where it is not given. */
  registration?: () => Promise<'open' | 'closed'>
}

export const createPassport = (deps: Deps): PassportService => {
  const { config, secrets, db, kv, events, users, clock, log } = deps
  const captcha = createCaptcha({ kv, fixedAnswer: config.captchaAnswer })
  // Two hashes at once leave a core free; a hundred waiting are about one second of work.
  const passwords = createPasswords({ running: 2, waiting: 100 })
  const tokens = createTokens({ secrets, clock })
  const sessions = createSessions({ db, clock, tokens, log })
  const createAccount = createAccountCreation({ db, clock, users, sessions, passwords, events })
  const signIn = createSignIn({ db, kv, users, captcha, passwords, sessions })
  const { registration = async () => config.registration } = deps
  return createPassportService({ db, users, captcha, sessions, createAccount, signIn }, registration)
}

export const createAuthenticate =
  (passport: PassportService): Authenticate =>
  async (request) => {
    const token = bearerOf(request)
    return token === undefined ? undefined : passport.sessions.caller(token)
  }
