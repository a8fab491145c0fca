/** Owns the secret address of a room's overlay: its owner sees it, may renew it, and whoever has it sees the room. */
import type { Secrets } from '../config/secrets.ts'
import { createSeal } from '../passport/index.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { secretToken } from '../platform/ids/ids.ts'
import type { UserService } from '../user/index.ts'
import * as store from './overlay-store.ts'
import { keyHash } from './rules.ts'

interface Deps {
  db: Db
  secrets: Secrets
  users: UserService
}

/** Behind the hash: it reaches no server's log. */
const pathOf = (secret: string): string => `/overlay#${secret}`

export type Overlays = ReturnType<typeof createOverlays>

export const createOverlays = ({ db, secrets, users }: Deps) => {
  const seal = createSeal(secrets.keyFor('overlay'))
  return {
    async pathOf(ownerId: string): Promise<string | null> {
      const row = await store.findOverlay(db, ownerId)
      return row === undefined ? null : pathOf(seal.open(row.sealed, ownerId).toString())
    },
    /** The one before it is void from now on. */
    async renew(ownerId: string): Promise<string> {
      const secret = secretToken(24)
      await store.putOverlay(db, {
        owner_id: ownerId,
        secret_hash: keyHash(secret),
        sealed: seal.close(secret, ownerId),
      })
      return pathOf(secret)
    },
    /** Throws `not_found`. */
    async roomOf(secret: string): Promise<string> {
      const row = await store.findOverlayByHash(db, keyHash(secret))
      const owner = row && (await users.row(row.owner_id))
      if (owner === undefined) throw new AppError('not_found')
      return owner.room_id
    },
  }
}
