/** Owns the last step of every way of signing in: ban, stopped deletion, known device, session, audit, all in one transaction. */
import type { Audit } from '../audit/index.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { UserService } from '../user/index.ts'
import type { Devices } from './devices.ts'
import type { Device, Sessions, SignedIn } from './sessions.ts'
import * as store from './store.ts'

export type OpenSession = ReturnType<typeof createOpenSession>

interface Deps {
  db: Db
  users: UserService
  devices: Devices
  sessions: Sessions
  audit: Audit
}

/** Throws `user_banned`, `credentials_wrong` for an account that went meanwhile. */
export const createOpenSession =
  ({ db, users, devices, sessions, audit }: Deps) =>
  async (
    userId: string,
    device: Device,
    { how, trust = false }: { how: string; trust?: boolean },
  ): Promise<SignedIn> => {
    const row = await users.row(userId)
    if (row === undefined || row.deleted_ms !== null) throw new AppError('credentials_wrong')
    if (row.banned_ms !== null) throw new AppError('user_banned')
    const { session, ...more } = await db.transaction(async (trx) => {
      const deletionCancelled = await store.cancelDeletion(trx, userId)
      const deviceToken = await devices.remember(trx, userId, device.token, trust)
      const session = await sessions.open(trx, userId, device)
      await audit.record(trx, {
        actorId: userId,
        action: 'session.signed_in',
        subject: { kind: 'session', id: session.sessionId },
        address: device.address,
        details: { how },
      })
      if (deletionCancelled)
        await audit.record(trx, {
          actorId: userId,
          action: 'user.deletion_cancelled',
          subject: { kind: 'user', id: userId },
          address: device.address,
        })
      return { session, deviceToken, deletionCancelled }
    })
    return { ...(await sessions.issue(session)), ...more }
  }
