/** Owns the routes of what happens in rooms: gifts and supporters, announced broadcasts, raids. */
import { giftId, giftPrices, listGifts, listSupporters, sendGift } from '../../contract/gift.ts'
import { cancelRaid, startRaid } from '../../contract/room.ts'
import {
  announceBroadcast,
  cancelBroadcast,
  changeBroadcast,
  forgetReminder,
  listRoomSchedule,
  listSchedule,
  remindMe,
} from '../../contract/schedule.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Gifts } from './gifts.ts'
import type { Raids } from './raids.ts'
import type { Schedule } from './schedule.ts'

interface Deps {
  router: Router
  limits: Limits
  live: { gifts: Gifts; schedule: Schedule; raids: Raids }
}

export const mountLifeRoutes = ({ router, limits, live: { gifts, schedule, raids } }: Deps): void => {
  const given = limits.create({ name: 'gift', points: 120, windowS: 60 })
  const reminders = limits.create({ name: 'schedule_reminder', points: 60, windowS: 60 })
  const raided = limits.create({ name: 'raid', points: 10, windowS: 600 })

  router.on(listGifts, () => ({
    items: giftId.options.map((gift) => ({ gift, coins: giftPrices[gift] })),
  }))
  router.on(sendGift, async ({ params, body, caller }) => {
    await given.take(caller.userId)
    return gifts.send(params.id, body, caller)
  })
  router.on(listSupporters, ({ params, query, caller }) =>
    gifts.supporters(params.id, query.scope, caller?.userId),
  )

  router.on(listRoomSchedule, async ({ params, caller }) => ({
    items: await schedule.ofRoom(params.id, caller?.userId),
  }))
  router.on(listSchedule, async ({ query, caller }) => ({
    items: await schedule.coming(query.limit, query.mine, caller?.userId),
  }))
  router.on(announceBroadcast, ({ body, caller }) => schedule.announce(caller.userId, body))
  router.on(changeBroadcast, ({ params, body, caller }) => schedule.change(caller.userId, params.id, body))
  router.on(cancelBroadcast, async ({ params, caller }) => {
    await schedule.cancel(caller.userId, params.id)
    return null
  })
  router.on(remindMe, async ({ params, caller }) => {
    await reminders.take(caller.userId)
    return schedule.remind(caller.userId, params.id, true)
  })
  router.on(forgetReminder, async ({ params, caller }) => {
    await reminders.take(caller.userId)
    return schedule.remind(caller.userId, params.id, false)
  })

  router.on(startRaid, async ({ body, caller }) => {
    await raided.take(caller.userId)
    return raids.start(caller.userId, body)
  })
  router.on(cancelRaid, async ({ caller }) => {
    await raids.cancel(caller.userId)
    return null
  })
}
