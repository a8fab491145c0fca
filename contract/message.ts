/** Owns what notifications and private messages look like, their endpoints and the socket that pushes both. */
import { z } from 'zod'
import { apiPrefix, id, idParams, nothing, page, pageQuery, prose, time } from './common.ts'
import { endpoint } from './endpoint.ts'
import { author } from './user.ts'

const tag = 'message'

export const messageKind = z.enum(['notification', 'private'])
export type MessageKind = z.infer<typeof messageKind>

export const notificationType = z.enum(['reply', 'mention', 'like', 'follow', 'live', 'system'])
export type NotificationType = z.infer<typeof notificationType>

/** What was done; the web has a sentence for each. */
export const notificationAction = z.enum([
  'commented',
  'replied',
  'mentioned',
  'liked',
  'favourited',
  'coined',
  'followed',
  'went_live',
  'noticed',
])

/** What the system may say; the web has a sentence for each, filled from `params`. */
export const noticeCode = z.enum([
  'video_ready',
  'video_failed',
  'report_dismissed',
  'report_upheld',
  'content_removed',
  'warned',
  'banned',
  'appeal_upheld',
  'appeal_overturned',
  'live_soon',
  'live_begun',
  'live_called_off',
  'moderator_appointed',
])
export type NoticeCode = z.infer<typeof noticeCode>

/** What it is about, where it leads. */
export const notificationSubject = z.object({
  kind: z.enum(['video', 'comment', 'post', 'room', 'user', 'report']),
  id,
  /** The video that a comment stands under. */
  video_id: id.nullable(),
  /** The post that a comment stands under. */
  post_id: id.nullable(),
  title: z.string().nullable(),
  cover_url: z.string().nullable(),
})

export const notification = z.object({
  id,
  kind: z.literal('notification'),
  type: notificationType,
  action: notificationAction,
  /** The latest who did it, two at most; `others` more did so, too. */
  actors: z.array(author),
  others: z.number().int(),
  /** null where it is gone by now. */
  subject: notificationSubject.nullable(),
  /** What was written; null where there are no words or they are gone. */
  text: z.string().nullable(),
  notice: z.object({ code: noticeCode, params: z.record(z.string(), z.string()) }).nullable(),
  read: z.boolean(),
  time,
})
export type Notification = z.infer<typeof notification>

export const privateMessage = z.object({
  id,
  from: id,
  to: id,
  /** Empty where a moderator removed it. */
  text: z.string(),
  removed: z.boolean(),
  time,
  client_id: z.string().nullable(),
})
export type PrivateMessage = z.infer<typeof privateMessage>

export const conversation = z.object({
  id,
  kind: z.literal('private'),
  user: author,
  last: privateMessage,
  unread: z.number().int(),
  muted: z.boolean(),
  time,
})
export type Conversation = z.infer<typeof conversation>

const count = z.number().int()
/** Each counted up to 999. Muted conversations do not count. */
export const unread = z.object({
  total: count,
  by_kind: z.object({ notification: count, private: count }),
  by_type: z.object({
    reply: count,
    mention: count,
    like: count,
    follow: count,
    live: count,
    system: count,
  }),
})
export type Unread = z.infer<typeof unread>

export const listMessages = endpoint({
  method: 'GET',
  path: `${apiPrefix}/messages`,
  tag,
  summary: 'My notifications (of one type, if given) or my private conversations, the latest first',
  access: 'user',
  query: pageQuery.extend({
    kind: messageKind.default('notification'),
    type: notificationType.optional(),
  }),
  data: page(z.discriminatedUnion('kind', [notification, conversation])),
  errors: ['cursor_invalid'],
})

export const getUnread = endpoint({
  method: 'GET',
  path: `${apiPrefix}/messages/unread`,
  tag,
  summary: 'How much I have not read',
  access: 'user',
  data: unread,
})

export const readMessages = endpoint({
  method: 'POST',
  path: `${apiPrefix}/messages/read`,
  tag,
  summary:
    'Mark as read: {kind, all: true}, of one type if given, or {ids} of notifications and conversations',
  access: 'user',
  body: z.union([
    z.strictObject({ kind: messageKind, all: z.literal(true), type: notificationType.optional() }),
    z.strictObject({ ids: z.array(id).min(1).max(100) }),
  ]),
  data: unread,
})

/** From newest to oldest. */
export const listPrivateMessages = endpoint({
  method: 'GET',
  path: `${apiPrefix}/users/{id}/messages`,
  tag,
  summary: 'My private conversation with somebody, the latest first',
  access: 'user',
  params: idParams,
  query: pageQuery,
  data: page(privateMessage).extend({
    user: author,
    muted: z.boolean(),
    blocked: z.boolean(),
    /** Why I can not write now, or null. */
    refusal: z.enum(['blocked', 'messages_refused', 'answer_awaited']).nullable(),
  }),
  errors: ['not_found', 'cursor_invalid'],
})

export const sendPrivateMessage = endpoint({
  method: 'POST',
  path: `${apiPrefix}/users/{id}/messages`,
  tag,
  summary: 'Write to somebody; the same client_id again gives the message that is there',
  access: 'user',
  params: idParams,
  body: z.strictObject({
    text: prose(1000).pipe(z.string().min(1)),
    client_id: z
      .string()
      .regex(/^[\w-]{1,36}$/)
      .optional(),
  }),
  data: privateMessage,
  errors: ['not_found', 'self_refused', 'blocked', 'messages_refused', 'answer_awaited', 'rate_limited'],
})

export const muteConversation = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/users/{id}/messages/mute`,
  tag,
  summary: 'Count what somebody writes to me no longer',
  access: 'user',
  params: idParams,
  body: z.strictObject({}).optional(),
  data: nothing,
  errors: ['not_found'],
})

export const unmuteConversation = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/users/{id}/messages/mute`,
  tag,
  summary: 'Count it again',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found'],
})

/** `followed` are those whom I follow. Who has an answer of mine may go on writing, but not past `nobody`. */
export const messagesFrom = z.enum(['everyone', 'followed', 'nobody'])
export type MessagesFrom = z.infer<typeof messagesFrom>
export const privacy = z.object({ messages_from: messagesFrom })
export type Privacy = z.infer<typeof privacy>

export const getPrivacy = endpoint({
  method: 'GET',
  path: `${apiPrefix}/me/privacy`,
  tag,
  summary: 'Who may write to me',
  access: 'user',
  data: privacy,
})

export const patchPrivacy = endpoint({
  method: 'PATCH',
  path: `${apiPrefix}/me/privacy`,
  tag,
  summary: 'Choose who may write to me',
  access: 'user',
  body: z.strictObject({ messages_from: messagesFrom.optional() }),
  data: privacy,
  success: { zh: '已保存', en: 'Saved' },
})

/** WebSocket of a user: subprotocols `vireo.1` and `ticket.{ticket}`. */
export const userSocketPath = `${apiPrefix}/socket`

export const userSocketServer = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), unread }),
  /** New, or one more joined it: the same id then. */
  z.object({ type: z.literal('notification'), notification, unread }),
  /** Of somebody to me, or mine from another device. */
  z.object({ type: z.literal('message'), message: privateMessage, unread }),
  z.object({ type: z.literal('unread'), unread }),
])
export type UserSocketServer = z.output<typeof userSocketServer>
