/** Owns all SQL on overlays. */
import type { Selectable } from 'kysely'
import type { Queries } from '../platform/db/db.ts'
import { upsert } from '../platform/db/portable.ts'
import type { RoomOverlayTable } from './tables.ts'

export type OverlayRow = Selectable<RoomOverlayTable>

export const putOverlay = (q: Queries, row: OverlayRow): Promise<void> =>
  upsert(q, 'room_overlay', [row], { key: ['owner_id'], replace: ['secret_hash', 'sealed'] })

export const findOverlay = (q: Queries, ownerId: string): Promise<OverlayRow | undefined> =>
  q.selectFrom('room_overlay').selectAll().where('owner_id', '=', ownerId).executeTakeFirst()

/** By the unique index. */
export const findOverlayByHash = (q: Queries, hash: string): Promise<OverlayRow | undefined> =>
  q.selectFrom('room_overlay').selectAll().where('secret_hash', '=', hash).executeTakeFirst()

export const deleteOverlay = async (q: Queries, ownerId: string): Promise<void> => {
  await q.deleteFrom('room_overlay').where('owner_id', '=', ownerId).execute()
}
