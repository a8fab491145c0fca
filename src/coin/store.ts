/** Owns all SQL on coins: entries are added and read, never changed. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import { seek } from '../platform/db/cursor.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { insertIfAbsent, upsert } from '../platform/db/portable.ts'
import type { CoinEntryTable } from './tables.ts'

export type CoinEntryRow = Selectable<CoinEntryTable>

/** False if there is one for the same user, reason and occasion. */
export const insertEntry = (trx: Transaction, row: CoinEntryRow): Promise<boolean> =>
  insertIfAbsent(trx, 'coin_entry', row)

export const addToBalance = (trx: Transaction, userId: string, amount: number): Promise<void> =>
  upsert(trx, 'coin_balance', [{ user_id: userId, balance: amount }], { key: ['user_id'], add: ['balance'] })

/** Takes `amount` away if it is there; false if not. */
export const takeFromBalance = async (trx: Transaction, userId: string, amount: number): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('coin_balance')
    .set({ balance: sql<number>`${sql.ref('balance')} - ${amount}` })
    .where('user_id', '=', userId)
    .where('balance', '>=', amount)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const balanceOf = async (db: Queries, userId: string): Promise<number> =>
  (await db.selectFrom('coin_balance').select('balance').where('user_id', '=', userId).executeTakeFirst())
    ?.balance ?? 0

/** Newest first, after the entry `afterId`. */
export const entriesQuery = (
  db: Queries,
  userId: string,
  page: { limit: number; afterId?: string | undefined },
) => {
  let rows = db.selectFrom('coin_entry').selectAll().where('user_id', '=', userId)
  if (page.afterId !== undefined) rows = rows.where(seek([['id', 'desc', page.afterId]]))
  return rows.orderBy('id', 'desc').limit(page.limit)
}
