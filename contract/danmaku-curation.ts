/** Owns what authors do with danmaku on their videos: protect, lock, bring in, take out; and how dense they are. */
import { z } from 'zod'
import { apiPrefix, empty, idParams, nothing, page, pageQuery, seconds } from './common.ts'
import { danmaku } from './danmaku.ts'
import { endpoint } from './endpoint.ts'

const tag = 'danmaku'
const count = z.number().int()
const ofVideo = (rest: string) => `${apiPrefix}/videos/{id}/danmaku${rest}`

export const exchangeFormat = z.enum(['xml', 'json', 'ass'])

export const getDensity = endpoint({
  method: 'GET',
  path: ofVideo('/density'),
  tag,
  summary: 'How many danmaku there are in each step of a video, and whether its author has closed them',
  access: 'optional',
  params: idParams,
  data: z.object({ step: seconds, counts: z.array(count), locked: z.boolean() }),
  errors: ['not_found'],
  shared: true,
})

export const ownDanmaku = danmaku.extend({ protected: z.boolean() })

export const listOwnDanmaku = endpoint({
  method: 'GET',
  path: ofVideo('/all'),
  tag,
  summary: 'All danmaku of my video in its order',
  access: 'user',
  params: idParams,
  query: pageQuery,
  data: page(ownDanmaku).extend({ locked: z.boolean() }),
  errors: ['not_found', 'forbidden', 'cursor_invalid'],
})

export const protectDanmaku = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/danmaku/{id}/protection`,
  tag,
  summary: 'Keep a danmaku in sight however many there are: the owner of the video or room, a moderator',
  access: 'user',
  params: idParams,
  body: empty.optional(),
  data: nothing,
  errors: ['not_found', 'forbidden'],
})

export const unprotectDanmaku = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/danmaku/{id}/protection`,
  tag,
  summary: 'Treat it as all others again',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found', 'forbidden'],
})

export const lockDanmaku = endpoint({
  method: 'PUT',
  path: ofVideo('/lock'),
  tag,
  summary: 'Let nobody write danmaku on my video any more; those that are there stay',
  access: 'user',
  params: idParams,
  body: empty.optional(),
  data: nothing,
  errors: ['not_found', 'forbidden'],
})

export const unlockDanmaku = endpoint({
  method: 'DELETE',
  path: ofVideo('/lock'),
  tag,
  summary: 'Let everybody write again',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found', 'forbidden'],
})

export const importDanmaku = endpoint({
  method: 'POST',
  path: ofVideo('/import'),
  tag,
  summary: 'Danmaku of a file onto my video: the common XML, JSON or ASS subtitles, up to 8 MB and 20,000',
  access: 'user',
  params: idParams,
  multipart: true,
  data: z.object({ added: count, skipped: count }),
  errors: ['not_found', 'forbidden', 'danmaku_file_invalid', 'body_too_large'],
})

/** The answer is the file, not an envelope. */
export const exportDanmaku = {
  path: ofVideo('/export'),
  tag,
  summary: 'All danmaku of a video as a file: the common XML, JSON or ASS subtitles',
  query: z.object({ format: exchangeFormat.default('xml') }),
} as const
