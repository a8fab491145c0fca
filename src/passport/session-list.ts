/** Owns a user's own view of signed-in devices: the list, signing one out, signing all others out. */
import type { Session } from '../../contract/account.ts'
import type { Audit } from '../audit/index.ts'
import type { Db, Queries } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import { isoTime } from '../user/index.ts'
import type { Devices } from './devices.ts'
import { deviceInWords, placeOf } from './rules.ts'
import type { Sessions } from './sessions.ts'

/** Voids the user's stream key in the caller's transaction: a running broadcast then ends within seconds. */
export type EndPublishing = (q: Queries, userId: string) => Promise<void>

interface Deps {
  db: Db
  audit: Audit
  devices: Devices
  endPublishing: EndPublishing
  sessions: Sessions
}

export const createSessionList = ({ db, audit, devices, endPublishing, sessions }: Deps) => ({
  async list(caller: Caller): Promise<Session[]> {
    const rows = await sessions.listOf(caller.userId)
    return rows.map((row) => ({
      id: row.id,
      device: deviceInWords(row.device),
      address: row.address,
      place: placeOf(row.address),
      create_time: isoTime(row.created_ms),
      last_seen: isoTime(row.last_seen_ms),
      current: row.id === caller.sessionId,
    }))
  },

  /** Throws `not_found`, also for a session of somebody else. */
  async end(caller: Caller, id: string, address: string): Promise<void> {
    if (!(await sessions.revokeOne(caller, id, address))) throw new AppError('not_found')
  },

  endOthers: (
    caller: Caller,
    { keepLive, address }: { keepLive: boolean; address: string },
  ): Promise<number> =>
    db.transaction(async (trx) => {
      const ended = await sessions.revokeAllOf(trx, caller.userId, caller.sessionId)
      await devices.forget(trx, caller.userId)
      if (!keepLive) await endPublishing(trx, caller.userId)
      await audit.record(trx, {
        actorId: caller.userId,
        action: 'session.others_revoked',
        subject: { kind: 'user', id: caller.userId },
        address,
        details: { ended, kept_live: keepLive },
      })
      return ended
    }),
})
