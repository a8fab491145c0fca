/** Owns SQL on what authors do with danmaku and on how dense each stretch of a timeline is. */
import { seek } from '../platform/db/cursor.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { insertIfAbsent, upsert } from '../platform/db/portable.ts'
import { slotMs } from './rules.ts'
import { withNickname } from './store.ts'
import type { DanmakuRow, DanmakuWithName } from './store.ts'

/** Adds to the slots of these rows; `by` is -1 when they are deleted. */
export const addToDensity = async (
  trx: Transaction,
  rows: readonly Pick<DanmakuRow, 'timeline_id' | 'media_ms'>[],
  by: 1 | -1,
): Promise<void> => {
  const said = new Map<string, { timeline_id: string; slot_ms: number; said: number }>()
  for (const { timeline_id, media_ms } of rows) {
    const slot_ms = media_ms - (media_ms % slotMs)
    const key = `${timeline_id} ${slot_ms}`
    const slot = said.get(key) ?? { timeline_id, slot_ms, said: 0 }
    said.set(key, { ...slot, said: slot.said + by })
  }
  const keys = ['timeline_id', 'slot_ms'] as const
  await upsert(trx, 'danmaku_density', [...said.values()], { key: keys, add: ['said'] })
}

export const densityQuery = (q: Queries, timelineId: string, most: number) =>
  q
    .selectFrom('danmaku_density')
    .select(['slot_ms', 'said'])
    .where('timeline_id', '=', timelineId)
    .orderBy('slot_ms')
    .limit(most)

export const isLocked = async (q: Queries, timelineId: string): Promise<boolean> =>
  (await q
    .selectFrom('danmaku_lock')
    .select('timeline_id')
    .where('timeline_id', '=', timelineId)
    .executeTakeFirst()) !== undefined

export const putLock = async (
  q: Queries,
  row: { timeline_id: string; by_id: string; locked_ms: number },
): Promise<void> => void (await insertIfAbsent(q, 'danmaku_lock', row))

export const deleteLock = async (q: Queries, timelineId: string): Promise<void> => {
  await q.deleteFrom('danmaku_lock').where('timeline_id', '=', timelineId).execute()
}

/** Said twice it changes nothing more. */
export const setProtected = async (trx: Transaction, row: DanmakuRow, on: boolean): Promise<void> => {
  await trx
    .updateTable('danmaku')
    .set({ protected: on ? 1 : 0 })
    .where('id', '=', row.id)
    .execute()
  const { timeline_id, media_ms, id } = row
  if (on) await insertIfAbsent(trx, 'danmaku_protected', { timeline_id, media_ms, id })
  else await unprotect(trx, row)
}

export const unprotect = async (trx: Transaction, row: DanmakuRow): Promise<void> => {
  await trx
    .deleteFrom('danmaku_protected')
    .where('timeline_id', '=', row.timeline_id)
    .where('media_ms', '=', row.media_ms)
    .where('id', '=', row.id)
    .execute()
}

/** The protected ones of a stretch. */
export const protectedIn = async (
  q: Queries,
  timelineId: string,
  { fromMs, toMs, limit }: { fromMs: number; toMs: number | undefined; limit: number },
): Promise<DanmakuWithName[]> => {
  let keys = q
    .selectFrom('danmaku_protected')
    .select('id')
    .where('timeline_id', '=', timelineId)
    .where('media_ms', '>=', fromMs)
  if (toMs !== undefined) keys = keys.where('media_ms', '<', toMs)
  const ids = (await keys.orderBy('media_ms').orderBy('id').limit(limit).execute()).map(({ id }) => id)
  return ids.length === 0 ? [] : withNickname(q).where('id', 'in', ids).execute()
}

/** A timeline in its order, page by page. */
export const pageQuery = (
  q: Queries,
  timelineId: string,
  page: { after: readonly [mediaMs: number, id: string] | undefined; limit: number },
) => {
  let rows = withNickname(q).where('timeline_id', '=', timelineId)
  if (page.after !== undefined)
    rows = rows.where(
      seek([
        ['media_ms', 'asc', page.after[0]],
        ['id', 'asc', page.after[1]],
      ]),
    )
  return rows.orderBy('media_ms').orderBy('id').limit(page.limit)
}

/** All danmaku of a timeline that is deleted for good. */
export const deleteTimeline = async (trx: Transaction, timelineId: string): Promise<void> => {
  for (const table of ['danmaku', 'danmaku_protected', 'danmaku_lock', 'danmaku_density'] as const)
    await trx.deleteFrom(table).where('timeline_id', '=', timelineId).execute()
}
