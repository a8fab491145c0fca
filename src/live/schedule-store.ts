/** Owns all SQL on announced broadcasts and who wants to be reminded of them. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { forUpdate, insertIfAbsent } from '../platform/db/portable.ts'
import type { ScheduleTable } from './tables.ts'

export type ScheduleRow = Selectable<ScheduleTable>

/** Those that are still to come, or on. */
const open = ['planned', 'soon', 'started'] as const

export const insertSchedule = async (trx: Transaction, row: ScheduleRow): Promise<void> => {
  await trx.insertInto('schedule').values(row).execute()
}

export const findSchedule = (q: Queries, id: string): Promise<ScheduleRow | undefined> =>
  q.selectFrom('schedule').selectAll().where('id', '=', id).where('state', 'in', open).executeTakeFirst()

/** One owner's, the next first. */
export const ownedQuery = (q: Queries, ownerId: string, limit: number) =>
  q
    .selectFrom('schedule')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .where('state', 'in', open)
    .orderBy('starts_ms')
    .limit(limit)

/** Everybody's that have not begun, the next first; of these owners, if given. */
export const comingQuery = (q: Queries, fromMs: number, limit: number, state: 'planned' | 'soon') =>
  q
    .selectFrom('schedule')
    .selectAll()
    .where('state', '=', state)
    .where('starts_ms', '>=', fromMs)
    .orderBy('starts_ms')
    .limit(limit)

/** What somebody follows or wants to be reminded of, the next first. */
export const mineQuery = (q: Queries, userId: string, fromMs: number, limit: number) =>
  q
    .selectFrom('schedule')
    .selectAll()
    .where('state', 'in', ['planned', 'soon'])
    .where('starts_ms', '>=', fromMs)
    .where((eb) =>
      eb.or([
        eb.exists(
          eb
            .selectFrom('user_follow')
            .select('user_follow.user_id')
            .where('follower_id', '=', userId)
            .whereRef('user_follow.user_id', '=', 'schedule.owner_id'),
        ),
        eb.exists(
          eb
            .selectFrom('schedule_reminder')
            .select('schedule_reminder.user_id')
            .where('schedule_reminder.user_id', '=', userId)
            .whereRef('schedule_reminder.schedule_id', '=', 'schedule.id'),
        ),
      ]),
    )
    .orderBy('starts_ms')
    .limit(limit)

/** True for one of any number of callers. */
export const moveSchedule = async (
  q: Queries,
  id: string,
  from: readonly ScheduleRow['state'][],
  change: Partial<ScheduleRow>,
): Promise<boolean> => {
  const result = await q
    .updateTable('schedule')
    .set(change)
    .where('id', '=', id)
    .where('state', 'in', [...from])
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export const updateSchedule = async (q: Queries, id: string, change: Partial<ScheduleRow>): Promise<void> => {
  await q.updateTable('schedule').set(change).where('id', '=', id).execute()
}

/** By state and time: what is about to begin, or long past. */
export const dueQuery = (q: Queries, state: 'planned' | 'soon' | 'started', beforeMs: number) =>
  q
    .selectFrom('schedule')
    .selectAll()
    .where('state', '=', state)
    .where('starts_ms', '<=', beforeMs)
    .orderBy('starts_ms')
    .limit(50)

/** Of these owners', the ones a broadcast that begins now may be. */
export const startableQuery = (q: Queries, ownerId: string, fromMs: number, toMs: number) =>
  q
    .selectFrom('schedule')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .where('state', 'in', ['planned', 'soon'])
    .where('starts_ms', '>=', fromMs)
    .where('starts_ms', '<=', toMs)
    .orderBy('starts_ms')
    .limit(1)

export const tellingQuery = (q: Queries) =>
  q.selectFrom('schedule').selectAll().where('telling', 'is not', null).limit(20)

export const insertReminder = async (trx: Transaction, scheduleId: string, userId: string): Promise<void> => {
  if (await insertIfAbsent(trx, 'schedule_reminder', { schedule_id: scheduleId, user_id: userId, told: '' }))
    await addToReminders(trx, scheduleId, 1)
}

export const deleteReminder = async (trx: Transaction, scheduleId: string, userId: string): Promise<void> => {
  const result = await trx
    .deleteFrom('schedule_reminder')
    .where('schedule_id', '=', scheduleId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  if (result.numDeletedRows === 1n) await addToReminders(trx, scheduleId, -1)
}

const addToReminders = async (trx: Transaction, scheduleId: string, by: 1 | -1): Promise<void> => {
  await trx
    .updateTable('schedule')
    .set({ reminders: sql<number>`${sql.ref('reminders')} + ${by}` })
    .where('id', '=', scheduleId)
    .execute()
}

/** Which of these somebody is reminded of; at most one page of ids. */
export const remindedAmong = async (
  q: Queries,
  userId: string,
  ids: readonly string[],
): Promise<Set<string>> => {
  if (ids.length === 0) return new Set()
  const rows = await q
    .selectFrom('schedule_reminder')
    .select('schedule_id')
    .where('user_id', '=', userId)
    .where('schedule_id', 'in', [...ids])
    .execute()
  return new Set(rows.map((row) => row.schedule_id))
}

/** Marks some who do not know `what` yet as told; who. Two callers never get the same. */
export const takeUntold = async (
  trx: Transaction,
  scheduleId: string,
  what: string,
  limit: number,
): Promise<string[]> => {
  const rows = await trx
    .selectFrom('schedule_reminder')
    .select('user_id')
    .where('schedule_id', '=', scheduleId)
    .where('told', '!=', what)
    .limit(limit)
    .modifyEnd(forUpdate(trx))
    .execute()
  const ids = rows.map((row) => row.user_id)
  if (ids.length > 0) {
    await trx
      .updateTable('schedule_reminder')
      .set({ told: what })
      .where('schedule_id', '=', scheduleId)
      .where('user_id', 'in', ids)
      .execute()
  }
  return ids
}

/** What somebody announced, and what they wanted to be reminded of. */
export const deleteAllOf = async (trx: Transaction, userId: string): Promise<void> => {
  await trx.deleteFrom('schedule_reminder').where('user_id', '=', userId).execute()
  await trx
    .updateTable('schedule')
    .set({ state: 'cancelled', telling: null, title: '' })
    .where('owner_id', '=', userId)
    .execute()
}
