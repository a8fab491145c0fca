/** Owns the routes of comments. */
import {
  commentOnPost,
  deleteComment,
  getComment,
  likeComment,
  listComments,
  listPostComments,
  listReplies,
  patchComment,
  pinComment,
  postComment,
  postReply,
  unlikeComment,
  unpinComment,
} from '../../contract/comment.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { CommentService } from './service.ts'

interface Deps {
  router: Router
  service: CommentService
  limits: Limits
}

export const mountCommentRoutes = ({ router, service, limits }: Deps): void => {
  const posts = limits.create({ name: 'comment_post', points: 120, windowS: 3600 })
  const likes = limits.create({ name: 'comment_like', points: 300, windowS: 60 })
  const changes = limits.create({ name: 'comment_change', points: 60, windowS: 60 })

  router.on(listComments, ({ params, query, caller }) =>
    service.list({ kind: 'video', id: params.id }, query, caller),
  )
  router.on(listPostComments, ({ params, query, caller }) =>
    service.list({ kind: 'post', id: params.id }, query, caller),
  )
  router.on(getComment, ({ params, caller }) => service.thread(params.id, caller))
  router.on(listReplies, ({ params, query, caller }) => service.replies(params.id, query, caller))
  router.on(postComment, async ({ params, body, caller }) => {
    await posts.take(caller.userId)
    return service.write({ kind: 'video', id: params.id }, body, caller)
  })
  router.on(commentOnPost, async ({ params, body, caller }) => {
    await posts.take(caller.userId)
    return service.write({ kind: 'post', id: params.id }, body, caller)
  })
  router.on(postReply, async ({ params, body, caller }) => {
    await posts.take(caller.userId)
    return service.reply(params.id, body, caller)
  })
  router.on(patchComment, async ({ params, body, caller }) => {
    await changes.take(caller.userId)
    return service.edit(params.id, body.text, caller)
  })
  router.on(deleteComment, async ({ params, caller }) => {
    await changes.take(caller.userId)
    await service.remove(params.id, caller)
    return null
  })
  router.on(likeComment, async ({ params, caller }) => {
    await likes.take(caller.userId)
    return service.like(params.id, caller)
  })
  router.on(unlikeComment, async ({ params, caller }) => {
    await likes.take(caller.userId)
    return service.unlike(params.id, caller)
  })
  router.on(pinComment, async ({ params, caller }) => {
    await changes.take(caller.userId)
    await service.pin(params.id, caller)
    return null
  })
  router.on(unpinComment, async ({ params, caller }) => {
    await changes.take(caller.userId)
    await service.unpin(params.id, caller)
    return null
  })
}
