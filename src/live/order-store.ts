/** Owns all SQL on a room's rules and its pinned message. */
import type { Selectable } from 'kysely'
import type { Queries } from '../platform/db/db.ts'
import { upsert } from '../platform/db/portable.ts'
import type { RoomPinTable, RoomRulesTable } from './tables.ts'

export type RulesRow = Selectable<RoomRulesTable>
export type PinRow = Selectable<RoomPinTable>

export const findRules = (q: Queries, ownerId: string): Promise<RulesRow | undefined> =>
  q.selectFrom('room_rules').selectAll().where('owner_id', '=', ownerId).executeTakeFirst()

export const putRules = (q: Queries, row: RulesRow): Promise<void> =>
  upsert(q, 'room_rules', [row], { key: ['owner_id'], replace: ['slow_s', 'followers_min', 'words'] })

export const findPin = (q: Queries, ownerId: string): Promise<PinRow | undefined> =>
  q.selectFrom('room_pin').selectAll().where('owner_id', '=', ownerId).executeTakeFirst()

export const putPin = (q: Queries, row: PinRow): Promise<void> =>
  upsert(q, 'room_pin', [row], {
    key: ['owner_id'],
    replace: ['text', 'user_id', 'at_ms', 'danmaku_id'],
  })

/** Of `by` only, if given: the message's id or whoever said it. */
export const deletePin = async (
  q: Queries,
  ownerId: string,
  by: { danmakuId?: string; userId?: string } = {},
): Promise<boolean> => {
  let rows = q.deleteFrom('room_pin').where('owner_id', '=', ownerId)
  if (by.danmakuId !== undefined) rows = rows.where('danmaku_id', '=', by.danmakuId)
  if (by.userId !== undefined) rows = rows.where('user_id', '=', by.userId)
  return (await rows.executeTakeFirst()).numDeletedRows > 0n
}
