/** Owns what a user looks like from outside and the endpoints about oneself. */
import { z } from 'zod'
import { apiPrefix, id, line, prose, time } from './common.ts'
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
  followed: z.boolean(),
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
})

declare module './events.ts' {
  interface Events {
    'user.followed': { user_id: string; follower_id: string }
  }
}
