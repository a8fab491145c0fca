/** Owns changing roles. It refuses whatever would leave the site without an administrator who can sign in. */
import type { Role } from '../../contract/user.ts'
import type { Audit } from '../audit/index.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { By } from './bans.ts'
import * as store from './store.ts'

/** Somebody is left when this one is not an administrator any more. Throws `last_admin`. */
export const assertAdminRemains = async (trx: Transaction, leavingId: string): Promise<void> => {
  const admins = await store.lockAdmins(trx)
  if (!admins.some((id) => id !== leavingId)) throw new AppError('last_admin')
}

export type Roles = ReturnType<typeof createRoles>

export const createRoles = ({ db, audit }: { db: Db; audit: Audit }) => ({
  /** Throws `not_found`, `last_admin`. */
  async change(userId: string, role: Role, by: By): Promise<void> {
    await db.transaction(async (trx) => {
      // Locked first: of two who take the role from each other at the same time one finds the other gone.
      if (role !== 'admin') await store.lockAdmins(trx)
      const user = await store.findUser(trx, userId)
      if (user === undefined) throw new AppError('not_found')
      if (user.role === role) return
      if (user.role === 'admin') await assertAdminRemains(trx, userId)
      await store.updateUser(trx, userId, { role })
      await audit.record(trx, {
        actorId: by.userId,
        action: 'user.role_changed',
        subject: { kind: 'user', id: userId },
        address: by.address,
        details: { from: user.role, to: role },
      })
    })
  },
})
