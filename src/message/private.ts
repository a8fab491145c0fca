/** Owns private messages: who may write to whom, and that a message is stored once and counted once. */
import type { Author } from '../../contract/user.ts'
import type { Conversation, MessagesFrom, PrivateMessage } from '../../contract/message.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import type { Bus } from '../platform/bus/bus.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Queries, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { sortableId } from '../platform/ids/ids.ts'
import type { Kv } from '../platform/kv/kv.ts'
import { isoTime } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import { tellUser } from './channel.ts'
import * as store from './private-store.ts'

interface Deps {
  db: Db
  kv: Kv
  bus: Bus
  clock: Clock
  users: UserService
  cursorSecret: Uint8Array
}

interface PageQuery {
  limit: number
  cursor?: string | undefined
}

/** To somebody who neither follows the writer nor has written to them. */
const maxUnanswered = 10
/** So many in so long; holds in every profile. */
const burst = 20
const burstMs = 10_000

type Refusal = Extract<ErrorCode, 'blocked' | 'messages_refused' | 'answer_awaited'>

export const toMessage = (row: store.MessageRow): PrivateMessage => ({
  id: row.id,
  from: row.sender_id,
  to: row.receiver_id,
  text: row.removed === 1 ? '' : row.text,
  removed: row.removed === 1,
  time: isoTime(row.at_ms),
  client_id: row.client_id,
})

export type PrivateMessages = ReturnType<typeof createPrivateMessages>

export const createPrivateMessages = ({ db, kv, bus, clock, users, cursorSecret }: Deps) => {
  /** Why `senderId` may not write to `receiverId` now; undefined where they may. */
  const refusalOf = async (
    senderId: string,
    receiverId: string,
    q: Queries,
  ): Promise<Refusal | undefined> => {
    if (await users.isBlocked(receiverId, senderId, q)) return 'blocked'
    if (await users.isBlocked(senderId, receiverId, q)) return 'blocked'
    const from = await store.messagesFromOf(q, receiverId)
    if (from === 'nobody') return 'messages_refused'
    if ((await store.findThread(q, receiverId, senderId))?.wrote === 1) return undefined
    if ((await users.followedAmong(receiverId, [senderId], q)).size > 0) return undefined
    if (from === 'followed') return 'messages_refused'
    const sent = (await store.findThread(q, senderId, receiverId))?.unanswered ?? 0
    return sent >= maxUnanswered ? 'answer_awaited' : undefined
  }

  const threadOf = (userId: string, peerId: string, lastKey: string): store.ThreadRow => ({
    id: sortableId(clock.now()),
    user_id: userId,
    peer_id: peerId,
    last_key: lastKey,
    unread: 0,
    muted: 0,
    wrote: 0,
    unanswered: 0,
  })

  const putThreads = async (trx: Transaction, row: store.MessageRow): Promise<void> => {
    const { id, sender_id: sender, receiver_id: receiver } = row
    const sent = () => store.putSent(trx, { ...threadOf(sender, receiver, id), wrote: 1, unanswered: 1 })
    const received = () => store.putReceived(trx, { ...threadOf(receiver, sender, id), unread: 1 })
    // In one order, so that two who write to each other at once do not wait for each other.
    for (const put of sender < receiver ? [sent, received] : [received, sent]) await put()
  }

  /** The other one, as the caller sees them. Throws `not_found`. */
  const peerOf = async (userId: string, peerId: string): Promise<Author> => {
    const peer = (await users.authors([peerId], userId)).get(peerId)
    if (peer === undefined) throw new AppError('not_found')
    return peer
  }

  const keep = async (row: store.MessageRow): Promise<store.MessageRow> =>
    db.transaction(async (trx) => {
      const refusal = await refusalOf(row.sender_id, row.receiver_id, trx)
      if (refusal !== undefined) throw new AppError(refusal)
      if (!(await store.insertMessage(trx, row))) {
        const first = await store.findByClientId(trx, row.sender_id, row.client_id ?? '')
        // The same name for something else.
        if (first?.receiver_id !== row.receiver_id) throw new AppError('conflict')
        return first
      }
      await putThreads(trx, row)
      trx.afterCommit(async () => {
        const news = { t: 'message', message: toMessage(row) } as const
        await tellUser(bus, row.receiver_id, news)
        await tellUser(bus, row.sender_id, news)
      })
      return row
    })

  return {
    /** Throws `not_found`, `self_refused`, `blocked`, `messages_refused`, `answer_awaited`, `rate_limited`. */
    async send(
      senderId: string,
      receiverId: string,
      given: { text: string; client_id?: string | undefined },
    ): Promise<PrivateMessage> {
      if (senderId === receiverId) throw new AppError('self_refused')
      await peerOf(senderId, receiverId)
      if ((await kv.incr(`private:pace:${senderId}`, burstMs)) > burst)
        throw new AppError('rate_limited', { retryAfterS: burstMs / 1000 })
      const atMs = clock.now()
      const row = await keep({
        id: sortableId(atMs),
        pair: store.pairOf(senderId, receiverId),
        sender_id: senderId,
        receiver_id: receiverId,
        client_id: given.client_id ?? null,
        text: given.text,
        removed: 0,
        at_ms: atMs,
      })
      return toMessage(row)
    },

    /** The latest first. Throws `not_found`. */
    async with(userId: string, peerId: string, page: PageQuery) {
      if (userId === peerId) throw new AppError('not_found')
      const name = `private:${userId}:${peerId}`
      const [before] =
        page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorSecret, ['string'])
      const [user, rows, thread, blocked, refusal] = await Promise.all([
        peerOf(userId, peerId),
        store.messagesQuery(db, store.pairOf(userId, peerId), before, page.limit + 1).execute(),
        store.findThread(db, userId, peerId),
        users.isBlocked(userId, peerId),
        refusalOf(userId, peerId, db),
      ])
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor(name, [last.id], cursorSecret),
      )
      return {
        items: items.map(toMessage),
        next_cursor: nextCursor,
        user,
        muted: thread?.muted === 1,
        blocked,
        refusal: refusal ?? null,
      }
    },

    async conversations(
      userId: string,
      page: PageQuery,
    ): Promise<{ items: Conversation[]; next_cursor: string | null }> {
      const name = `conversations:${userId}`
      const [before] =
        page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorSecret, ['string'])
      const rows = await store.threadsQuery(db, userId, before, page.limit + 1).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor(name, [last.last_key], cursorSecret),
      )
      const [peers, messages] = await Promise.all([
        users.authors(
          items.map((row) => row.peer_id),
          userId,
        ),
        store.findMessages(
          db,
          items.map((row) => row.last_key),
        ),
      ])
      const byId = new Map(messages.map((row) => [row.id, row]))
      return {
        items: items.flatMap((row) => {
          const user = peers.get(row.peer_id)
          const last = byId.get(row.last_key)
          if (user === undefined || last === undefined) return []
          const { id, unread } = row
          const shown = { user, last: toMessage(last), unread, muted: row.muted === 1 }
          return [{ id, kind: 'private' as const, ...shown, time: isoTime(last.at_ms) }]
        }),
        next_cursor: nextCursor,
      }
    },

    read: (userId: string, ids: readonly string[] | undefined): Promise<void> =>
      store.readThreads(db, userId, ids),

    /** Throws `not_found` where there is no conversation. */
    async mute(userId: string, peerId: string, muted: boolean): Promise<void> {
      if ((await store.findThread(db, userId, peerId)) === undefined) throw new AppError('not_found')
      await store.setMuted(db, userId, peerId, muted)
      await tellUser(bus, userId, { t: 'unread' })
    },

    privacyOf: async (userId: string): Promise<{ messages_from: MessagesFrom }> => ({
      messages_from: await store.messagesFromOf(db, userId),
    }),

    async setPrivacy(userId: string, from: MessagesFrom | undefined): Promise<void> {
      if (from !== undefined) await store.putMessagesFrom(db, userId, from)
    },

    /** A message that `userId` wrote or got, for a report. */
    async ofParticipant(userId: string, id: string): Promise<store.MessageRow | undefined> {
      const row = await store.findMessage(db, id)
      return row?.sender_id === userId || row?.receiver_id === userId ? row : undefined
    },

    /** By a moderator; its words are shown to nobody until it is put back. */
    setRemoved: (id: string, removed: boolean): Promise<void> => store.setRemoved(db, id, removed),
  }
}
