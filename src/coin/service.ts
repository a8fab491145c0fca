/**
 * Owns the use cases of coins. Whoever gives or takes does it in the transaction of the deed, so that neither
 * stands without the other; nothing is earned twice and no balance falls below zero.
 */
import type { CoinEntry, CoinReason } from '../../contract/coin.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Events } from '../platform/events/events.ts'
import { sortableId } from '../platform/ids/ids.ts'
import type { Kv } from '../platform/kv/kv.ts'
import { isoTime } from '../user/index.ts'
import * as store from './store.ts'

export interface CoinNews {
  userId: string
  reason: CoinReason
  amount: number
  /** What makes it happen once for this user and reason. */
  once: string
  videoId?: string | undefined
}

const gifts = { registered: 5, signed_in: 1, video_published: 2 } as const
/** Days change where most of the users live. */
const dayOffsetMs = 8 * 3600_000
const dayMs = 24 * 3600_000

interface Deps {
  db: Db
  kv: Kv
  clock: Clock
  cursorSecret: Uint8Array
}

export type Coins = ReturnType<typeof createCoins>

export const createCoins = ({ db, kv, clock, cursorSecret }: Deps) => {
  const rowOf = ({ userId, reason, amount, once, videoId }: CoinNews): store.CoinEntryRow => ({
    id: sortableId(clock.now()),
    user_id: userId,
    amount,
    reason,
    once,
    video_id: videoId ?? null,
    created_ms: clock.now(),
  })

  /** In the caller's transaction; false if it was earned before. */
  const earn = async (trx: Transaction, news: CoinNews): Promise<boolean> => {
    if (!(await store.insertEntry(trx, rowOf(news)))) return false
    await store.addToBalance(trx, news.userId, news.amount)
    return true
  }

  /** In the caller's transaction; `amount` is positive. Throws `coins_insufficient`, and `conflict` on a repetition. */
  const spend = async (trx: Transaction, news: CoinNews): Promise<void> => {
    if (!(await store.takeFromBalance(trx, news.userId, news.amount)))
      throw new AppError('coins_insufficient')
    if (!(await store.insertEntry(trx, rowOf({ ...news, amount: -news.amount }))))
      throw new AppError('conflict')
  }

  /** The day's coin, at the first sign of somebody on that day. */
  const signIn = async (userId: string): Promise<void> => {
    const day = Math.floor((clock.now() + dayOffsetMs) / dayMs)
    // Saves the question to the database; the ledger decides. Said only once it stands: who comes in between waits
    // for the same rows, instead of going on without the coins.
    const key = `coin:day:${userId}:${day}`
    if ((await kv.get(key).catch(() => undefined)) !== undefined) return
    await db.transaction(async (trx) => {
      await earn(trx, { userId, reason: 'registered', amount: gifts.registered, once: '' })
      await earn(trx, { userId, reason: 'signed_in', amount: gifts.signed_in, once: String(day) })
    })
    await kv.set(key, '1', dayMs).catch(() => undefined)
  }

  return {
    earn,
    spend,
    signIn,
    /** As `balanceOf`, seen from a transaction. */
    balanceIn: (trx: Transaction, userId: string): Promise<number> => store.balanceOf(trx, userId),
    balanceOf: (userId: string): Promise<number> => store.balanceOf(db, userId),

    async list(
      userId: string,
      page: { limit: number; cursor?: string | undefined },
    ): Promise<{ balance: number; items: CoinEntry[]; next_cursor: string | null }> {
      await signIn(userId)
      const list = `coins:${userId}`
      const [afterId] =
        page.cursor === undefined ? [] : decodeCursor(list, page.cursor, cursorSecret, ['string'])
      const rows = await store.entriesQuery(db, userId, { limit: page.limit + 1, afterId }).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor(list, [last.id], cursorSecret),
      )
      return {
        balance: await store.balanceOf(db, userId),
        items: items.map(toEntry),
        next_cursor: nextCursor,
      }
    },

    /** Pays whoever publishes, once per video. */
    payFor: (events: Events): Promise<void> =>
      events.consume('coin.published', ['video.published'], async ({ payload }) => {
        await db.transaction((trx) =>
          earn(trx, {
            userId: payload.owner_id,
            reason: 'video_published',
            amount: gifts.video_published,
            once: payload.video_id,
            videoId: payload.video_id,
          }),
        )
      }),
  }
}

const toEntry = (row: store.CoinEntryRow): CoinEntry => ({
  id: row.id,
  amount: row.amount,
  reason: row.reason,
  video_id: row.video_id,
  create_time: isoTime(row.created_ms),
})
