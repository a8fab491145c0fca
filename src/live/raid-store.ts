/** Owns all SQL on raids. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Queries } from '../platform/db/db.ts'
import { insertIfAbsent } from '../platform/db/portable.ts'
import type { RaidTable } from './tables.ts'

export type RaidRow = Selectable<RaidTable>

/** False if the owner has one that counts down already. */
export const insertRaid = (q: Queries, row: RaidRow): Promise<boolean> =>
  insertIfAbsent(q, 'raid', row, 'uq_raid_running_key')

export const findCounting = (q: Queries, ownerId: string): Promise<RaidRow | undefined> =>
  q.selectFrom('raid').selectAll().where('running_key', '=', ownerId).executeTakeFirst()

export const addStay = async (q: Queries, id: string): Promise<void> => {
  await q
    .updateTable('raid')
    .set({ stays: sql<number>`${sql.ref('stays')} + 1` })
    .where('id', '=', id)
    .where('state', '=', 'counting')
    .execute()
}

/** True for one of any number of callers. */
export const endRaid = async (q: Queries, id: string, state: 'done' | 'cancelled'): Promise<boolean> => {
  const result = await q
    .updateTable('raid')
    .set({ state, running_key: null })
    .where('id', '=', id)
    .where('state', '=', 'counting')
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export const setViewers = async (q: Queries, id: string, viewers: number): Promise<void> => {
  await q.updateTable('raid').set({ viewers }).where('id', '=', id).execute()
}

export const findRaid = (q: Queries, id: string): Promise<RaidRow | undefined> =>
  q.selectFrom('raid').selectAll().where('id', '=', id).executeTakeFirst()

export const dueRaidsQuery = (q: Queries, nowMs: number) =>
  q.selectFrom('raid').selectAll().where('state', '=', 'counting').where('go_ms', '<=', nowMs).limit(20)
