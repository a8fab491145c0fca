/**
 * Owns who keeps order on an owner's timelines, live and replay: the moderators whom the owner appoints, and who is
 * muted or banned there. A ban is a mute without an end.
 */
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import * as moderators from './moderator-store.ts'
import * as store from './store.ts'

/** The last moment that a Date can hold; later than any mute for a time. */
export const forever = 8_640_000_000_000_000
const maxModerators = 50
const maxListed = 500

export type Order = ReturnType<typeof createOrder>

export const createOrder = ({ db, clock }: { db: Db; clock: Clock }) => {
  const mutedUntil = (ownerId: string, userId: string): Promise<number | undefined> =>
    store.mutedUntil(db, ownerId, userId, clock.now())

  const put = (ownerId: string, userId: string, untilMs: number, by: Caller): Promise<void> =>
    store.putMute(db, { owner_id: ownerId, user_id: userId, until_ms: untilMs, by_id: by.userId })

  return {
    /** Until when; undefined if they may write. */
    mutedUntil,

    /** Throws `banned_here`, `muted` with the time that is left. */
    async assertHeard(ownerId: string, userId: string): Promise<void> {
      const untilMs = await mutedUntil(ownerId, userId)
      if (untilMs === undefined) return
      if (untilMs === forever) throw new AppError('banned_here')
      const leftS = Math.max(1, Math.ceil((untilMs - clock.now()) / 1000))
      throw new AppError('muted', { params: { left: clockText(leftS) }, retryAfterS: leftS })
    },

    /** `userId` may not write on `ownerId`'s timelines, live or replay, until then. Throws `banned_here`. */
    async mute(ownerId: string, userId: string, minutes: number, by: Caller): Promise<number> {
      // It would lift the ban when it ends.
      if ((await mutedUntil(ownerId, userId)) === forever) throw new AppError('banned_here')
      const untilMs = clock.now() + minutes * 60_000
      await put(ownerId, userId, untilMs, by)
      return untilMs
    },

    /** Lifts a mute or a ban. */
    unmute: (ownerId: string, userId: string): Promise<void> => store.deleteMute(db, ownerId, userId),

    async ban(ownerId: string, userId: string, by: Caller): Promise<void> {
      await put(ownerId, userId, forever, by)
      await moderators.deleteModerator(db, ownerId, userId)
    },

    mutes: (ownerId: string) => store.listMutes(db, ownerId, clock.now() + 1, forever, maxListed),
    bans: (ownerId: string) => store.listMutes(db, ownerId, forever, forever + 1, maxListed),

    moderates: (ownerId: string, userId: string): Promise<boolean> =>
      moderators.isModerator(db, ownerId, userId),
    moderators: (ownerId: string): Promise<string[]> => moderators.listModerators(db, ownerId, maxModerators),

    /** In the caller's transaction; false if they are one already. Throws `too_many`, `banned_here`. */
    async appoint(trx: Transaction, ownerId: string, userId: string): Promise<boolean> {
      if ((await store.mutedUntil(trx, ownerId, userId, clock.now())) === forever)
        throw new AppError('banned_here')
      const known = await moderators.listModerators(trx, ownerId, maxModerators)
      if (known.includes(userId)) return false
      if (known.length >= maxModerators) throw new AppError('too_many')
      await store.deleteMute(trx, ownerId, userId)
      return moderators.insertModerator(trx, { owner_id: ownerId, user_id: userId, created_ms: clock.now() })
    },

    /** In the caller's transaction: somebody has left the site. */
    forget: (trx: Transaction, userId: string): Promise<void> => moderators.deleteAllOf(trx, userId),

    dismiss: (ownerId: string, userId: string): Promise<boolean> =>
      moderators.deleteModerator(db, ownerId, userId),
  }
}

/** `4:09` or `23:59:01`: the same in every language. */
const clockText = (seconds: number): string => {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const two = (n: number): string => String(n).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}
