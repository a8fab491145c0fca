/** Owns accounts as commands need them: the product's own services on the database, without its processes. */
import { errorCodes } from '../../contract/errors.ts'
import type { Role } from '../../contract/user.ts'
import { createAudit } from '../audit/index.ts'
import type { Config } from '../config/load.ts'
import { loadSecrets } from '../config/secrets.ts'
import { createMemoryBus } from '../platform/bus/memory.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { isAppError } from '../platform/errors/app-error.ts'
import { createEvents } from '../platform/events/events.ts'
import { createMemoryKv } from '../platform/kv/memory.ts'
import { silentLog } from '../platform/log/log.ts'
import { createPassport } from '../passport/index.ts'
import { createJobs } from '../platform/jobs/jobs.ts'
import { createOutbox } from '../platform/mail/outbox.ts'
import { createSettings, createSetup } from '../site/index.ts'
import { createUserService } from '../user/index.ts'
import { CommandError } from './command.ts'
import { openBeside } from './database.ts'

export type Accounts = Awaited<ReturnType<typeof openAccounts>>

const here = { device: 'vireo command line', address: 'local' }

export const openAccounts = async (config: Config) => {
  await using opening = new AsyncDisposableStack()
  const db = opening.use(await openBeside(config))
  const clock = systemClock
  const log = silentLog
  const secrets = loadSecrets(config.dataDir, config.givenSecretKey)
  const kv = opening.use(createMemoryKv({ clock }))
  const bus = opening.use(createMemoryBus({ log }))
  const events = opening.use(await createEvents({ db, bus, log, clock }))
  const audit = createAudit({ db, clock, cursorSecret: secrets.keyFor('cursor').reveal() })
  const users = createUserService({ db, clock })
  const jobs = opening.use(await createJobs({ db, bus, log, clock }))
  // Commands write to nobody.
  const outbox = createOutbox({ directory: config.outboxDir, clock })
  const passport = createPassport({
    ...{ config, secrets, db, kv, jobs, events, audit, users, clock, log },
    sms: outbox,
    mail: outbox,
    endPublishing: async () => undefined,
    deletePicture: async () => undefined,
  })
  opening.defer(() => passport.close())
  const { operator } = passport
  const setup = createSetup({ db, users, passport, settings: createSettings({ db, clock, config }) })
  const signIn = async (userId: string) =>
    passport.sessions.issue(await passport.sessions.open(db, userId, here))
  const opened = opening.move()
  return {
    users,
    listStaff: () => operator.listStaff(),
    newSetupToken: () => setup.newToken(),
    setRole: (mobile: string, role: Role) => inWords(operator.setRole(mobile, role)),
    setPassword: (mobile: string, password: string) => inWords(operator.setPassword(mobile, password)),
    createAdmin: (given: { mobile: string; password: string; nickname: string | undefined }) =>
      inWords(
        (async () => {
          const account = await passport.readNewAccount({ ...given, username: undefined, email: undefined })
          await passport.createAccount({ ...account, role: 'admin' }, here, (trx) =>
            operator.record(trx, 'admin.created', null),
          )
        })(),
      ),
    /** Signs somebody in who is there, or makes the account first; for the demo. */
    async open(given: { mobile: string; password: string; nickname: string; username: string }) {
      const known = await operator.find(given.mobile)
      if (known) return { session: await signIn(known.user_id), isNew: false }
      const account = await passport.readNewAccount({ ...given, email: undefined })
      return { session: await passport.createAccount({ ...account, role: 'user' }, here), isNew: true }
    },
    revoke: (session: { userId: string; sessionId: string }) =>
      passport.sessions.revoke(session, here.address),
    rotateKeys: () => passport.rotateKeys(),
    hasOthers: (usernames: readonly string[]) => users.hasOthers(usernames),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** An error code as its English sentence: nobody reads `mobile_taken` aloud. */
const inWords = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    if (isAppError(error) && error.status < 500) throw new CommandError(errorCodes[error.code].en)
    throw error
  }
}
