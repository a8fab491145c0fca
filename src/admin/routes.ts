/** Owns the routes of administration. */
import * as contract from '../../contract/admin.ts'
import type { Caller, Router } from '../platform/http/route.ts'
import type { Admin } from './index.ts'

const byOf = ({ caller, address }: { caller: Caller; address: string }) => ({
  userId: caller.userId,
  address,
})

export const mountAdminRoutes = (router: Router, { admin }: { admin: Admin }): void => {
  const { people, jobs, log, runTime, videos, live } = admin

  router.on(contract.getStats, () => runTime.stats())
  router.on(contract.getSettings, () => runTime.settings())
  router.on(contract.patchSettings, (call) => runTime.changeSettings(call.body, byOf(call)))
  router.on(contract.listAudit, ({ query }) => log.list(query))

  router.on(contract.listAdminUsers, ({ query }) => people.list(query))
  router.on(contract.getAdminUser, ({ params }) => people.detail(params.id))
  router.on(contract.putRole, (call) => people.changeRole(call.params.id, call.body.role, byOf(call)))
  router.on(contract.putBan, (call) => people.ban(call.params.id, call.body, byOf(call)))
  router.on(contract.deleteBan, (call) => people.unban(call.params.id, byOf(call)))
  router.on(contract.listUserSessions, ({ params }) => people.sessions(params.id))
  router.on(contract.deleteUserSessions, (call) => people.revokeAll(call.params.id, byOf(call)))
  router.on(contract.deleteUserSession, async (call) => {
    await people.revokeOne(call.params.id, call.params.session, byOf(call))
    return null
  })

  router.on(contract.listAdminVideos, ({ query, caller, language }) => {
    const { q, user, state, ...page } = query
    const viewer = { caller, language }
    if (q) return videos.search(q, page, viewer)
    if (user !== undefined) return videos.list({ owner_id: user }, page, viewer)
    if (state === 'taken_down') return videos.list({ taken_down: 1 }, page, viewer)
    if (state === 'deleted') return videos.list({ trashed: 1 }, page, viewer)
    return videos.list(state && { state }, page, viewer)
  })
  router.on(contract.takeDownVideo, async (call) => {
    await videos.takeDown(call.params.id, call.body.reason, byOf(call))
    return null
  })
  router.on(contract.putBackVideo, async (call) => {
    await videos.putBack(call.params.id, byOf(call))
    return null
  })
  router.on(contract.removeVideo, async (call) => {
    await videos.remove(call.params.id, call.query.reason, byOf(call))
    return null
  })
  router.on(contract.restoreAnyVideo, async (call) => {
    await videos.restore(call.params.id, byOf(call))
    return null
  })
  router.on(contract.retryVideo, async (call) => {
    await videos.retry(call.params.id, byOf(call))
    return null
  })

  router.on(contract.listAdminLive, async ({ query }) => {
    const { items, next_cursor: next } = await live.rooms.list({
      ...query,
      sort: 'viewers',
      category: undefined,
    })
    const withHealth = items.map((room) => ({
      ...room,
      health: room.session_id === null ? null : live.healthOf(room.session_id),
    }))
    return { items: withHealth, next_cursor: next }
  })
  router.on(contract.listClosedRooms, ({ query }) => live.moderation.closed(query))
  router.on(contract.cutLive, async (call) => {
    await live.moderation.cut(call.params.id, byOf(call))
    return null
  })
  router.on(contract.closeRoom, async (call) => {
    await live.moderation.close(call.params.id, call.body.reason, byOf(call))
    return null
  })
  router.on(contract.openRoom, async (call) => {
    await live.moderation.open(call.params.id, byOf(call))
    return null
  })

  router.on(contract.listJobs, ({ query }) => jobs.list(query))
  router.on(contract.retryJob, async (call) => {
    await jobs.retry(call.params.id, byOf(call))
    return null
  })
  router.on(contract.cancelJob, async (call) => {
    await jobs.cancel(call.params.id, byOf(call))
    return null
  })
}
