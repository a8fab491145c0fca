/** Owns SQL on notifications: what joins what, what is read. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { NotificationType } from '../../contract/message.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { insertIfAbsent, upsert } from '../platform/db/portable.ts'
import type { NotificationTable } from './tables.ts'

export type NotificationRow = Selectable<NotificationTable>

export const ensureProgress = async (q: Queries, consumer: string): Promise<void> => {
  await insertIfAbsent(q, 'news_progress', { consumer, event_id: 0 })
}

/** False if this event is in the rows already: it came twice. */
export const advance = async (trx: Transaction, consumer: string, eventId: number): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('news_progress')
    .set({ event_id: eventId })
    .where('consumer', '=', consumer)
    .where('event_id', '<', eventId)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const insertNotification = async (q: Queries, row: NotificationRow): Promise<void> => {
  await q.insertInto('notification').values(row).execute()
}

export const findOpen = (
  trx: Transaction,
  userId: string,
  openKey: string,
): Promise<NotificationRow | undefined> =>
  trx
    .selectFrom('notification')
    .selectAll()
    .where('user_id', '=', userId)
    .where('open_key', '=', openKey)
    .executeTakeFirst()

export const updateNotification = async (
  trx: Transaction,
  id: string,
  change: Partial<NotificationRow>,
): Promise<void> => {
  await trx.updateTable('notification').set(change).where('id', '=', id).execute()
}

/** False if this actor is among them. */
export const addActor = (trx: Transaction, notificationId: string, actorId: string): Promise<boolean> =>
  insertIfAbsent(trx, 'notification_actor', { notification_id: notificationId, actor_id: actorId })

export const findNotification = (
  q: Queries,
  userId: string,
  id: string,
): Promise<NotificationRow | undefined> =>
  q
    .selectFrom('notification')
    .selectAll()
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst()

interface Part {
  type: NotificationType | undefined
  before: string | undefined
  limit: number
}

/** The latest first. */
export const notificationsQuery = (q: Queries, userId: string, { type, before, limit }: Part) => {
  let rows = q.selectFrom('notification').selectAll().where('user_id', '=', userId)
  if (type !== undefined) rows = rows.where('type', '=', type)
  if (before !== undefined) rows = rows.where('sort_key', '<', before)
  return rows.orderBy('sort_key', 'desc').limit(limit)
}

/** Up to where each type was read at once. */
export const marksOf = async (q: Queries, userId: string): Promise<Map<NotificationType, string>> => {
  const rows = await q
    .selectFrom('notification_mark')
    .select(['type', 'read_key'])
    .where('user_id', '=', userId)
    .execute()
  return new Map(rows.map((row) => [row.type, row.read_key]))
}

export const putMark = (q: Queries, userId: string, type: NotificationType, readKey: string): Promise<void> =>
  upsert(q, 'notification_mark', [{ user_id: userId, type, read_key: readKey }], {
    key: ['user_id', 'type'],
    replace: ['read_key'],
  })

export const readRows = async (q: Queries, userId: string, ids: readonly string[]): Promise<void> => {
  if (ids.length === 0) return
  await q
    .updateTable('notification')
    .set({ is_read: 1 })
    .where('id', 'in', [...ids])
    .where('user_id', '=', userId)
    .execute()
}

/** How many of each type are unread, each counted up to `limit`; one statement. */
export const unreadQuery = (
  q: Queries,
  userId: string,
  after: readonly { type: NotificationType; key: string }[],
  limit: number,
) => {
  const members = after.map(({ type, key }, index) => {
    const some = q
      .selectFrom('notification')
      .select('id')
      .where('user_id', '=', userId)
      .where('type', '=', type)
      .where('is_read', '=', 0)
      .where('sort_key', '>', key)
      .limit(limit)
    return sql`select ${type} as type, count(*) as n from (${some}) as ${sql.raw(`part${index}`)}`
  })
  return sql<{ type: NotificationType; n: number }>`${sql.join(members, sql` union all `)}`
}
