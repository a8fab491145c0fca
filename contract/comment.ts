/** Owns what a comment looks like, its endpoints and its events. */
import { z } from 'zod'
import { apiPrefix, empty, id, idParams, nothing, page, pageQuery, prose, seconds, time } from './common.ts'
import { endpoint } from './endpoint.ts'
import { author } from './user.ts'

const tag = 'comment'
const count = z.number().int()

export const comment = z.object({
  id,
  /** As in the video's address; null below a post. */
  video_id: id.nullable(),
  /** The post that it stands under; null below a video. */
  post_id: id.nullable(),
  /** The comment at the top of the thread; null for that one itself. */
  root_id: id.nullable(),
  /** The comment that was answered, and by whom it is; null at the top. */
  parent_id: id.nullable(),
  reply_to: author.pick({ id: true, nickname: true, username: true }).nullable(),
  /** Empty when deleted. */
  text: z.string(),
  /** The place in the video that it is about. */
  time: seconds.nullable(),
  author: author.nullable(),
  /** By the author of the video or the post. */
  by_owner: z.boolean(),
  create_time: time,
  edit_time: time.nullable(),
  /** Shown only because there are replies. */
  deleted: z.boolean(),
  pinned: z.boolean(),
  counts: z.object({ likes: count, replies: count }),
  mine: z.object({ liked: z.boolean(), editable: z.boolean(), deletable: z.boolean() }),
  /** At the top: the first replies. */
  replies: z.array(z.unknown()).optional(),
})
export type Comment = Omit<z.infer<typeof comment>, 'replies'> & { replies?: Comment[] | undefined }
const thread = comment.extend({ replies: z.array(comment.omit({ replies: true })).optional() })

export const commentSort = z.enum(['hot', 'newest'])
export const commentText = prose(1000).pipe(z.string().min(1))
/** So long may a comment be edited. */
export const editWindowS = 15 * 60

/** What comments stand under. */
export type CommentedKind = 'video' | 'post'

const newComment = z.strictObject({ text: commentText, time: seconds.optional() })

export const listComments = endpoint({
  method: 'GET',
  path: `${apiPrefix}/videos/{id}/comments`,
  tag,
  summary: 'Comments on a video, the pinned one first, each with its first replies',
  access: 'optional',
  params: idParams,
  query: pageQuery.extend({ sort: commentSort.default('hot') }),
  data: page(thread).extend({ total: count }),
  errors: ['not_found', 'cursor_invalid'],
})

export const getComment = endpoint({
  method: 'GET',
  path: `${apiPrefix}/comments/{id}`,
  tag,
  summary: 'The thread that a comment stands in, for a link to it',
  access: 'optional',
  params: idParams,
  data: z.object({ thread, comment: comment.omit({ replies: true }) }),
  errors: ['not_found'],
})

export const postComment = endpoint({
  method: 'POST',
  path: `${apiPrefix}/videos/{id}/comments`,
  tag,
  summary: 'Comment on a video; @username mentions somebody',
  access: 'user',
  params: idParams,
  body: newComment,
  data: thread,
  errors: ['not_found', 'rate_limited', 'comment_repeated', 'text_forbidden', 'comments_blocked'],
  success: { zh: '评论已发布', en: 'Comment posted' },
})

export const listPostComments = endpoint({
  method: 'GET',
  path: `${apiPrefix}/posts/{id}/comments`,
  tag,
  summary: 'Comments on a post, the pinned one first, each with its first replies',
  access: 'optional',
  params: idParams,
  query: pageQuery.extend({ sort: commentSort.default('hot') }),
  data: page(thread).extend({ total: count }),
  errors: ['not_found', 'cursor_invalid'],
})

export const commentOnPost = endpoint({
  method: 'POST',
  path: `${apiPrefix}/posts/{id}/comments`,
  tag,
  summary: 'Comment on a post; @username mentions somebody',
  access: 'user',
  params: idParams,
  body: z.strictObject({ text: commentText }),
  data: thread,
  errors: ['not_found', 'rate_limited', 'comment_repeated', 'text_forbidden', 'comments_blocked'],
  success: { zh: '评论已发布', en: 'Comment posted' },
})

export const listReplies = endpoint({
  method: 'GET',
  path: `${apiPrefix}/comments/{id}/replies`,
  tag,
  summary: 'The replies in a thread, oldest first',
  access: 'optional',
  params: idParams,
  query: pageQuery,
  data: page(thread),
  errors: ['not_found', 'cursor_invalid'],
})

export const postReply = endpoint({
  method: 'POST',
  path: `${apiPrefix}/comments/{id}/replies`,
  tag,
  summary: 'Reply to a comment or to a reply',
  access: 'user',
  params: idParams,
  body: newComment,
  data: thread,
  errors: ['not_found', 'rate_limited', 'comment_repeated', 'text_forbidden', 'comments_blocked'],
  success: { zh: '回复已发布', en: 'Reply posted' },
})

export const patchComment = endpoint({
  method: 'PATCH',
  path: `${apiPrefix}/comments/{id}`,
  tag,
  summary: 'Edit my comment, within 15 minutes',
  access: 'user',
  params: idParams,
  body: z.strictObject({ text: commentText }),
  data: thread,
  errors: ['not_found', 'forbidden', 'comment_too_late', 'text_forbidden'],
  success: { zh: '已保存', en: 'Saved' },
})

export const deleteComment = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/comments/{id}`,
  tag,
  summary: "Delete a comment: one's own, below one's own video or post, or as a moderator",
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found', 'forbidden'],
})

const liked = z.object({ liked: z.boolean(), likes: count })

export const likeComment = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/comments/{id}/like`,
  tag,
  summary: 'Like a comment',
  access: 'user',
  params: idParams,
  body: empty.optional(),
  data: liked,
  errors: ['not_found'],
})

export const unlikeComment = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/comments/{id}/like`,
  tag,
  summary: 'Take the like back',
  access: 'user',
  params: idParams,
  data: liked,
  errors: ['not_found'],
})

export const pinComment = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/comments/{id}/pin`,
  tag,
  summary: "Pin a comment below one's own video or post, in place of the one pinned before",
  access: 'user',
  params: idParams,
  body: empty.optional(),
  data: nothing,
  errors: ['not_found', 'forbidden'],
})

export const unpinComment = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/comments/{id}/pin`,
  tag,
  summary: 'Unpin it',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found', 'forbidden'],
})

declare module './events.ts' {
  interface Events {
    /**
     * Below a video or a post: the other is null. `parent_id` is the comment that was answered, null at the top;
     * `mentioned_ids` are users.
     */
    'comment.created': {
      comment_id: string
      video_id: string | null
      post_id: string | null
      user_id: string
      parent_id: string | null
      mentioned_ids: string[]
    }
    'comment.liked': { comment_id: string; user_id: string }
  }
}
