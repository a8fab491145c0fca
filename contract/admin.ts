/** Owns what those who run the site see and do: users, videos, live rooms, jobs, settings, audit log, figures. */
import { z } from 'zod'
import { apiPrefix, empty, id, idParams, line, nothing, page, pageQuery, time } from './common.ts'
import { endpoint } from './endpoint.ts'
import { health, room } from './live.ts'
import { siteSettings } from './settings.ts'
import { author, role } from './user.ts'
import { ownVideo, videoState } from './video.ts'

const tag = 'admin'
const path = (rest: string) => `${apiPrefix}/admin${rest}`
const reason = line(200)
const count = z.number().int()

export const adminUser = z.object({
  id,
  nickname: z.string(),
  username: z.string().nullable(),
  avatar_url: z.string().nullable(),
  role,
  create_time: time,
  mobile: z.string().nullable().meta({ example: '138****8000' }),
  room_id: id,
  counts: z.object({ followers: count, following: count, videos: count, likes: count }),
  banned: z.object({ time, until: time.nullable(), reason: z.string() }).nullable(),
})
export type AdminUser = z.output<typeof adminUser>

export const adminUserDetail = adminUser.extend({
  signature: z.string(),
  storage: z.object({ used_bytes: z.number(), quota_bytes: z.number() }),
})
export type AdminUserDetail = z.output<typeof adminUserDetail>

export const listAdminUsers = endpoint({
  method: 'GET',
  path: path('/users'),
  tag,
  summary: 'People: all, by role, banned; q finds by nickname, user name, id, number or its last four digits',
  access: 'admin',
  query: pageQuery.extend({
    q: line(60).optional(),
    role: role.optional(),
    banned: z.boolean().optional(),
  }),
  data: page(adminUser),
  errors: ['cursor_invalid'],
})

export const getAdminUser = endpoint({
  method: 'GET',
  path: path('/users/{id}'),
  tag,
  summary: 'Somebody, with what only administrators see',
  access: 'admin',
  params: idParams,
  data: adminUserDetail,
  errors: ['not_found'],
})

export const putRole = endpoint({
  method: 'PUT',
  path: path('/users/{id}/role'),
  tag,
  summary: 'Give somebody another role; the last administrator keeps theirs',
  access: 'admin',
  params: idParams,
  body: z.strictObject({ role }),
  data: adminUserDetail,
  errors: ['not_found', 'last_admin'],
  success: { zh: '角色已更改', en: 'The role was changed' },
})

export const putBan = endpoint({
  method: 'PUT',
  path: path('/users/{id}/ban'),
  tag,
  summary: 'Ban somebody: sessions end at once, sockets and broadcasts within 5 seconds',
  access: 'admin',
  params: idParams,
  body: z.strictObject({ reason, until: time.nullable().default(null) }),
  data: adminUserDetail,
  errors: ['not_found', 'forbidden', 'last_admin', 'params_invalid'],
  success: { zh: '已封禁', en: 'Banned' },
})

export const deleteBan = endpoint({
  method: 'DELETE',
  path: path('/users/{id}/ban'),
  tag,
  summary: 'Lift a ban',
  access: 'admin',
  params: idParams,
  data: adminUserDetail,
  errors: ['not_found'],
  success: { zh: '已解封', en: 'The ban was lifted' },
})

export const adminSession = z.object({
  id,
  device: z.string(),
  address: z.string(),
  create_time: time,
  last_seen: time,
})
export type AdminSession = z.output<typeof adminSession>

export const listUserSessions = endpoint({
  method: 'GET',
  path: path('/users/{id}/sessions'),
  tag,
  summary: 'The devices on which somebody is signed in',
  access: 'admin',
  params: idParams,
  data: z.object({ items: z.array(adminSession) }),
  errors: ['not_found'],
})

export const deleteUserSessions = endpoint({
  method: 'DELETE',
  path: path('/users/{id}/sessions'),
  tag,
  summary: 'Sign somebody out everywhere',
  access: 'admin',
  params: idParams,
  data: z.object({ ended: count }),
  errors: ['not_found'],
})

export const deleteUserSession = endpoint({
  method: 'DELETE',
  path: path('/users/{id}/sessions/{session}'),
  tag,
  summary: 'Sign one device of somebody out',
  access: 'admin',
  params: z.strictObject({ id, session: id }),
  data: nothing,
  errors: ['not_found'],
})

export const adminVideo = ownVideo
export type AdminVideo = z.output<typeof adminVideo>

export const listAdminVideos = endpoint({
  method: 'GET',
  path: path('/videos'),
  tag,
  summary: 'Videos of everybody in every state; q is an id or the beginning of a title',
  access: 'moderator',
  query: pageQuery.extend({
    q: line(80).optional(),
    user: id.optional(),
    state: z.enum([...videoState.options, 'taken_down', 'deleted']).optional(),
  }),
  data: page(adminVideo),
  errors: ['cursor_invalid'],
})

export const takeDownVideo = endpoint({
  method: 'PUT',
  path: path('/videos/{id}/take_down'),
  tag,
  summary: 'Hide a video from everybody but its owner',
  access: 'moderator',
  params: idParams,
  body: z.strictObject({ reason }),
  data: nothing,
  errors: ['not_found'],
})

export const putBackVideo = endpoint({
  method: 'DELETE',
  path: path('/videos/{id}/take_down'),
  tag,
  summary: 'Show a video again that was taken down',
  access: 'moderator',
  params: idParams,
  data: nothing,
  errors: ['not_found'],
})

export const removeVideo = endpoint({
  method: 'DELETE',
  path: path('/videos/{id}'),
  tag,
  summary: 'Delete a video; it can be restored for 30 days',
  access: 'moderator',
  params: idParams,
  query: z.strictObject({ reason: reason.default('') }),
  data: nothing,
  errors: ['not_found'],
})

export const restoreAnyVideo = endpoint({
  method: 'POST',
  path: path('/videos/{id}/restore'),
  tag,
  summary: 'Take a deleted video back',
  access: 'moderator',
  params: idParams,
  body: empty.optional(),
  data: nothing,
  errors: ['not_found'],
})

export const retryVideo = endpoint({
  method: 'POST',
  path: path('/videos/{id}/retry'),
  tag,
  summary: 'Process a failed upload again, where the machine and not the file was at fault',
  access: 'moderator',
  params: idParams,
  body: empty.optional(),
  data: nothing,
  errors: ['not_found', 'conflict', 'file_gone'],
})

export const adminRoom = room.extend({ health: health.nullable() })
export type AdminRoom = z.output<typeof adminRoom>

export const listAdminLive = endpoint({
  method: 'GET',
  path: path('/live'),
  tag,
  summary: 'Broadcasts on the air, with the health of their streams',
  access: 'moderator',
  query: pageQuery,
  data: page(adminRoom),
  errors: ['cursor_invalid'],
})

export const closedRoom = z.object({ id, title: z.string(), author, reason: z.string() })
export type ClosedRoom = z.output<typeof closedRoom>

export const listClosedRooms = endpoint({
  method: 'GET',
  path: path('/live/closed'),
  tag,
  summary: 'Rooms that are closed',
  access: 'moderator',
  query: pageQuery,
  data: page(closedRoom),
  errors: ['cursor_invalid'],
})

export const cutLive = endpoint({
  method: 'POST',
  path: path('/live/{id}/cut'),
  tag,
  summary: 'End the running broadcast of a room; its owner may begin another',
  access: 'moderator',
  params: idParams,
  body: empty.optional(),
  data: nothing,
  errors: ['not_found', 'room_not_live'],
})

export const closeRoom = endpoint({
  method: 'PUT',
  path: path('/live/{id}/close'),
  tag,
  summary: 'Close a room: nobody can publish to it until it is opened again',
  access: 'moderator',
  params: idParams,
  body: z.strictObject({ reason }),
  data: nothing,
  errors: ['not_found'],
})

export const openRoom = endpoint({
  method: 'DELETE',
  path: path('/live/{id}/close'),
  tag,
  summary: 'Open a closed room again',
  access: 'moderator',
  params: idParams,
  data: nothing,
  errors: ['not_found'],
})

export const jobState = z.enum(['queued', 'running', 'done', 'failed', 'cancelled'])
export type JobState = z.output<typeof jobState>

export const adminJob = z.object({
  id,
  kind: z.string(),
  state: jobState,
  /** 0 to 1. */
  progress: z.number(),
  note: z.string().nullable(),
  attempt: count,
  max_attempts: count,
  /** What went wrong last; the text ends with the last lines of the tool. */
  error: z.object({ code: z.string(), text: z.string() }).nullable(),
  /** Queued: not before then. */
  due_time: time,
  create_time: time,
  update_time: time,
  /** The video it works on. */
  video: z.object({ id, title: z.string() }).nullable(),
})
export type AdminJob = z.output<typeof adminJob>

export const listJobs = endpoint({
  method: 'GET',
  path: path('/jobs'),
  tag,
  summary: 'Jobs in one state, newest first',
  access: 'admin',
  query: pageQuery.extend({ state: jobState.default('running') }),
  data: page(adminJob),
  errors: ['cursor_invalid'],
})

export const retryJob = endpoint({
  method: 'POST',
  path: path('/jobs/{id}/retry'),
  tag,
  summary: 'Queue a failed or cancelled job again',
  access: 'admin',
  params: idParams,
  body: empty.optional(),
  data: nothing,
  errors: ['not_found', 'conflict', 'file_gone'],
})

export const cancelJob = endpoint({
  method: 'POST',
  path: path('/jobs/{id}/cancel'),
  tag,
  summary: 'Cancel a waiting or running job',
  access: 'admin',
  params: idParams,
  body: empty.optional(),
  data: nothing,
  errors: ['not_found', 'conflict'],
})

const settingsAnswer = z.object({
  values: siteSettings,
  defaults: siteSettings,
  /** What the environment fixes, and by which of its names. */
  fixed: z.array(z.object({ key: z.string(), setting: z.string() })),
})
export type SettingsAnswer = z.output<typeof settingsAnswer>

export const getSettings = endpoint({
  method: 'GET',
  path: path('/settings'),
  tag,
  summary: 'Settings that may change while the site runs',
  access: 'admin',
  data: settingsAnswer,
})

const { shape } = siteSettings
export const patchSettings = endpoint({
  method: 'PATCH',
  path: path('/settings'),
  tag,
  summary: 'Change settings; null puts one back to its default',
  access: 'admin',
  body: z.strictObject({
    site_name: shape.site_name.nullable().optional(),
    registration: shape.registration.nullable().optional(),
    registration_identity: shape.registration_identity.nullable().optional(),
    announcement: shape.announcement.nullable().optional(),
    keywords: shape.keywords.nullable().optional(),
    user_quota_bytes: shape.user_quota_bytes.nullable().optional(),
    upload_max_bytes: shape.upload_max_bytes.nullable().optional(),
    replay_default: shape.replay_default.nullable().optional(),
    icp_number: shape.icp_number.nullable().optional(),
  }),
  data: settingsAnswer,
  errors: ['setting_fixed'],
  success: { zh: '已保存', en: 'Saved' },
})

const person = z.object({ id, nickname: z.string() })
export const auditEntry = z.object({
  id,
  time,
  action: z.string(),
  /** null: nobody was signed in, or the machine did it. */
  actor: person.nullable(),
  subject: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string().nullable() }),
  address: z.string().nullable(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
})
export type AuditEntry = z.output<typeof auditEntry>

export const listAudit = endpoint({
  method: 'GET',
  path: path('/audit'),
  tag,
  summary: 'What was done, newest first; filtered by one of actor, subject and action',
  access: 'admin',
  query: pageQuery.extend({
    actor: id.optional(),
    subject: id.optional(),
    action: z
      .string()
      .regex(/^[a-z_.]{1,64}$/)
      .optional(),
  }),
  data: page(auditEntry),
  errors: ['cursor_invalid', 'params_invalid'],
})

export const getStats = endpoint({
  method: 'GET',
  path: path('/stats'),
  tag,
  summary: 'The day so far (since midnight of the server) and this moment',
  access: 'moderator',
  data: z.object({
    today: z.object({ users: count, videos: count, live_minutes: count }),
    now: z.object({ live_rooms: count, viewers: count }),
    jobs: z.object({ waiting: count, running: count, failed: count }),
    disk: z.object({ free_bytes: z.number(), total_bytes: z.number() }),
  }),
})
