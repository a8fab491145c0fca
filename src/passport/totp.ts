/** Owns authenticator apps (RFC 6238): the secret is sealed, a step counts once, a clock that is off is told apart. */
import { randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Seal } from './seal.ts'
import * as store from './two-step-store.ts'

const periodS = 30
/** A step before and after: a phone may be half a minute off. */
const window = 1
/** Six minutes are searched to say that the clock is off; such a code lets nobody in. More would help who guesses. */
const searchWindow = 12

export type Totp = ReturnType<typeof createTotp>

export const createTotp = ({
  db,
  clock,
  seal,
  siteName,
}: {
  db: Db
  clock: Clock
  seal: Seal
  siteName: string
}) => {
  const generator = (row: Pick<store.TotpRow, 'sealed_secret' | 'user_id'>): TOTP =>
    new TOTP({ secret: secretOf(seal.open(row.sealed_secret, `totp:${row.user_id}`)), period: periodS })

  return {
    isOn: async (userId: string): Promise<boolean> =>
      (await store.findTotp(db, userId))?.confirmed_ms != null,

    /** A new secret for the app, not counting yet. Throws `two_step_on`. */
    async start(trx: Transaction, userId: string, label: string): Promise<{ secret: string; uri: string }> {
      if ((await store.findTotp(trx, userId))?.confirmed_ms != null) throw new AppError('two_step_on')
      const bytes = randomBytes(20)
      await store.replaceTotp(trx, {
        user_id: userId,
        sealed_secret: seal.close(bytes, `totp:${userId}`),
        confirmed_ms: null,
        last_step: 0,
        created_ms: clock.now(),
      })
      const app = new TOTP({ issuer: siteName, label, secret: secretOf(bytes), period: periodS })
      return { secret: app.secret.base32, uri: app.toString() }
    },

    /** Uses a code up. Throws `two_step_wrong`, `totp_clock_off`, or `two_step_off` without a (confirmed) secret. */
    async redeem(userId: string, code: string, pending = false): Promise<void> {
      const row = await store.findTotp(db, userId)
      if (row === undefined || (!pending && row.confirmed_ms === null)) throw new AppError('two_step_off')
      if (pending && row.confirmed_ms !== null) throw new AppError('two_step_on')
      const token = code.replace(/\s/g, '')
      if (!/^\d{6}$/.test(token)) throw new AppError('two_step_wrong')
      const app = generator(row)
      const delta = app.validate({ token, timestamp: clock.now(), window: searchWindow })
      if (delta === null) throw new AppError('two_step_wrong')
      if (Math.abs(delta) > window) throw new AppError('totp_clock_off')
      const step = Math.floor(clock.now() / 1000 / periodS) + delta
      if (!(await store.takeStep(db, userId, step))) throw new AppError('two_step_wrong')
    },
  }
}

const secretOf = (bytes: Buffer): Secret => new Secret({ buffer: new Uint8Array(bytes).buffer })
