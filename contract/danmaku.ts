/** Owns what a danmaku is, on a video and in a live room. */
import { z } from 'zod'
import { apiPrefix, id, idParams, line, nothing, seconds, time } from './common.ts'
import { endpoint } from './endpoint.ts'

const tag = 'danmaku'

export const mode = z.enum(['scroll', 'top', 'bottom'])
export const size = z.enum(['small', 'normal', 'large'])
export const color = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/)
  .transform((c) => c.toLowerCase())

/** One danmaku; the same object over HTTP and over the socket (there with `type`). */
export const danmaku = z.object({
  id,
  user: z.object({ id, nickname: z.string() }),
  text: z.string(),
  color: z.string(),
  mode,
  size,
  /** Seconds since the start of the video or of the live session, on the stream's own clock. */
  media_time: seconds,
  sent_at: time,
})
export type Danmaku = z.infer<typeof danmaku>

export const text = line(100).pipe(z.string().min(1))

/** A range of the timeline; at most 2,000 danmaku come back. */
const range = z.object({ from: seconds.default(0), to: seconds.optional() })
const items = z.object({ items: z.array(danmaku) })

export const listVideoDanmaku = endpoint({
  method: 'GET',
  path: `${apiPrefix}/videos/{id}/danmaku`,
  tag,
  summary: 'The danmaku of a stretch of a video',
  access: 'optional',
  params: idParams,
  query: range,
  data: items,
  errors: ['not_found'],
})

export const postVideoDanmaku = endpoint({
  method: 'POST',
  path: `${apiPrefix}/videos/{id}/danmaku`,
  tag,
  summary: 'Write a danmaku on a video',
  access: 'user',
  params: idParams,
  body: z.strictObject({
    text,
    time: seconds,
    color: color.default('#ffffff'),
    mode: mode.default('scroll'),
    size: size.default('normal'),
  }),
  data: danmaku,
  errors: ['not_found', 'rate_limited', 'muted', 'danmaku_locked', 'text_forbidden'],
})

export const listLiveDanmaku = endpoint({
  method: 'GET',
  path: `${apiPrefix}/live/{id}/danmaku`,
  tag,
  summary: 'The danmaku of a stretch of the running live session; without a range its last 50',
  access: 'optional',
  params: idParams,
  query: z.object({ from: seconds.optional(), to: seconds.optional() }),
  data: items,
  errors: ['not_found'],
})

export const deleteDanmaku = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/danmaku/{id}`,
  tag,
  summary: 'Delete a danmaku: its writer, the owner of the video or room, a moderator',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found', 'forbidden'],
})
