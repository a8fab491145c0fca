/** Owns what a user looks like from outside and the endpoints about oneself. */
import { z } from 'zod'
import { apiPrefix, id, idParams, line, page, pageQuery, prose, time } from './common.ts'
import { endpoint } from './endpoint.ts'

const tag = 'user'

export const role = z.enum(['user', 'creator', 'moderator', 'admin'])
export type Role = z.infer<typeof role>

/** 0 unsaid, 1 male, 2 female. */
export const sex = z.union([z.literal(0), z.literal(1), z.literal(2)])

/** The few words about a user that stand beside a video, a danmaku or a room. */
export const author = z.object({
  id,
  nickname: z.string(),
  username: z.string().nullable(),
  avatar_url: z.string().nullable(),
  follower_count: z.number().int(),
  followed: z.boolean(),
})
export type Author = z.infer<typeof author>

export const user = z.object({
  id,
  nickname: z.string(),
  username: z.string().nullable(),
  avatar_url: z.string().nullable(),
  signature: z.string(),
  sex,
  create_time: time,
  counts: z.object({
    followers: z.number().int(),
    following: z.number().int(),
    videos: z.number().int(),
    likes: z.number().int(),
  }),
  /** I follow them; `special`: closely. `follows_me` and `followed` together are mutual. */
  followed: z.boolean(),
  special: z.boolean(),
  follows_me: z.boolean(),
  /** I blocked them. */
  blocked: z.boolean(),
  role,
  room_id: id,
})
export type User = z.infer<typeof user>

export const me = user.extend({
  mobile: z.string().nullable().meta({ example: '138****8000' }),
  email: z.string().nullable(),
  birth_date: z.string().nullable(),
  links: z.array(z.string()),
  two_step: z.boolean(),
})
export type Me = z.infer<typeof me>

export const getMe = endpoint({
  method: 'GET',
  path: `${apiPrefix}/me`,
  tag,
  summary: 'Who am I',
  access: 'user',
  data: me,
})

export const patchMe = endpoint({
  method: 'PATCH',
  path: `${apiPrefix}/me`,
  tag,
  summary: 'Change my profile',
  access: 'user',
  body: z.strictObject({
    nickname: line(30).pipe(z.string().min(1)).optional(),
    username: z.string().max(40).optional(),
    signature: prose(200).optional(),
    sex: sex.optional(),
    birth_date: z.union([z.iso.date(), z.literal('')]).optional(),
    links: z
      .array(z.url({ protocol: /^https?$/ }).max(300))
      .max(5)
      .optional(),
  }),
  data: me,
  errors: ['username_invalid', 'username_taken'],
  success: { zh: '已保存', en: 'Saved' },
})

export const postAvatar = endpoint({
  method: 'POST',
  path: `${apiPrefix}/me/avatar`,
  tag,
  summary: 'A new avatar (JPEG, PNG or WebP up to 8 MB, re-encoded)',
  access: 'user',
  multipart: true,
  data: me,
  errors: ['image_invalid', 'body_too_large'],
})

export const getUser = endpoint({
  method: 'GET',
  path: `${apiPrefix}/users/{id}`,
  tag,
  summary: 'A user, by id or @username',
  access: 'optional',
  params: z.strictObject({ id: z.string().regex(/^@?[0-9A-Za-z_-]{1,64}$/) }),
  data: user,
  errors: ['not_found'],
  shared: true,
})

/** Somebody in a list of people. */
export const person = author.extend({
  signature: z.string(),
  special: z.boolean(),
  follows_me: z.boolean(),
})
export type Person = z.infer<typeof person>

/** How I stand to somebody, and how many follow them now. */
export const relation = z.object({
  followed: z.boolean(),
  special: z.boolean(),
  follows_me: z.boolean(),
  blocked: z.boolean(),
  followers: z.number().int(),
})
export type Relation = z.infer<typeof relation>

export const followUser = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/users/{id}/follow`,
  tag,
  summary: 'Follow; special follows closely, without it an earlier choice stays',
  access: 'user',
  params: idParams,
  body: z.strictObject({ special: z.boolean().optional() }).optional(),
  data: relation,
  errors: ['not_found', 'self_refused', 'blocked', 'follow_limit', 'rate_limited'],
})

export const unfollowUser = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/users/{id}/follow`,
  tag,
  summary: 'Follow no longer',
  access: 'user',
  params: idParams,
  data: relation,
  errors: ['not_found', 'rate_limited'],
})

export const blockUser = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/users/{id}/block`,
  tag,
  summary: 'Block: neither follows the other any more, and they can not write to me',
  access: 'user',
  params: idParams,
  body: z.strictObject({}).optional(),
  data: relation,
  errors: ['not_found', 'self_refused', 'follow_limit', 'rate_limited'],
})

export const unblockUser = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/users/{id}/block`,
  tag,
  summary: 'Block no longer',
  access: 'user',
  params: idParams,
  data: relation,
  errors: ['not_found', 'rate_limited'],
})

export const listFollowers = endpoint({
  method: 'GET',
  path: `${apiPrefix}/users/{id}/followers`,
  tag,
  summary: 'Who follows a user, the latest first',
  access: 'optional',
  params: idParams,
  query: pageQuery,
  data: page(person),
  errors: ['not_found', 'cursor_invalid'],
})

export const listFollowing = endpoint({
  method: 'GET',
  path: `${apiPrefix}/users/{id}/following`,
  tag,
  summary: 'Whom a user follows, the latest first',
  access: 'optional',
  params: idParams,
  query: pageQuery,
  data: page(person),
  errors: ['not_found', 'cursor_invalid'],
})

export const listBlocks = endpoint({
  method: 'GET',
  path: `${apiPrefix}/me/blocks`,
  tag,
  summary: 'Whom I blocked, the latest first',
  access: 'user',
  query: pageQuery,
  data: page(person),
  errors: ['cursor_invalid'],
})

declare module './events.ts' {
  interface Events {
    /** For the first time or again; not for a follow that was there. */
    'user.followed': { user_id: string; follower_id: string }
  }
}
