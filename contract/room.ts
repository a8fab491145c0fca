/** Owns how a room is kept in order: its moderators, rules, bans, the pinned message, and raids. */
import { z } from 'zod'
import { apiPrefix, empty, id, idParams, line, nothing, prose, time } from './common.ts'
import { endpoint } from './endpoint.ts'
import { author } from './user.ts'

const tag = 'room'
const person = z.strictObject({ id, user: id })

const word = line(30).pipe(z.string().min(1))
/** Who may speak how often; these bind neither the owner nor moderators. */
export const roomRules = z.object({
  /** Seconds between two messages of one person; 0: off. */
  slow_seconds: z.number().int().min(0).max(3600),
  /** Only who has followed the owner for so many minutes; null: everybody. */
  followers_minutes: z.number().int().min(0).max(43_200).nullable(),
})
export type RoomRules = z.infer<typeof roomRules>

export const pinned = z.object({
  text: z.string(),
  /** Who said it. */
  user: z.object({ id, nickname: z.string() }),
  time,
})
export type Pinned = z.infer<typeof pinned>

const refusals = ['not_found', 'forbidden'] as const

export const getRoomRules = endpoint({
  method: 'GET',
  path: `${apiPrefix}/live/{id}/rules`,
  tag,
  summary: 'The rules of a room and its refused words (its owner, moderators)',
  access: 'user',
  params: idParams,
  data: roomRules.extend({ words: z.array(z.string()) }),
  errors: refusals,
})

export const patchRoomRules = endpoint({
  method: 'PATCH',
  path: `${apiPrefix}/live/{id}/rules`,
  tag,
  summary: 'Change the rules of a room, its refused words, its announcement (its owner, moderators)',
  access: 'user',
  params: idParams,
  body: z.strictObject({
    slow_seconds: roomRules.shape.slow_seconds.optional(),
    followers_minutes: roomRules.shape.followers_minutes.optional(),
    words: z.array(word).max(200).optional(),
    announcement: prose(500).optional(),
  }),
  data: roomRules.extend({ words: z.array(z.string()) }),
  errors: refusals,
  success: { zh: '已保存', en: 'Saved' },
})

export const listModerators = endpoint({
  method: 'GET',
  path: `${apiPrefix}/live/{id}/moderators`,
  tag,
  summary: 'Who moderates a room beside its owner',
  access: 'optional',
  params: idParams,
  data: z.object({ items: z.array(author) }),
  errors: ['not_found'],
})

export const appointModerator = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/live/{id}/moderators/{user}`,
  tag,
  summary: 'Let somebody moderate my room, its replays included; at most 50',
  access: 'user',
  params: person,
  body: empty.optional(),
  data: nothing,
  errors: [...refusals, 'self_refused', 'too_many', 'banned_here'],
})

export const dismissModerator = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/live/{id}/moderators/{user}`,
  tag,
  summary: 'Moderator of my room no longer; moderators may step down by themselves',
  access: 'user',
  params: person,
  data: nothing,
  errors: refusals,
})

export const listBans = endpoint({
  method: 'GET',
  path: `${apiPrefix}/live/{id}/bans`,
  tag,
  summary: 'Who is banned from a room (its owner, moderators)',
  access: 'user',
  params: idParams,
  data: z.object({ items: z.array(z.object({ user: z.object({ id, nickname: z.string() }) })) }),
  errors: refusals,
})

export const banUser = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/live/{id}/bans/{user}`,
  tag,
  summary: 'Ban from a room until it is lifted: no messages, gifts or likes, live and in replays',
  access: 'user',
  params: person,
  body: empty.optional(),
  data: nothing,
  errors: refusals,
})

export const liftBan = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/live/{id}/bans/{user}`,
  tag,
  summary: 'Lift a ban from a room',
  access: 'user',
  params: person,
  data: nothing,
  errors: refusals,
})

export const purgeUser = endpoint({
  method: 'POST',
  path: `${apiPrefix}/live/{id}/purges/{user}`,
  tag,
  summary:
    'All messages of somebody in the running session vanish at once; who wrote them is muted or banned',
  access: 'user',
  params: person,
  body: z
    .strictObject({
      /** 0: neither muted nor banned by this. */
      minutes: z.number().int().min(0).max(43_200).default(1440),
      ban: z.boolean().default(false),
    })
    .optional(),
  data: z.object({ deleted: z.number().int() }),
  errors: [...refusals, 'room_not_live'],
})

export const pinMessage = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/live/{id}/pin`,
  tag,
  summary: 'Pin a message of the room, or a text of one’s own (its owner, moderators)',
  access: 'user',
  params: idParams,
  body: z.union([
    z.strictObject({ danmaku_id: id }),
    z.strictObject({ text: line(200).pipe(z.string().min(1)) }),
  ]),
  data: pinned,
  errors: refusals,
})

export const unpinMessage = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/live/{id}/pin`,
  tag,
  summary: 'Nothing is pinned any more',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: refusals,
})

const raidRoom = z.object({ id, title: z.string(), author })

/** A raid that is about to happen, as the viewers who are asked to come along see it. */
export const raid = z.object({ id, to: raidRoom, viewers: z.number().int(), go_at: time })
export type Raid = z.infer<typeof raid>

/** As the room sees it where they arrive. */
export const arrival = z.object({ id, from: raidRoom, viewers: z.number().int(), time })
export type Arrival = z.infer<typeof arrival>

export const startRaid = endpoint({
  method: 'POST',
  path: `${apiPrefix}/me/room/raid`,
  tag,
  summary:
    'Take my viewers along to another live room in 15 seconds; then my session ends unless told otherwise',
  access: 'user',
  body: z.strictObject({ room_id: id, end: z.boolean().default(true) }),
  data: raid,
  errors: ['not_found', 'room_not_live', 'self_refused', 'blocked', 'raid_running', 'rate_limited'],
})

export const cancelRaid = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/me/room/raid`,
  tag,
  summary: 'Call the raid off while it counts down',
  access: 'user',
  data: nothing,
  errors: ['not_found'],
})

declare module './events.ts' {
  interface Events {
    'room.moderator_appointed': { room_id: string; owner_id: string; user_id: string }
    'live.raided': {
      raid_id: string
      from_room_id: string
      to_room_id: string
      from_owner_id: string
      to_owner_id: string
      viewers: number
    }
  }
}
