/** Owns counting what may be tried only so often. Counted in the database first, compared afterwards. */
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Queries, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import * as store from './attempt-store.ts'
import type { Mac } from './mac.ts'

export interface AttemptRule {
  readonly name: string
  readonly limit: number
  readonly windowMs: number
}

export type Attempts = ReturnType<typeof createAttempts>

export const createAttempts = ({ db, clock, mac }: { db: Db; clock: Clock; mac: Mac }) => {
  const keyOf = (rule: AttemptRule, subject: string): string => mac(rule.name, subject)
  const retryAfterIn = async (q: Queries, key: string): Promise<number> =>
    Math.max(1, (((await store.findAttempt(q, key))?.resets_ms ?? 0) - clock.now()) / 1000)

  const take = async (rule: AttemptRule, subject: string): Promise<boolean> =>
    store.takeSlot(db, keyOf(rule, subject), { ...rule, nowMs: clock.now() })

  return {
    /** True for at most `limit` callers in the window. */
    take,

    /** As `take`, but throws `rate_limited`. */
    async demand(rule: AttemptRule, subject: string): Promise<void> {
      if (!(await take(rule, subject)))
        throw new AppError('rate_limited', { retryAfterS: await retryAfterIn(db, keyOf(rule, subject)) })
    },

    /** As `demand`, but what is undone with the transaction does not count. For caps on what succeeds, not on guesses. */
    async demandIn(trx: Transaction, rule: AttemptRule, subject: string): Promise<void> {
      const key = keyOf(rule, subject)
      if (!(await store.takeSlot(trx, key, { ...rule, nowMs: clock.now() })))
        throw new AppError('rate_limited', { retryAfterS: await retryAfterIn(trx, key) })
    },

    giveBack: (rule: AttemptRule, subject: string): Promise<void> =>
      store.giveSlotBack(db, keyOf(rule, subject)),
    clear: (rule: AttemptRule, subject: string): Promise<void> => store.clearSlots(db, keyOf(rule, subject)),
    prune: (): Promise<void> => store.deleteOldAttempts(db, clock.now()),
  }
}
