/** Owns all SQL on attempts: exact under any number of parallel callers, and kept whatever the short-lived store forgets. */
import { sql } from 'kysely'
import type { Queries } from '../platform/db/db.ts'
import { insertIfAbsent } from '../platform/db/portable.ts'

/** One of at most `limit` slots in the window; false when all are taken. The window starts with the first. */
export const takeSlot = async (
  db: Queries,
  key: string,
  { limit, windowMs, nowMs }: { limit: number; windowMs: number; nowMs: number },
): Promise<boolean> => {
  if (limit < 1) return false
  // Between two statements the window may end or somebody may make the row: then another round decides.
  for (let round = 0; round < 4; round++) {
    const counted = await db
      .updateTable('attempt')
      .set({ used: sql`used + 1` })
      .where('attempt_key', '=', key)
      .where('resets_ms', '>', nowMs)
      .where('used', '<', limit)
      .executeTakeFirst()
    if (counted.numUpdatedRows === 1n) return true
    const row = await findAttempt(db, key)
    if (row === undefined) {
      if (await insertIfAbsent(db, 'attempt', { attempt_key: key, used: 1, resets_ms: nowMs + windowMs }))
        return true
    } else if (row.resets_ms <= nowMs) {
      const begun = await db
        .updateTable('attempt')
        .set({ used: 1, resets_ms: nowMs + windowMs })
        .where('attempt_key', '=', key)
        .where('resets_ms', '=', row.resets_ms)
        .executeTakeFirst()
      if (begun.numUpdatedRows === 1n) return true
    } else if (row.used >= limit) return false
  }
  return false
}

export const findAttempt = (db: Queries, key: string) =>
  db.selectFrom('attempt').select(['used', 'resets_ms']).where('attempt_key', '=', key).executeTakeFirst()

export const giveSlotBack = async (db: Queries, key: string): Promise<void> => {
  await db
    .updateTable('attempt')
    .set({ used: sql`used - 1` })
    .where('attempt_key', '=', key)
    .where('used', '>', 0)
    .execute()
}

export const clearSlots = async (db: Queries, key: string): Promise<void> => {
  await db.deleteFrom('attempt').where('attempt_key', '=', key).execute()
}

/** Deletes a bounded number of windows that are over. */
export const deleteOldAttempts = async (db: Queries, beforeMs: number): Promise<void> => {
  const rows = await db
    .selectFrom('attempt')
    .select('attempt_key')
    .where('resets_ms', '<', beforeMs)
    .orderBy('resets_ms')
    .limit(1000)
    .execute()
  if (rows.length === 0) return
  await db
    .deleteFrom('attempt')
    .where(
      'attempt_key',
      'in',
      rows.map(({ attempt_key }) => attempt_key),
    )
    .where('resets_ms', '<', beforeMs)
    .execute()
}
