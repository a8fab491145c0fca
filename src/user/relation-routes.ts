/** Owns the routes of following and blocking. */
import {
  blockUser,
  followUser,
  listBlocks,
  listFollowers,
  listFollowing,
  unblockUser,
  unfollowUser,
} from '../../contract/user.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Relations } from './relations.ts'

interface Deps {
  router: Router
  relations: Relations
  limits: Limits
}

export const mountRelationRoutes = ({ router, relations, limits }: Deps): void => {
  const follows = limits.create({ name: 'follow', points: 120, windowS: 60 })
  const blocks = limits.create({ name: 'block', points: 60, windowS: 60 })

  router.on(followUser, async ({ params, body, caller }) => {
    await follows.take(caller.userId)
    return relations.follow(caller.userId, params.id, body?.special)
  })
  router.on(unfollowUser, async ({ params, caller }) => {
    await follows.take(caller.userId)
    return relations.unfollow(caller.userId, params.id)
  })
  router.on(blockUser, async ({ params, caller }) => {
    await blocks.take(caller.userId)
    return relations.block(caller.userId, params.id)
  })
  router.on(unblockUser, async ({ params, caller }) => {
    await blocks.take(caller.userId)
    return relations.unblock(caller.userId, params.id)
  })
  router.on(listFollowers, ({ params, query, caller }) =>
    relations.followers(params.id, query, caller?.userId),
  )
  router.on(listFollowing, ({ params, query, caller }) =>
    relations.following(params.id, query, caller?.userId),
  )
  router.on(listBlocks, ({ query, caller }) => relations.blocks(caller.userId, query))
}
