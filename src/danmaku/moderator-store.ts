/** Owns all SQL on who moderates an owner's timelines. */
import type { Queries, Transaction } from '../platform/db/db.ts'
import { insertIfAbsent } from '../platform/db/portable.ts'

export const insertModerator = (
  trx: Transaction,
  row: { owner_id: string; user_id: string; created_ms: number },
): Promise<boolean> => insertIfAbsent(trx, 'room_moderator', row)

/** True if they were one. */
export const deleteModerator = async (q: Queries, ownerId: string, userId: string): Promise<boolean> => {
  const result = await q
    .deleteFrom('room_moderator')
    .where('owner_id', '=', ownerId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return result.numDeletedRows === 1n
}

export const isModerator = async (q: Queries, ownerId: string, userId: string): Promise<boolean> =>
  (await q
    .selectFrom('room_moderator')
    .select('user_id')
    .where('owner_id', '=', ownerId)
    .where('user_id', '=', userId)
    .executeTakeFirst()) !== undefined

export const listModerators = async (q: Queries, ownerId: string, limit: number): Promise<string[]> => {
  const rows = await q
    .selectFrom('room_moderator')
    .select('user_id')
    .where('owner_id', '=', ownerId)
    .orderBy('user_id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.user_id)
}

/** Somebody moderates nowhere any more, and nobody for them. */
export const deleteAllOf = async (q: Queries, userId: string): Promise<void> => {
  await q
    .deleteFrom('room_moderator')
    .where((eb) => eb.or([eb('user_id', '=', userId), eb('owner_id', '=', userId)]))
    .execute()
}
