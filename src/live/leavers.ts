/** Owns what goes from rooms with a deleted account: keys of elsewhere, the overlay, announced broadcasts, moderating. */
import type { DanmakuService } from '../danmaku/index.ts'
import type { Db } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import { deleteOverlay } from './overlay-store.ts'
import { deleteAllOf as deleteDestinations } from './restream/destination-store.ts'
import { deleteAllOf as deleteSchedule } from './schedule-store.ts'

interface Deps {
  db: Db
  events: Events
  danmaku: Pick<DanmakuService, 'forget'>
}

export const forgetLeavers = ({ db, events, danmaku }: Deps): Promise<void> =>
  events.consume('live.leavers', ['user.deleted'], async ({ payload: { user_id: userId } }) => {
    await db.transaction(async (trx) => {
      await deleteDestinations(trx, userId)
      await deleteOverlay(trx, userId)
      await deleteSchedule(trx, userId)
      await danmaku.forget(trx, userId)
    })
  })
