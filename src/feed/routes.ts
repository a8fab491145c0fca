/** Owns the routes of feed and posts. */
import type { FastifyInstance } from 'fastify'
import {
  createPost,
  deletePost,
  getFeed,
  getPost,
  likePost,
  listUserPosts,
  unlikePost,
  uploadPostPicture,
} from '../../contract/feed.ts'
import { readPicture, registerMultipart } from '../platform/http/multipart.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { FeedFeature } from './index.ts'

interface Deps {
  app: FastifyInstance
  router: Router
  limits: Limits
  feed: FeedFeature
}

export const mountFeedRoutes = ({ app, router, limits, feed }: Deps): void => {
  registerMultipart(app)
  const { posts } = feed
  const written = limits.create({ name: 'post', points: 30, windowS: 3600 })
  const pictures = limits.create({ name: 'post_picture', points: 120, windowS: 3600 })
  const likes = limits.create({ name: 'post_like', points: 300, windowS: 60 })

  router.on(getFeed, ({ query, caller, language }) => feed.list(query, caller, language))
  router.on(createPost, async ({ body, caller }) => {
    await written.take(caller.userId)
    return posts.create(caller.userId, body)
  })
  router.on(uploadPostPicture, async ({ caller, request }) => {
    await pictures.take(caller.userId)
    return posts.addPicture(caller.userId, await readPicture(request))
  })
  router.on(getPost, ({ params, caller }) => posts.get(params.id, caller?.userId))
  router.on(deletePost, async ({ params, caller }) => {
    await posts.remove(params.id, caller)
    return null
  })
  router.on(listUserPosts, ({ params, query, caller }) => posts.list(params.id, query, caller?.userId))
  router.on(likePost, async ({ params, caller }) => {
    await likes.take(caller.userId)
    return posts.like(params.id, caller.userId)
  })
  router.on(unlikePost, async ({ params, caller }) => {
    await likes.take(caller.userId)
    return posts.unlike(params.id, caller.userId)
  })
}
