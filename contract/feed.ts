/** Owns what the feed of the followed holds, what a post is, and their endpoints. */
import { z } from 'zod'
import { apiPrefix, empty, id, idParams, nothing, page, pageQuery, prose, time } from './common.ts'
import { endpoint } from './endpoint.ts'
import { room } from './live.ts'
import { author } from './user.ts'
import { video } from './video.ts'

const tag = 'feed'

export const maxPostPictures = 9
export const maxPostText = 1000

export const postPicture = z.object({
  id,
  url: z.string(),
  /** 480 pixels square at most, cropped: for grids. */
  thumbnail_url: z.string(),
  width: z.number().int(),
  height: z.number().int(),
})
export type PostPicture = z.infer<typeof postPicture>

export const post = z.object({
  id,
  text: z.string(),
  pictures: z.array(postPicture),
  author,
  create_time: time,
  counts: z.object({ likes: z.number().int(), comments: z.number().int() }),
  mine: z.object({ liked: z.boolean() }),
})
export type Post = z.infer<typeof post>

export const feedKind = z.enum(['video', 'live', 'post'])
export type FeedKind = z.infer<typeof feedKind>

const feedBase = { id, time }
export const feedItem = z.discriminatedUnion('kind', [
  z.object({ ...feedBase, kind: z.literal('video'), video }),
  z.object({ ...feedBase, kind: z.literal('live'), room }),
  z.object({ ...feedBase, kind: z.literal('post'), post }),
])
export type FeedItem = z.infer<typeof feedItem>

export const getFeed = endpoint({
  method: 'GET',
  path: `${apiPrefix}/feed`,
  tag,
  summary: 'What those I follow did: new videos, rooms on the air, posts; the latest first',
  access: 'user',
  query: pageQuery.extend({ kind: feedKind.optional() }),
  data: page(feedItem),
  errors: ['cursor_invalid'],
})

export const createPost = endpoint({
  method: 'POST',
  path: `${apiPrefix}/posts`,
  tag,
  summary: 'A post: a short text, up to nine pictures that were uploaded before, or both',
  access: 'user',
  body: z.strictObject({
    text: prose(maxPostText).default(''),
    pictures: z.array(id).max(maxPostPictures).default([]),
  }),
  data: post,
  errors: ['text_invalid', 'not_found', 'rate_limited'],
  success: { zh: '已发布', en: 'Posted' },
})

export const uploadPostPicture = endpoint({
  method: 'POST',
  path: `${apiPrefix}/posts/pictures`,
  tag,
  summary:
    'A picture for a post that will be written within a day (JPEG, PNG or WebP up to 8 MB, re-encoded)',
  access: 'user',
  multipart: true,
  data: postPicture,
  errors: ['image_invalid', 'body_too_large', 'rate_limited'],
})

export const getPost = endpoint({
  method: 'GET',
  path: `${apiPrefix}/posts/{id}`,
  tag,
  summary: 'A post',
  access: 'optional',
  params: idParams,
  data: post,
  errors: ['not_found'],
})

export const deletePost = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/posts/{id}`,
  tag,
  summary: 'Delete a post: its writer, a moderator',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found', 'forbidden'],
})

export const listUserPosts = endpoint({
  method: 'GET',
  path: `${apiPrefix}/users/{id}/posts`,
  tag,
  summary: "Somebody's posts, the latest first",
  access: 'optional',
  params: idParams,
  query: pageQuery,
  data: page(post),
  errors: ['not_found', 'cursor_invalid'],
})

const liked = z.object({ liked: z.boolean(), likes: z.number().int() })

export const likePost = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/posts/{id}/like`,
  tag,
  summary: 'Like a post',
  access: 'user',
  params: idParams,
  body: empty.optional(),
  data: liked,
  errors: ['not_found'],
})

export const unlikePost = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/posts/{id}/like`,
  tag,
  summary: 'Take the like back',
  access: 'user',
  params: idParams,
  data: liked,
  errors: ['not_found'],
})

declare module './events.ts' {
  interface Events {
    'post.created': { post_id: string; user_id: string }
    'post.deleted': { post_id: string; user_id: string }
    /** `owner_id` wrote the post, `user_id` likes it. */
    'post.liked': { post_id: string; owner_id: string; user_id: string }
  }
}
