/** Owns bans: who may not sign in, until when and why. Whatever holds a session, a socket or a stream asks `banned_ms`. */
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Queries, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Jobs } from '../platform/jobs/jobs.ts'
import { assertAdminRemains } from './roles.ts'
import * as store from './store.ts'

export interface By {
  userId: string
  address: string | null
}

interface Deps {
  db: Db
  clock: Clock
  audit: Audit
  jobs: Jobs
  /** Ends all sessions of somebody in this transaction. */
  endSessions: (trx: Queries, userId: string) => Promise<unknown>
}

export type Bans = ReturnType<typeof createBans>

const kind = 'user.unban'

export const createBans = ({ db, clock, audit, jobs, endSessions }: Deps) => {
  const lift = async (trx: Transaction, userId: string, by: By | undefined): Promise<void> => {
    await store.updateUser(trx, userId, { banned_ms: null, ban_until_ms: null, ban_reason: '' })
    await audit.record(trx, {
      actorId: by?.userId ?? null,
      action: 'user.unbanned',
      subject: { kind: 'user', id: userId },
      address: by?.address ?? null,
    })
  }

  // A durable job, so that a ban ends on its day whatever was restarted meanwhile.
  jobs.work(kind, async ({ job, guard }) => {
    const { user_id: userId } = job.payload as { user_id: string }
    await db.transaction(async (trx) => {
      await guard(trx)
      const user = await store.findUser(trx, userId)
      const untilMs = user?.ban_until_ms ?? Infinity
      if (user?.banned_ms != null && untilMs <= clock.now()) await lift(trx, userId, undefined)
    })
  })

  return {
    /** Ends sessions at once; sockets and streams within seconds. Throws `not_found`, `forbidden`, `last_admin`. */
    async ban(userId: string, given: { reason: string; untilMs: number | null }, by: By): Promise<void> {
      if (userId === by.userId) throw new AppError('forbidden')
      await db.transaction(async (trx) => {
        const user = await store.findUser(trx, userId)
        if (user === undefined) throw new AppError('not_found')
        if (user.role === 'admin') await assertAdminRemains(trx, userId)
        const { reason, untilMs } = given
        await store.updateUser(trx, userId, {
          banned_ms: user.banned_ms ?? clock.now(),
          ban_until_ms: untilMs,
          ban_reason: reason,
        })
        await endSessions(trx, userId)
        if (untilMs !== null)
          await jobs.enqueue(trx, {
            kind,
            key: `${userId}:${untilMs}`,
            payload: { user_id: userId },
            runAtMs: untilMs,
          })
        await audit.record(trx, {
          actorId: by.userId,
          action: 'user.banned',
          subject: { kind: 'user', id: userId },
          address: by.address,
          details: { until: untilMs === null ? null : new Date(untilMs).toISOString() },
        })
      })
    },

    /** Throws `not_found`. */
    async unban(userId: string, by: By): Promise<void> {
      await db.transaction(async (trx) => {
        const user = await store.findUser(trx, userId)
        if (user === undefined) throw new AppError('not_found')
        if (user.banned_ms !== null) await lift(trx, userId, by)
      })
    },
  }
}
