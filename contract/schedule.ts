/** Owns announced broadcasts: what they look like, their endpoints, and being reminded of one. */
import { z } from 'zod'
import { apiPrefix, empty, id, idParams, line, nothing, time } from './common.ts'
import { endpoint } from './endpoint.ts'
import { author } from './user.ts'

const tag = 'live'

export const scheduled = z.object({
  id,
  room_id: id,
  title: z.string(),
  starts_at: time,
  /** `planned`; `started`: its room went live for it. */
  state: z.enum(['planned', 'started']),
  /** How many asked to be reminded. */
  reminders: z.number().int(),
  mine: z.object({ reminded: z.boolean() }),
  author,
})
export type Scheduled = z.infer<typeof scheduled>

const title = line(80).pipe(z.string().min(1))
const list = z.object({ items: z.array(scheduled) })

export const listRoomSchedule = endpoint({
  method: 'GET',
  path: `${apiPrefix}/live/{id}/schedule`,
  tag,
  summary: 'What a room has announced, the next first',
  access: 'optional',
  params: idParams,
  data: list,
  errors: ['not_found'],
})

export const listSchedule = endpoint({
  method: 'GET',
  path: `${apiPrefix}/schedule`,
  tag,
  summary: 'The next announced broadcasts of all rooms; of those I follow or am reminded of with `mine`',
  access: 'optional',
  query: z.object({
    limit: z.number().int().min(1).max(50).default(12),
    mine: z.boolean().default(false),
  }),
  data: list,
})

export const announceBroadcast = endpoint({
  method: 'POST',
  path: `${apiPrefix}/me/room/schedule`,
  tag,
  summary: 'Announce a broadcast: up to a year ahead, at most 20 at a time',
  access: 'user',
  body: z.strictObject({ title, starts_at: time }),
  data: scheduled,
  errors: ['time_refused', 'too_many'],
})

export const changeBroadcast = endpoint({
  method: 'PATCH',
  path: `${apiPrefix}/me/room/schedule/{id}`,
  tag,
  summary: 'Move or rename an announced broadcast; a new time reminds anew',
  access: 'user',
  params: idParams,
  body: z.strictObject({ title: title.optional(), starts_at: time.optional() }),
  data: scheduled,
  errors: ['not_found', 'time_refused'],
})

export const cancelBroadcast = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/me/room/schedule/{id}`,
  tag,
  summary: 'Call an announced broadcast off; who wanted to be reminded is told',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found'],
})

export const remindMe = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/schedule/{id}/reminder`,
  tag,
  summary: 'Remind me 10 minutes before, and when it starts',
  access: 'user',
  params: idParams,
  body: empty.optional(),
  data: scheduled,
  errors: ['not_found', 'rate_limited'],
})

export const forgetReminder = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/schedule/{id}/reminder`,
  tag,
  summary: 'Do not remind me',
  access: 'user',
  params: idParams,
  data: scheduled,
  errors: ['not_found', 'rate_limited'],
})

declare module './events.ts' {
  interface Events {
    /** Of one broadcast to some of those who asked; many come as several events. */
    'schedule.reminded': {
      schedule_id: string
      owner_id: string
      room_id: string
      title: string
      starts_ms: number
      what: 'soon' | 'started' | 'cancelled'
      user_ids: string[]
    }
  }
}
