/** Owns the routes of order in a room: moderators, rules, mutes, bans, the purge, the pinned message. */
import { listMutes, muteUser, unmuteUser } from '../../contract/live.ts'
import {
  appointModerator,
  banUser,
  dismissModerator,
  getRoomRules,
  liftBan,
  listBans,
  listModerators,
  patchRoomRules,
  pinMessage,
  purgeUser,
  unpinMessage,
} from '../../contract/room.ts'
import type { Router } from '../platform/http/route.ts'
import { isoTime } from '../user/index.ts'
import type { Order } from './order.ts'

export const mountOrderRoutes = ({ router, order }: { router: Router; order: Order }): void => {
  const named = (row: { user_id: string; nickname: string }) => ({ id: row.user_id, nickname: row.nickname })

  router.on(muteUser, async ({ params, body, caller }) => ({
    until: isoTime(await order.mute(params.id, params.user, body?.minutes ?? 60, caller)),
  }))
  router.on(unmuteUser, async ({ params, caller }) => {
    await order.unmute(params.id, params.user, caller)
    return null
  })
  router.on(listMutes, async ({ params, caller }) => ({
    items: (await order.mutes(params.id, caller)).map((row) => ({
      user: named(row),
      until: isoTime(row.until_ms),
    })),
  }))

  router.on(listBans, async ({ params, caller }) => ({
    items: (await order.bans(params.id, caller)).map((row) => ({ user: named(row) })),
  }))
  router.on(banUser, async ({ params, caller }) => {
    await order.ban(params.id, params.user, caller)
    return null
  })
  router.on(liftBan, async ({ params, caller }) => {
    await order.unmute(params.id, params.user, caller)
    return null
  })
  router.on(purgeUser, async ({ params, body, caller }) => ({
    deleted: await order.purge(params.id, params.user, body ?? { minutes: 1440, ban: false }, caller),
  }))

  router.on(getRoomRules, ({ params, caller }) => order.rules(params.id, caller))
  router.on(patchRoomRules, ({ params, body, caller }) => order.changeRules(params.id, body, caller))

  router.on(listModerators, async ({ params, caller }) => ({
    items: await order.moderators(params.id, caller?.userId),
  }))
  router.on(appointModerator, async ({ params, caller }) => {
    await order.appoint(params.id, params.user, caller)
    return null
  })
  router.on(dismissModerator, async ({ params, caller }) => {
    await order.dismiss(params.id, params.user, caller)
    return null
  })

  router.on(pinMessage, ({ params, body, caller }) => order.pin(params.id, body, caller))
  router.on(unpinMessage, async ({ params, caller }) => {
    await order.unpin(params.id, caller)
    return null
  })
}
