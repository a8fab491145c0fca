/** The passport: who may call, and how one gets and proves an account. */
import type { Audit } from '../audit/index.ts'
import type { Config } from '../config/load.ts'
import type { Secrets } from '../config/secrets.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import type { Authenticate } from '../platform/http/route.ts'
import type { Jobs } from '../platform/jobs/jobs.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { Log } from '../platform/log/log.ts'
import type { Mail } from '../platform/mail/mail.ts'
import type { Sms } from '../platform/sms/sms.ts'
import type { UserService } from '../user/index.ts'
import { bearerOf } from './bearer.ts'
import { createAttempts } from './attempts.ts'
import { createCaptcha } from './captcha.ts'
import { createChanges } from './changes.ts'
import { createCodeRequests } from './code-requests.ts'
import { createCodes } from './codes.ts'
import { createDevices } from './devices.ts'
import { createExport } from './export.ts'
import { createGuard } from './guard.ts'
import { createInvites } from './invites.ts'
import { createLeaving } from './leaving.ts'
import { createMac } from './mac.ts'
import { createMessages } from './messages.ts'
import { createNotices } from './notices.ts'
import { createOpenSession } from './open-session.ts'
import { createPasskeys } from './passkeys.ts'
import { createPasswordRules } from './password-rules.ts'
import { createPasswords } from './password.ts'
import { createProve } from './proof.ts'
import { createRecoveryCodes } from './recovery-codes.ts'
import { createAccountCreation, createReadNewAccount, createRegistration } from './register.ts'
import type { RegistrationPolicy } from './register.ts'
import { createReset } from './reset.ts'
import { createParseMobile } from './rules.ts'
import { createSeal } from './seal.ts'
import { createPassportService } from './service.ts'
import type { PassportService } from './service.ts'
import { createSessionList } from './session-list.ts'
import type { EndPublishing } from './session-list.ts'
import { createSessions } from './sessions.ts'
import { createFindAccount, createSignIn } from './sign-in.ts'
import { createSigningKeys } from './signing-keys.ts'
import { createTokens } from './tokens.ts'
import { createTotp } from './totp.ts'
import { createTwoStepSetup } from './two-step-setup.ts'
import { createTwoStep } from './two-step.ts'
import { startUpkeep } from './upkeep.ts'

export { createSeal } from './seal.ts'
export { mountAccountRoutes } from './account-routes.ts'
export { createAnswerSession } from './answer.ts'
export type { AnswerSession } from './answer.ts'
export { mountAvatarRoute } from './avatar-routes.ts'
export { createSetAvatar } from './avatar.ts'
import { createOperator } from './operator.ts'
export type { Staff } from './operator.ts'
export type { ExportSource } from './export.ts'
export { mountPassportRoutes } from './routes.ts'
export type { PassportService } from './service.ts'

interface Deps {
  config: Pick<
    Config,
    | 'registration'
    | 'registrationProof'
    | 'registrationIdentity'
    | 'captchaAnswer'
    | 'phoneCountries'
    | 'strictEnumeration'
    | 'staffNeedsTwoStep'
    | 'breachedPasswordsFile'
    | 'smsDailyBudget'
    | 'registrationsPerDay'
    | 'rateLimits'
    | 'siteName'
    | 'publicUrl'
    | 'httpPort'
  >
  secrets: Secrets
  db: Db
  kv: Kv
  jobs: Jobs
  events: Events
  audit: Audit
  users: UserService
  sms: Sms
  mail: Mail
  endPublishing: EndPublishing
  deletePicture: (key: string) => Promise<void>
  clock: Clock
  log: Log
  /** Who may register now. What the config says where it is not given. */
  registration?: () => Promise<RegistrationPolicy>
}

export const createPassport = (deps: Deps): PassportService => {
  const { config, secrets, db, kv, jobs, events, audit, users, clock, log, endPublishing } = deps
  const { siteName, publicUrl } = config
  const parseMobile = createParseMobile(config.phoneCountries)
  const macFor = (use: string) => createMac(secrets.keyFor(`passport/${use}`))
  const sealFor = (use: string) => createSeal(secrets.keyFor(`passport/${use}`))

  const captcha = createCaptcha({ kv, fixedAnswer: config.captchaAnswer })
  // Two hashes at once leave a core free; a hundred waiting are about one second of work.
  const passwords = createPasswords({ running: 2, waiting: 100 })
  const fixedPolicy = { mode: config.registration, identity: config.registrationIdentity }
  const { registration = async () => fixedPolicy } = deps
  const passwordRules = createPasswordRules(config.breachedPasswordsFile)
  const attempts = createAttempts({ db, clock, mac: macFor('attempts') })
  const siteUrl = (): string => publicUrl ?? `http://localhost:${config.httpPort}`
  const messages = createMessages({ ...deps, siteName, publicUrl: siteUrl })
  const notices = createNotices({ jobs, messages, seal: sealFor('notices') })
  const codes = createCodes({
    kv,
    attempts,
    messages,
    mac: macFor('codes'),
    limitsSending: config.rateLimits,
    dailyBudget: config.smsDailyBudget,
  })
  const signingKeys = createSigningKeys({
    db,
    clock,
    seal: sealFor('signing'),
    first: secrets.keyFor('access-token'),
    audit,
  })
  const tokens = createTokens({ secrets, keys: signingKeys, clock })
  const sessions = createSessions({
    db,
    clock,
    tokens,
    log,
    audit,
    staffNeedsTwoStep: config.staffNeedsTwoStep,
  })
  const devices = createDevices({ db, clock, mac: macFor('devices') })
  const openSession = createOpenSession({ db, users, devices, sessions, audit })
  const totp = createTotp({ db, clock, seal: sealFor('totp'), siteName })
  const recoveryCodes = createRecoveryCodes({ mac: macFor('recovery') })
  const passkeys = createPasskeys({ db, kv, clock, log, siteName, publicUrl })
  const prove = createProve({ db, attempts, audit, passwords, totp })
  const identityMac = macFor('identity')
  const createAccount = createAccountCreation({
    ...{ db, clock, users, sessions, devices, passwords },
    events,
    audit,
    notices,
    identityMac,
  })
  const readNewAccount = createReadNewAccount({ parseMobile, passwordRules })
  const invites = createInvites({
    db,
    clock,
    mac: macFor('invites'),
    audit,
    cursorSecret: secrets.keyFor('cursor').reveal(),
  })
  const register = createRegistration({
    db,
    attempts,
    captcha,
    codes,
    invites,
    users,
    readNewAccount,
    createAccount,
    config,
    registration,
  })
  const twoStep = createTwoStep({
    db,
    kv,
    mac: macFor('two-step'),
    attempts,
    codes,
    totp,
    recoveryCodes,
    passkeys,
    openSession,
    audit,
  })
  const guard = createGuard({ kv, clock, limitsAddresses: config.rateLimits })
  const signIn = createSignIn({
    db,
    audit,
    parseMobile,
    captcha,
    codes,
    passwords,
    devices,
    guard,
    twoStep,
    openSession,
  })
  const shared = {
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
    users,
  }
  const stopUpkeep = startUpkeep({ log, work: [attempts.prune, sessions.prune, devices.prune] })
  return createPassportService({
    db,
    audit,
    users,
    operator: createOperator({ db, clock, users, audit, parseMobile, passwordRules }),
    parseMobile,
    strict: config.strictEnumeration,
    captcha,
    changes: createChanges(shared),
    codeRequests: createCodeRequests({
      ...{ db, log, captcha, codes, messages, parseMobile, twoStep },
      strict: config.strictEnumeration,
      registrationIsClosed: async () => (await registration()).mode === 'closed',
    }),
    createAccount,
    devices,
    exporting: createExport({ db, clock, users, sessions, passkeys, audit }),
    invites,
    leaving: createLeaving({
      ...shared,
      jobs,
      events,
      endPublishing,
      identityMac,
      deletePicture: deps.deletePicture,
    }),
    openSession,
    passkeys,
    readNewAccount,
    register,
    reset: createReset({
      ...shared,
      ...{ kv, log, attempts, captcha, endPublishing, messages, mac: macFor('reset') },
      findAccount: createFindAccount({ db, parseMobile }),
    }),
    sessionList: createSessionList({ db, audit, devices, endPublishing, sessions }),
    sessions,
    signIn,
    signingKeys,
    totp,
    twoStep,
    twoStepSetup: createTwoStepSetup({
      db,
      clock,
      attempts,
      audit,
      devices,
      notices,
      passkeys,
      prove,
      recoveryCodes,
      totp,
    }),
    async close() {
      stopUpkeep()
      await guard.close()
    },
  })
}

export const createAuthenticate =
  (passport: PassportService): Authenticate =>
  async (request) => {
    const token = bearerOf(request.headers.authorization)
    return token === undefined ? undefined : passport.sessions.caller(token)
  }
