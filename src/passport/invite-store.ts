/** Owns all SQL on invitations. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import { seek } from '../platform/db/cursor.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import type { InviteTable } from './tables.ts'

export type InviteRow = Selectable<InviteTable>

export const insertInvite = async (trx: Transaction, row: InviteRow): Promise<void> => {
  await trx.insertInto('invite').values(row).execute()
}

export const invitesQuery = (db: Queries, limit: number, afterId: string | undefined) => {
  let rows = db.selectFrom('invite').selectAll()
  if (afterId !== undefined) rows = rows.where(seek([['id', 'desc', afterId]]))
  return rows.orderBy('id', 'desc').limit(limit)
}

export const deleteInvite = async (trx: Transaction, id: string): Promise<boolean> =>
  (await trx.deleteFrom('invite').where('id', '=', id).executeTakeFirst()).numDeletedRows === 1n

export const isUsable = async (db: Queries, codeMac: string, nowMs: number): Promise<boolean> =>
  (await db
    .selectFrom('invite')
    .select('id')
    .where('code_mac', '=', codeMac)
    .where('uses_left', '>', 0)
    .where('expires_ms', '>', nowMs)
    .executeTakeFirst()) !== undefined

/** One use less; true for as many callers as uses are left. */
export const useInvite = async (trx: Transaction, codeMac: string, nowMs: number): Promise<boolean> => {
  const result = await trx
    .updateTable('invite')
    .set({ uses_left: sql`uses_left - 1` })
    .where('code_mac', '=', codeMac)
    .where('uses_left', '>', 0)
    .where('expires_ms', '>', nowMs)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
