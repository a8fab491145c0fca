/** Owns what a room is from outside, its endpoints and the messages of its socket. */
import { z } from 'zod'
import { clipsChoice } from './clip.ts'
import { apiPrefix, empty, id, idParams, line, nothing, page, pageQuery, prose, time } from './common.ts'
import { color, danmaku, mode, size, text } from './danmaku.ts'
import { endpoint } from './endpoint.ts'
import { gift } from './gift.ts'
import { arrival, pinned, raid, roomRules } from './room.ts'
import { author } from './user.ts'
import { categoryId } from './video.ts'

const tag = 'live'

export const roomState = z.enum(['idle', 'live', 'reconnecting'])
export const replayChoice = z.enum(['public', 'private', 'none'])

export const room = z.object({
  id,
  title: z.string(),
  category: categoryId,
  /** The running session's picture (less than 30 s old) while live, else the room's cover. */
  cover_url: z.string().nullable(),
  announcement: z.string(),
  state: roomState,
  started_at: time.nullable(),
  /** While reconnecting: when the session ends if the publisher stays away. */
  reconnect_until: time.nullable(),
  viewers: z.number().int(),
  /** The most at once in this session; 0 while idle. */
  peak_viewers: z.number().int(),
  /** Of this session. */
  likes: z.number().int(),
  author,
  session_id: id.nullable(),
  /** `dvr` is the whole session so far with its live edge; null where it is not recorded. */
  play: z.object({ ll_hls: z.string(), hls: z.string(), dvr: z.string().nullable() }).nullable(),
  last_session: z.object({ id, video_id: id.nullable() }).nullable(),
})
export type Room = z.infer<typeof room>

/** How the incoming stream does; null while nothing comes in. */
export const health = z.object({
  video: z
    .object({
      codec: z.string(),
      width: z.number(),
      height: z.number(),
      fps: z.number(),
      bitrate_kbps: z.number(),
      keyframe_interval: z.number().nullable(),
    })
    .nullable(),
  audio: z
    .object({ codec: z.string(), sample_rate: z.number(), channels: z.number(), bitrate_kbps: z.number() })
    .nullable(),
  /** Words on each stand in the web's dictionary. */
  warnings: z.array(z.enum(['long_gop', 'no_audio', 'no_video', 'recording_stopped', 'low_fps'])),
})
export type Health = z.infer<typeof health>

/** The incoming stream over about two seconds. */
export const healthPoint = z.object({
  at: time,
  video_kbps: z.number(),
  audio_kbps: z.number(),
  fps: z.number(),
  /** Seconds; null before the second keyframe. */
  keyframe_interval: z.number().nullable(),
  /** Frames that the encoder left out in these two seconds; null where the frame rate is not constant. */
  dropped_frames: z.number().int().nullable(),
  /** Milliseconds by which sound comes before its picture; negative after it; null without both. */
  skew: z.number().nullable(),
})
export type HealthPoint = z.infer<typeof healthPoint>

export const ownRoom = room.extend({
  replay: replayChoice,
  /** Who may make clips here. */
  clips: clipsChoice,
  has_stream_key: z.boolean(),
  health: health.nullable(),
})
export type OwnRoom = z.infer<typeof ownRoom>

export const listLive = endpoint({
  method: 'GET',
  path: `${apiPrefix}/live`,
  tag,
  summary: 'Rooms that are live now',
  access: 'optional',
  query: pageQuery.extend({
    category: categoryId.optional(),
    sort: z.enum(['viewers', 'newest']).default('viewers'),
  }),
  data: page(room),
  errors: ['cursor_invalid'],
  shared: true,
})

export const getRoom = endpoint({
  method: 'GET',
  path: `${apiPrefix}/live/{id}`,
  tag,
  summary: 'A room',
  access: 'optional',
  params: idParams,
  data: room,
  errors: ['not_found'],
})

export const getMyRoom = endpoint({
  method: 'GET',
  path: `${apiPrefix}/me/room`,
  tag,
  summary: 'My room, with the health of the incoming stream',
  access: 'user',
  data: ownRoom,
})

export const getMyHealth = endpoint({
  method: 'GET',
  path: `${apiPrefix}/me/room/health`,
  tag,
  summary: 'How my incoming stream did in the last ten minutes, oldest first',
  access: 'user',
  query: z.object({
    /** Only what came after this moment, as the last `at` said it. */
    since: time.optional(),
  }),
  data: z.object({
    /** null while there is no live session. */
    session_id: id.nullable(),
    items: z.array(healthPoint),
  }),
})

export const patchMyRoom = endpoint({
  method: 'PATCH',
  path: `${apiPrefix}/me/room`,
  tag,
  summary: 'Change my room',
  access: 'user',
  body: z.strictObject({
    title: line(80).pipe(z.string().min(1)).optional(),
    category: categoryId.optional(),
    announcement: prose(500).optional(),
    replay: replayChoice.optional(),
    clips: clipsChoice.optional(),
  }),
  data: ownRoom,
  success: { zh: '已保存', en: 'Saved' },
})

export const postRoomCover = endpoint({
  method: 'POST',
  path: `${apiPrefix}/me/room/cover`,
  tag,
  summary: 'A cover for my room',
  access: 'user',
  multipart: true,
  data: ownRoom,
  errors: ['image_invalid', 'body_too_large'],
})

export const rotateStreamKey = endpoint({
  method: 'POST',
  path: `${apiPrefix}/me/room/stream_key`,
  tag,
  summary: 'A new stream key, shown this once; the old one stops working',
  access: 'user',
  body: z.strictObject({ cut: z.boolean().default(true) }).optional(),
  data: z.object({ server: z.string(), stream_key: z.string() }),
})

export const endStream = endpoint({
  method: 'POST',
  path: `${apiPrefix}/me/room/end`,
  tag,
  summary: 'End the running live session for good',
  access: 'user',
  body: empty.optional(),
  data: z.object({ video_id: id.nullable() }),
  errors: ['room_not_live'],
})

const muteParams = z.strictObject({ id, user: id })
export const muteUser = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/live/{id}/mutes/{user}`,
  tag,
  summary: 'Mute a user in a room (its owner, moderators)',
  access: 'user',
  params: muteParams,
  body: z.strictObject({ minutes: z.number().int().min(1).max(43_200).default(60) }).optional(),
  data: z.object({ until: time }),
  errors: ['not_found', 'forbidden'],
})

export const unmuteUser = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/live/{id}/mutes/{user}`,
  tag,
  summary: 'Let a muted user speak again',
  access: 'user',
  params: muteParams,
  data: nothing,
  errors: ['not_found', 'forbidden'],
})

export const listMutes = endpoint({
  method: 'GET',
  path: `${apiPrefix}/live/{id}/mutes`,
  tag,
  summary: 'Who is muted in a room now',
  access: 'user',
  params: idParams,
  data: z.object({ items: z.array(z.object({ user: z.object({ id, nickname: z.string() }), until: time })) }),
  errors: ['not_found', 'forbidden'],
})

/** WebSocket of a room: subprotocol `vireo.1`, and `ticket.{ticket}` for those who are signed in. */
export const roomSocketPath = `${apiPrefix}/live/{id}/socket`
export const socketProtocol = 'vireo.1'

export const roomSocketClient = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('danmaku'),
    text,
    color: color.default('#ffffff'),
    mode: mode.default('scroll'),
    size: size.default('normal'),
    /** Program date-time at the sender's playhead (hls.playingDate); without it the live edge is meant. */
    playing_date: time.optional(),
    /** Comes back with one's own danmaku, so that it can be matched. */
    client_id: z.string().max(36).optional(),
  }),
  z.strictObject({ type: z.literal('heartbeat') }),
  /** So many taps since the last; counted for those who are signed in, at most 20 a second. */
  z.strictObject({ type: z.literal('like'), count: z.number().int().min(1).max(60) }),
  /** Does not come along with this raid. */
  z.strictObject({ type: z.literal('stay'), raid_id: id }),
])
export type RoomSocketClient = z.input<typeof roomSocketClient>

export const liveDanmaku = danmaku.extend({
  type: z.literal('danmaku'),
  client_id: z.string().optional(),
  /** The room's owner wrote it. */
  owner: z.boolean(),
  /** A moderator of the room wrote it. */
  moderator: z.boolean(),
})

/** Offered beside `vireo.1` by who takes several messages in one frame (`batch`). */
export const batchProtocol = 'batch.1'

/** What this very socket may do, and why not. */
const standing = {
  can_write: z.boolean(),
  can_moderate: z.boolean(),
  muted_until: time.nullable(),
  banned: z.boolean(),
}

const roomMessages = [
  z.object({
    type: z.literal('hello'),
    history: z.array(liveDanmaku),
    gifts: z.array(gift),
    viewers: z.number(),
    likes: z.number(),
    room,
    rules: roomRules,
    pinned: pinned.nullable(),
    raid: raid.nullable(),
    ...standing,
  }),
  liveDanmaku,
  gift.extend({ type: z.literal('gift') }),
  z.object({ type: z.literal('likes'), likes: z.number() }),
  /** The rules have changed. */
  z.object({ type: z.literal('rules'), rules: roomRules }),
  z.object({ type: z.literal('pinned'), pinned: pinned.nullable() }),
  /** Everything that this user wrote in the session is gone. */
  z.object({ type: z.literal('purged'), user_id: id }),
  /** Whether this very socket may write and moderate from now on. */
  z.object({
    type: z.literal('standing'),
    ...standing,
  }),
  raid.extend({ type: z.literal('raid') }),
  z.object({ type: z.literal('raid_cancelled'), id }),
  arrival.extend({ type: z.literal('raided') }),
  z.object({ type: z.literal('viewers'), viewers: z.number() }),
  z.object({ type: z.literal('state'), room }),
  z.object({ type: z.literal('deleted'), id }),
  z.object({ type: z.literal('notice'), text: z.string() }),
  z.object({
    type: z.literal('error'),
    error: z.string(),
    msg: z.string(),
    client_id: z.string().optional(),
    retry_after: z.number().optional(),
  }),
] as const

export const roomSocketServer = z.discriminatedUnion('type', [
  ...roomMessages,
  /** Several at once, in order; `skipped` messages more came than anybody could read. */
  z.object({
    type: z.literal('batch'),
    items: z.array(z.discriminatedUnion('type', roomMessages)),
    skipped: z.number().int(),
  }),
])
export type RoomSocketServer = z.output<typeof roomSocketServer>

declare module './events.ts' {
  interface Events {
    'live.started': { session_id: string; user_id: string; room_id: string }
    /** `video_id` is the replay, null where there is none. */
    'live.ended': { session_id: string; user_id: string; room_id: string; video_id: string | null }
  }
}
