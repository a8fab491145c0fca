/**
 * Owns giving in a live room: the giver pays, the owner earns, the sums grow and the gift is written in one
 * transaction; only then the room is told. Nothing is paid twice and nobody pays what they do not have.
 */
import { randomUUID } from 'node:crypto'
import { giftPrices } from '../../contract/gift.ts'
import type { Gift, GiftId, Supporter } from '../../contract/gift.ts'
import type { Coins } from '../coin/index.ts'
import type { DanmakuService } from '../danmaku/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Events } from '../platform/events/events.ts'
import type { Caller } from '../platform/http/route.ts'
import { sortableId } from '../platform/ids/ids.ts'
import { isoTime } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import * as store from './gift-store.ts'
import type { RoomNews } from './room-channel.ts'
import type { Rooms } from './rooms.ts'

interface Deps {
  db: Db
  clock: Clock
  events: Events
  users: UserService
  coins: Pick<Coins, 'earn' | 'spend' | 'balanceIn' | 'balanceOf' | 'signIn'>
  danmaku: Pick<DanmakuService, 'assertHeard'>
  rooms: Pick<Rooms, 'place'>
  publish: (roomId: string, news: RoomNews) => Promise<void>
}

interface Wish {
  gift: GiftId
  count: number
  client_id?: string | undefined
}

/** The same gift again within this long goes on with the combo. */
const comboMs = 10_000
const listed = 20

export type Gifts = ReturnType<typeof createGifts>

export const createGifts = (deps: Deps) => {
  const { db, clock, events, users, coins, danmaku, rooms, publish } = deps

  const pay = async (trx: Transaction, row: store.GiftRow, roomId: string): Promise<store.GiftRow> => {
    const { id, user_id: userId, owner_id: ownerId, session_id: sessionId, coins: amount } = row
    await coins.spend(trx, { userId, reason: 'gift_sent', amount, once: id })
    await coins.earn(trx, { userId: ownerId, reason: 'gift_received', amount, once: id })
    await store.addToTotals(trx, [sessionId, ownerId], userId, amount)
    const written = { ...row, combo: await store.goOnWithCombo(trx, row, comboMs) }
    await store.insertGift(trx, written)
    await store.addToCounter(trx, sessionId, { gift_coins: amount })
    await events.append(trx, {
      type: 'live.gifted',
      payload: {
        gift_id: id,
        session_id: sessionId,
        room_id: roomId,
        user_id: userId,
        owner_id: ownerId,
        coins: amount,
      },
    })
    return written
  }

  return {
    /**
     * Throws `not_found`, `room_not_live`, `self_refused`, `banned_here`, `muted`, `coins_insufficient`. A repetition
     * with the same `client_id` gives nothing more and answers what was given.
     */
    async send(roomId: string, wish: Wish, caller: Caller): Promise<{ gift: Gift; balance: number }> {
      const { ownerId, session } = await rooms.place(roomId)
      if (session === undefined) throw new AppError('room_not_live')
      if (ownerId === caller.userId) throw new AppError('self_refused')
      await danmaku.assertHeard(ownerId, caller.userId)
      const giver = await users.row(caller.userId)
      if (giver === undefined) throw new AppError('unauthenticated')
      const clientId = wish.client_id ?? randomUUID()
      const given = await store.findGift(db, caller.userId, clientId)
      if (given !== undefined)
        return { gift: toGift(given, giver.nickname), balance: await coins.balanceOf(caller.userId) }
      await coins.signIn(caller.userId)
      const { row, balance } = await db.transaction(async (trx) => {
        const nowMs = clock.now()
        const made = await pay(
          trx,
          {
            id: sortableId(nowMs),
            session_id: session.id,
            owner_id: ownerId,
            user_id: caller.userId,
            gift: wish.gift,
            count: wish.count,
            combo: wish.count,
            coins: giftPrices[wish.gift] * wish.count,
            client_id: clientId,
            sent_ms: nowMs,
          },
          roomId,
        )
        return { row: made, balance: await coins.balanceIn(trx, caller.userId) }
      })
      const gift = toGift(row, giver.nickname)
      await publish(roomId, { t: 'gift', gift })
      return { gift, balance }
    },

    async newest(sessionId: string): Promise<Gift[]> {
      const rows = (await store.newestGifts(db, sessionId, listed)).reverse()
      const givers = await users.authors(rows.map((row) => row.user_id))
      return rows.map((row) => toGift(row, givers.get(row.user_id)?.nickname ?? ''))
    },

    async supporters(
      roomId: string,
      scope: 'session' | 'all',
      viewer: string | undefined,
    ): Promise<{ items: Supporter[]; coins: number }> {
      const { ownerId, session } = await rooms.place(roomId)
      const of = scope === 'all' ? ownerId : session?.id
      if (of === undefined) return { items: [], coins: 0 }
      const [rows, sum] = await Promise.all([store.topQuery(db, of, listed).execute(), store.sumOf(db, of)])
      const authors = await users.authors(
        rows.map((row) => row.user_id),
        viewer,
      )
      const items = rows.flatMap((row) => {
        const user = authors.get(row.user_id)
        return user ? [{ user, coins: Number(row.coins) }] : []
      })
      return { items, coins: sum }
    },
  }
}

const toGift = (row: store.GiftRow, nickname: string): Gift => ({
  id: row.id,
  user: { id: row.user_id, nickname },
  gift: row.gift,
  count: row.count,
  combo: row.combo,
  coins: row.coins,
  sent_at: isoTime(row.sent_ms),
})
