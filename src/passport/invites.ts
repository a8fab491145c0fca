/** Owns invitations: an administrator makes them, a registration uses them up. */
import type { Invite } from '../../contract/account.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { randomName, sortableId } from '../platform/ids/ids.ts'
import { isoTime } from '../user/index.ts'
import * as store from './invite-store.ts'
import type { Mac } from './mac.ts'

const day = 24 * 3600_000

export type Invites = ReturnType<typeof createInvites>

interface Deps {
  db: Db
  clock: Clock
  mac: Mac
  audit: Audit
  cursorSecret: Uint8Array
}

export const createInvites = ({ db, clock, mac, audit, cursorSecret }: Deps) => {
  const fingerprint = (code: string): string => mac('invite', code.trim())
  return {
    /** `actorId` is empty where the command line makes it. Its code is shown once. */
    async make(
      actorId: string | undefined,
      {
        note = '',
        uses = 1,
        days = 7,
      }: { note?: string | undefined; uses?: number | undefined; days?: number | undefined },
      address: string | null,
    ): Promise<{ invite: Invite; code: string }> {
      const code = randomName()
      const nowMs = clock.now()
      const row = {
        id: sortableId(nowMs),
        code_mac: fingerprint(code),
        note,
        uses_left: uses,
        created_by: actorId ?? '',
        created_ms: nowMs,
        expires_ms: nowMs + days * day,
      }
      await db.transaction(async (trx) => {
        await store.insertInvite(trx, row)
        await audit.record(trx, {
          actorId: actorId ?? null,
          action: 'invite.created',
          subject: { kind: 'invite', id: row.id },
          address,
          details: { uses, days },
        })
      })
      return { invite: toInvite(row), code }
    },

    async list(page: { limit: number; cursor?: string | undefined }) {
      const [afterId] =
        page.cursor === undefined ? [] : decodeCursor('invites', page.cursor, cursorSecret, ['string'])
      const rows = await store.invitesQuery(db, page.limit + 1, afterId).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor('invites', [last.id], cursorSecret),
      )
      return { items: items.map(toInvite), next_cursor: nextCursor }
    },

    async remove(actorId: string, id: string, address: string): Promise<void> {
      await db.transaction(async (trx) => {
        if (!(await store.deleteInvite(trx, id))) throw new AppError('not_found')
        await audit.record(trx, {
          actorId,
          action: 'invite.deleted',
          subject: { kind: 'invite', id },
          address,
        })
      })
    },

    /** Saves a hash and a code; what decides is `use`. Throws `invite_invalid`. */
    async assertUsable(code: string | undefined): Promise<void> {
      if (!code || !(await store.isUsable(db, fingerprint(code), clock.now())))
        throw new AppError('invite_invalid')
    },

    /** One use less, in the transaction that registers. Throws `invite_invalid`. */
    async use(trx: Transaction, code: string | undefined): Promise<void> {
      if (!code || !(await store.useInvite(trx, fingerprint(code), clock.now())))
        throw new AppError('invite_invalid')
    },
  }
}

const toInvite = (row: store.InviteRow): Invite => ({
  id: row.id,
  note: row.note,
  uses_left: row.uses_left,
  create_time: isoTime(row.created_ms),
  expires: isoTime(row.expires_ms),
})
