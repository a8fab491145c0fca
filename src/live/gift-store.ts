/** Owns all SQL on gifts, their sums, and the counters of live sessions. Gifts are added and read, never changed. */
import type { Selectable } from 'kysely'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { upsert } from '../platform/db/portable.ts'
import type { GiftTable } from './tables.ts'

export type GiftRow = Selectable<GiftTable>

export const insertGift = async (trx: Transaction, row: GiftRow): Promise<void> => {
  await trx.insertInto('gift').values(row).execute()
}

export const findGift = (q: Queries, userId: string, clientId: string): Promise<GiftRow | undefined> =>
  q
    .selectFrom('gift')
    .selectAll()
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .executeTakeFirst()

/**
 * How many of this gift in a row that makes. Call it after `addToTotals`, which holds the row until the end of the
 * transaction: gifts at the same moment count one after the other.
 */
export const goOnWithCombo = async (
  trx: Transaction,
  row: Pick<GiftRow, 'session_id' | 'user_id' | 'gift' | 'count' | 'sent_ms'>,
  withinMs: number,
): Promise<number> => {
  const { session_id: scope, user_id: userId, gift, count, sent_ms: nowMs } = row
  const last = await trx
    .selectFrom('gift_total')
    .select(['combo_gift', 'combo', 'combo_ms'])
    .where('scope', '=', scope)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  const goesOn = last?.combo_gift === gift && nowMs - Number(last.combo_ms) <= withinMs
  const combo = count + (goesOn ? last.combo : 0)
  await trx
    .updateTable('gift_total')
    .set({ combo_gift: gift, combo, combo_ms: nowMs })
    .where('scope', '=', scope)
    .where('user_id', '=', userId)
    .execute()
  return combo
}

export const newestGifts = (q: Queries, sessionId: string, limit: number): Promise<GiftRow[]> =>
  q
    .selectFrom('gift')
    .selectAll()
    .where('session_id', '=', sessionId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

export const addToTotals = (
  trx: Transaction,
  scopes: readonly string[],
  userId: string,
  coins: number,
): Promise<void> =>
  upsert(
    trx,
    'gift_total',
    scopes.map((scope) => ({
      scope,
      user_id: userId,
      coins,
      combo_gift: '',
      combo: 0,
      combo_ms: 0,
    })),
    { key: ['scope', 'user_id'], add: ['coins'] },
  )

/** Who gave most, by the index. */
export const topQuery = (q: Queries, scope: string, limit: number) =>
  q
    .selectFrom('gift_total')
    .selectAll()
    .where('scope', '=', scope)
    .orderBy('coins', 'desc')
    .orderBy('user_id', 'desc')
    .limit(limit)

export const sumOf = async (q: Queries, scope: string): Promise<number> => {
  const row = await q
    .selectFrom('gift_total')
    .select(({ fn }) => fn.sum<number | null>('coins').as('coins'))
    .where('scope', '=', scope)
    .executeTakeFirst()
  return Number(row?.coins ?? 0)
}

export const addToCounter = (
  q: Queries,
  sessionId: string,
  more: { likes?: number; gift_coins?: number },
): Promise<void> =>
  upsert(
    q,
    'live_counter',
    [{ session_id: sessionId, likes: more.likes ?? 0, gift_coins: more.gift_coins ?? 0 }],
    { key: ['session_id'], add: ['likes', 'gift_coins'] },
  )

export const likesOf = async (q: Queries, sessionIds: readonly string[]): Promise<Map<string, number>> => {
  if (sessionIds.length === 0) return new Map()
  const rows = await q
    .selectFrom('live_counter')
    .select(['session_id', 'likes'])
    .where('session_id', 'in', [...sessionIds])
    .execute()
  return new Map(rows.map((row) => [row.session_id, Number(row.likes)]))
}
