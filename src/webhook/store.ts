/** Owns all SQL on webhooks and their deliveries. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { insertIfAbsent } from '../platform/db/portable.ts'
import type { WebhookDeliveryTable, WebhookTable } from './tables.ts'

export type WebhookRow = Selectable<WebhookTable>
export type DeliveryRow = Selectable<WebhookDeliveryTable>

export const hooksQuery = (q: Queries, ownerId: string, limit: number) =>
  q.selectFrom('webhook').selectAll().where('owner_id', '=', ownerId).orderBy('id').limit(limit)

export const findHook = (q: Queries, id: string): Promise<WebhookRow | undefined> =>
  q.selectFrom('webhook').selectAll().where('id', '=', id).executeTakeFirst()

export const insertHook = async (trx: Transaction, row: WebhookRow): Promise<void> => {
  await trx.insertInto('webhook').values(row).execute()
}

export const updateHook = async (q: Queries, id: string, change: Partial<WebhookRow>): Promise<void> => {
  if (Object.keys(change).length > 0)
    await q.updateTable('webhook').set(change).where('id', '=', id).execute()
}

/** One more delivery in a row has failed; the last of `most` switches the webhook off. */
export const countFailure = async (trx: Transaction, id: string, most: number): Promise<void> => {
  await trx
    .updateTable('webhook')
    .set({
      active: sql<number>`case when ${sql.ref('failures')} + 1 >= ${most} then 0 else ${sql.ref('active')} end`,
      failures: sql<number>`${sql.ref('failures')} + 1`,
    })
    .where('id', '=', id)
    .execute()
}

export const deleteHook = async (trx: Transaction, id: string): Promise<void> => {
  await trx.deleteFrom('webhook_delivery').where('webhook_id', '=', id).execute()
  await trx.deleteFrom('webhook').where('id', '=', id).execute()
}

/** False if this event was told to this webhook already. */
export const insertDelivery = (trx: Transaction, row: DeliveryRow): Promise<boolean> =>
  insertIfAbsent(trx, 'webhook_delivery', row)

export const findDelivery = (q: Queries, id: string): Promise<DeliveryRow | undefined> =>
  q.selectFrom('webhook_delivery').selectAll().where('id', '=', id).executeTakeFirst()

export const updateDelivery = async (q: Queries, id: string, change: Partial<DeliveryRow>): Promise<void> => {
  await q.updateTable('webhook_delivery').set(change).where('id', '=', id).execute()
}

/** What is older than an id goes. */
export const forgetDeliveries = async (trx: Transaction, hookId: string, beforeId: string): Promise<void> => {
  await trx
    .deleteFrom('webhook_delivery')
    .where('webhook_id', '=', hookId)
    .where('id', '<', beforeId)
    .execute()
}

export const deliveriesQuery = (
  q: Queries,
  hookId: string,
  page: { afterId: string | undefined; limit: number },
) => {
  let rows = q.selectFrom('webhook_delivery').selectAll().where('webhook_id', '=', hookId)
  if (page.afterId !== undefined) rows = rows.where('id', '<', page.afterId)
  return rows.orderBy('id', 'desc').limit(page.limit)
}
