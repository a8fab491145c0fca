/**
 * Owns leaving: seven days in which signing in stops it, then a job takes away what is personal. The user's row stays
 * without a name, so that what others see has an author; the number is free and a new registration inherits nothing.
 */
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Jobs } from '../platform/jobs/jobs.ts'
import type { UserService } from '../user/index.ts'
import type { Devices } from './devices.ts'
import type { Mac } from './mac.ts'
import type { Proof, Prove } from './proof.ts'
import type { EndPublishing } from './session-list.ts'
import type { Sessions } from './sessions.ts'
import * as store from './store.ts'
import * as twoStepStore from './two-step-store.ts'

const kind = 'passport.delete_user'
const graceMs = 7 * 24 * 3600_000

interface Deps {
  db: Db
  clock: Clock
  jobs: Jobs
  audit: Audit
  events: Events
  users: UserService
  sessions: Sessions
  devices: Devices
  prove: Prove
  endPublishing: EndPublishing
  identityMac: Mac
  deletePicture: (key: string) => Promise<void>
}

export const createLeaving = (deps: Deps) => {
  const { db, clock, jobs, audit, events, users, sessions, devices, prove, endPublishing, identityMac } = deps

  const leaveTombstones = async (
    trx: Transaction,
    account: store.AccountRow,
    banned: boolean,
  ): Promise<void> => {
    for (const identity of [account.mobile, account.email_key]) {
      if (identity !== null)
        await store.insertTombstone(trx, {
          identity_mac: identityMac('tombstone', identity),
          deleted_ms: clock.now(),
          banned: banned ? 1 : 0,
        })
    }
  }

  /** Runs once it is due; does nothing if a sign-in has stopped it. */
  const erase = async (userId: string): Promise<void> => {
    const avatarKey = (await users.row(userId))?.avatar_key
    const erased = await db.transaction(async (trx) => {
      const account = await store.findAccount(trx, userId)
      if (account === undefined || !(await store.claimDeletion(trx, userId, clock.now()))) return false
      const { wasBanned } = await users.erase(trx, userId)
      await leaveTombstones(trx, account, wasBanned)
      await store.forgetSessionsOf(trx, userId)
      await devices.forget(trx, userId)
      await twoStepStore.deleteTotp(trx, userId)
      await twoStepStore.replaceRecoveryCodes(trx, userId, [])
      await twoStepStore.deletePasskeys(trx, userId)
      await endPublishing(trx, userId)
      await audit.record(trx, {
        actorId: null,
        action: 'user.deleted',
        subject: { kind: 'user', id: userId },
        address: null,
      })
      await events.append(trx, { type: 'user.deleted', payload: { user_id: userId } })
      return true
    })
    if (erased && avatarKey) await deps.deletePicture(avatarKey)
  }
  jobs.work(kind, ({ job }) => erase((job.payload as { user_id: string }).user_id))

  return {
    /** Ends every session at once and gives the time when what is personal goes. */
    async begin(caller: Caller, proof: Proof, address: string): Promise<number> {
      await prove(caller.userId, proof, { both: true })
      const dueMs = clock.now() + graceMs
      await db.transaction(async (trx) => {
        await store.updateAccount(trx, caller.userId, { delete_due_ms: dueMs })
        await sessions.revokeAllOf(trx, caller.userId)
        await endPublishing(trx, caller.userId)
        await audit.record(trx, {
          actorId: caller.userId,
          action: 'user.deletion_asked',
          subject: { kind: 'user', id: caller.userId },
          address,
        })
        // Each wish has its own job: one that was stopped finds nothing due and ends.
        await jobs.enqueue(trx, { kind, payload: { user_id: caller.userId }, runAtMs: dueMs })
      })
      return dueMs
    },
    erase,
  }
}
