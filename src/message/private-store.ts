/** Owns SQL on private messages, their conversations and who may write to whom. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { MessagesFrom } from '../../contract/message.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { insertIfAbsent, upsert } from '../platform/db/portable.ts'
import type { PrivateMessageTable, PrivateThreadTable } from './tables.ts'

export type MessageRow = Selectable<PrivateMessageTable>
export type ThreadRow = Selectable<PrivateThreadTable>

/** Names a conversation from either side. */
export const pairOf = (one: string, other: string): string =>
  one < other ? `${one}:${other}` : `${other}:${one}`

/** False where the sender's `client_id` was used. */
export const insertMessage = (trx: Transaction, row: MessageRow): Promise<boolean> =>
  insertIfAbsent(trx, 'private_message', row, 'uq_private_message_sender_id_client_id')

export const findByClientId = (
  q: Queries,
  senderId: string,
  clientId: string,
): Promise<MessageRow | undefined> =>
  q
    .selectFrom('private_message')
    .selectAll()
    .where('sender_id', '=', senderId)
    .where('client_id', '=', clientId)
    .executeTakeFirst()

export const findMessage = (q: Queries, id: string): Promise<MessageRow | undefined> =>
  q.selectFrom('private_message').selectAll().where('id', '=', id).executeTakeFirst()

/** In no order; at most one page of ids. */
export const findMessages = async (q: Queries, ids: readonly string[]): Promise<MessageRow[]> =>
  ids.length === 0
    ? []
    : q
        .selectFrom('private_message')
        .selectAll()
        .where('id', 'in', [...ids])
        .execute()

export const setRemoved = async (q: Queries, id: string, removed: boolean): Promise<void> => {
  await q
    .updateTable('private_message')
    .set({ removed: removed ? 1 : 0 })
    .where('id', '=', id)
    .execute()
}

export const messagesQuery = (q: Queries, pair: string, before: string | undefined, limit: number) => {
  let rows = q.selectFrom('private_message').selectAll().where('pair', '=', pair)
  if (before !== undefined) rows = rows.where('id', '<', before)
  return rows.orderBy('id', 'desc').limit(limit)
}

/** The sender's side: written, and one more without an answer. */
export const putSent = (trx: Transaction, row: ThreadRow): Promise<void> =>
  upsert(trx, 'private_thread', [row], {
    key: ['user_id', 'peer_id'],
    replace: ['last_key', 'wrote'],
    add: ['unanswered'],
  })

/** The receiver's side: one more to read; whatever they had asked is answered. */
export const putReceived = (trx: Transaction, row: ThreadRow): Promise<void> =>
  upsert(trx, 'private_thread', [row], {
    key: ['user_id', 'peer_id'],
    replace: ['last_key', 'unanswered'],
    add: ['unread'],
  })

export const findThread = (q: Queries, userId: string, peerId: string): Promise<ThreadRow | undefined> =>
  q
    .selectFrom('private_thread')
    .selectAll()
    .where('user_id', '=', userId)
    .where('peer_id', '=', peerId)
    .executeTakeFirst()

export const threadsQuery = (q: Queries, userId: string, before: string | undefined, limit: number) => {
  let rows = q.selectFrom('private_thread').selectAll().where('user_id', '=', userId)
  if (before !== undefined) rows = rows.where('last_key', '<', before)
  return rows.orderBy('last_key', 'desc').limit(limit)
}

/** Unread messages in conversations that are not muted. */
export const unreadPrivateQuery = (q: Queries, userId: string) =>
  q
    .selectFrom('private_thread')
    .select(({ fn }) => fn.sum<number | string | null>('unread').as('n'))
    .where('user_id', '=', userId)
    .where('muted', '=', 0)
    .where('unread', '>', 0)

/** All of somebody's conversations, or those with these ids. */
export const readThreads = async (
  q: Queries,
  userId: string,
  ids: readonly string[] | undefined,
): Promise<void> => {
  if (ids?.length === 0) return
  let update = q.updateTable('private_thread').set({ unread: 0 }).where('user_id', '=', userId)
  if (ids !== undefined) update = update.where('id', 'in', [...ids])
  await update.where(sql<boolean>`${sql.ref('unread')} > 0`).execute()
}

export const setMuted = async (q: Queries, userId: string, peerId: string, muted: boolean): Promise<void> => {
  await q
    .updateTable('private_thread')
    .set({ muted: muted ? 1 : 0 })
    .where('user_id', '=', userId)
    .where('peer_id', '=', peerId)
    .execute()
}

export const messagesFromOf = async (q: Queries, userId: string): Promise<MessagesFrom> =>
  (await q.selectFrom('privacy').select('messages_from').where('user_id', '=', userId).executeTakeFirst())
    ?.messages_from ?? 'everyone'

export const putMessagesFrom = (q: Queries, userId: string, from: MessagesFrom): Promise<void> =>
  upsert(q, 'privacy', [{ user_id: userId, messages_from: from }], {
    key: ['user_id'],
    replace: ['messages_from'],
  })
