/** Owns all SQL on events and cursors. */
import type { Queries } from '../db/db.ts'
import { insertIfAbsent } from '../db/portable.ts'

export interface StoredEvent {
  id: number
  type: string
  payload: string
  at_ms: number
}

export const insertEvent = async (
  q: Queries,
  event: { type: string; payload: string; at_ms: number },
): Promise<void> => {
  await q.insertInto('event').values(event).execute()
}

/** What was committed after `lastId`, of every type: only so a gap can be seen. */
export const eventsAfter = (q: Queries, lastId: number, limit: number): Promise<StoredEvent[]> =>
  q.selectFrom('event').selectAll().where('id', '>', lastId).orderBy('id').limit(limit).execute()

export const ensureCursor = async (q: Queries, consumer: string, nowMs: number): Promise<void> => {
  await insertIfAbsent(q, 'event_cursor', { consumer, updated_ms: nowMs }, 'PRIMARY')
  await q.updateTable('event_cursor').set({ updated_ms: nowMs }).where('consumer', '=', consumer).execute()
}

export const readCursor = async (q: Queries, consumer: string): Promise<number> => {
  const row = await q
    .selectFrom('event_cursor')
    .select('last_id')
    .where('consumer', '=', consumer)
    .executeTakeFirst()
  return row?.last_id ?? 0
}

/** True if `holder` alone reads for this consumer until `untilMs`. */
export const holdCursor = async (
  q: Queries,
  consumer: string,
  holder: string,
  nowMs: number,
  untilMs: number,
): Promise<boolean> => {
  const { numUpdatedRows } = await q
    .updateTable('event_cursor')
    .set({ holder, held_until_ms: untilMs, updated_ms: nowMs })
    .where('consumer', '=', consumer)
    .where((eb) => eb.or([eb('holder', '=', holder), eb('held_until_ms', '<=', nowMs)]))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** False if somebody else holds it by now. */
export const moveCursor = async (
  q: Queries,
  consumer: string,
  holder: string,
  lastId: number,
): Promise<boolean> => {
  const { numUpdatedRows } = await q
    .updateTable('event_cursor')
    .set({ last_id: lastId })
    .where('consumer', '=', consumer)
    .where('holder', '=', holder)
    .where('last_id', '<=', lastId)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const dropHold = async (q: Queries, consumer: string, holder: string): Promise<void> => {
  await q
    .updateTable('event_cursor')
    .set({ holder: null, held_until_ms: 0 })
    .where('consumer', '=', consumer)
    .where('holder', '=', holder)
    .execute()
}

export interface ConsumerState {
  consumer: string
  lastId: number
  behind: number
}

export const readLag = async (q: Queries): Promise<ConsumerState[]> => {
  const newest = await q
    .selectFrom('event')
    .select((eb) => eb.fn.max('id').as('id'))
    .executeTakeFirst()
  const cursors = await q.selectFrom('event_cursor').select(['consumer', 'last_id']).execute()
  return cursors.map(({ consumer, last_id: lastId }) => ({
    consumer,
    lastId,
    behind: Math.max(0, (newest?.id ?? lastId) - lastId),
  }))
}

/** Up to which id every consumer that was alive since `aliveSinceMs` has read. */
export const passedByAll = async (q: Queries, aliveSinceMs: number): Promise<number | undefined> => {
  const row = await q
    .selectFrom('event_cursor')
    .select((eb) => eb.fn.min('last_id').as('id'))
    .where('updated_ms', '>=', aliveSinceMs)
    .executeTakeFirst()
  return row?.id ?? undefined
}

/** Deletes the oldest events, at most `limit`; gives how many. */
export const deleteOldest = async (
  q: Queries,
  before: { id: number; ms: number },
  limit: number,
): Promise<number> => {
  const oldest = await q.selectFrom('event').select(['id', 'at_ms']).orderBy('id').limit(limit).execute()
  const stop = oldest.findIndex(({ id, at_ms }) => id > before.id || at_ms >= before.ms)
  const last = (stop < 0 ? oldest : oldest.slice(0, stop)).at(-1)
  if (!last) return 0
  const { numDeletedRows } = await q.deleteFrom('event').where('id', '<=', last.id).executeTakeFirst()
  return Number(numDeletedRows)
}
