/** Owns which events become notifications, and for whom. Each is in the rows exactly once, whatever is killed. */
import type { EventOf } from '../../contract/events.ts'
import type { CommentedKind } from '../../contract/comment.ts'
import type {} from '../../contract/room.ts'
import type {} from '../../contract/schedule.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import type { Notify } from './notify.ts'
import * as store from './store.ts'

/** What a comment says and whose it is, by id; those that are gone are left out. */
export type FindComments = (
  ids: readonly string[],
) => Promise<Map<string, { userId: string; text: string; subject: { kind: CommentedKind; id: string } }>>

interface Deps {
  db: Db
  events: Events
  notify: Notify
  comments: FindComments
  /** undefined where the user is gone. */
  nicknameOf: (userId: string) => Promise<string | undefined>
  /** Whose video or post it is, by public id. */
  ownerOf: Readonly<Record<CommentedKind, (id: string) => Promise<string | undefined>>>
}

const consumer = 'message'
const types = [
  'video.liked',
  'video.favourited',
  'video.coined',
  'video.ready',
  'video.failed',
  'comment.created',
  'comment.liked',
  'post.liked',
  'user.followed',
  'schedule.reminded',
  'room.moderator_appointed',
] as const
type Event = EventOf<(typeof types)[number]>
type Made = EventOf<'comment.created'>['payload']

const reminders = { soon: 'live_soon', started: 'live_begun', cancelled: 'live_called_off' } as const
const reactions = {
  'video.liked': 'liked',
  'video.favourited': 'favourited',
  'video.coined': 'coined',
} as const

export const listenToNews = async ({
  db,
  events,
  notify,
  comments,
  nicknameOf,
  ownerOf,
}: Deps): Promise<void> => {
  const onComment = async (trx: Transaction, made: Made, parentBy: string | undefined, owner?: string) => {
    const subject = { kind: 'comment', id: made.comment_id, videoId: made.video_id ?? undefined } as const
    const told = new Set<string>()
    const tell = async (
      userId: string,
      type: 'reply' | 'mention',
      action: 'replied' | 'commented' | 'mentioned',
    ) => {
      if (told.has(userId)) return
      told.add(userId)
      await notify.news(trx, { userId, type, action, actorId: made.user_id, subject })
    }
    if (parentBy !== undefined) await tell(parentBy, 'reply', 'replied')
    if (owner !== undefined) await tell(owner, 'reply', 'commented')
    for (const userId of made.mentioned_ids) await tell(userId, 'mention', 'mentioned')
  }

  /** What has to be read is read before the transaction: while it is open nothing else may be. */
  const prepare = async (event: Event): Promise<(trx: Transaction) => Promise<void>> => {
    switch (event.type) {
      case 'user.followed': {
        const { user_id: userId, follower_id: actorId } = event.payload
        return (trx) =>
          notify.news(trx, { userId, type: 'follow', action: 'followed', actorId, joins: 'user' })
      }
      case 'post.liked': {
        const { owner_id: userId, user_id: actorId, post_id: id } = event.payload
        const subject = { kind: 'post', id } as const
        return (trx) =>
          notify.news(trx, { userId, type: 'like', action: 'liked', actorId, subject, joins: `post:${id}` })
      }
      case 'comment.liked': {
        const { comment_id: id, user_id: actorId } = event.payload
        const comment = (await comments([id])).get(id)
        if (comment === undefined) return async () => undefined
        const videoId = comment.subject.kind === 'video' ? comment.subject.id : undefined
        const subject = { kind: 'comment', id, videoId } as const
        const joins = `comment:${id}`
        return (trx) =>
          notify.news(trx, { userId: comment.userId, type: 'like', action: 'liked', actorId, subject, joins })
      }
      case 'comment.created': {
        const made = event.payload
        const parentId = made.parent_id
        const parent = parentId === null ? undefined : (await comments([parentId])).get(parentId)
        const { video_id: videoId, post_id: postId } = made
        const owner = await (videoId === null ? ownerOf.post(postId ?? '') : ownerOf.video(videoId))
        return (trx) => onComment(trx, made, parent?.userId, owner)
      }
      case 'video.ready':
      case 'video.failed': {
        const { video_id: id, owner_id: userId } = event.payload
        const code = event.type === 'video.ready' ? 'video_ready' : 'video_failed'
        return (trx) => notify.notice(trx, userId, { code, subject: { kind: 'video', id } })
      }
      case 'schedule.reminded': {
        const { owner_id: id, title, what, user_ids: userIds } = event.payload
        const params = { title, name: (await nicknameOf(id)) ?? '' }
        const notice = { code: reminders[what], params, subject: { kind: 'room', id } } as const
        return async (trx) => {
          for (const userId of userIds) await notify.notice(trx, userId, notice)
        }
      }
      case 'room.moderator_appointed': {
        const { owner_id: id, user_id: userId } = event.payload
        const params = { name: (await nicknameOf(id)) ?? '' }
        const subject = { kind: 'room', id } as const
        return (trx) => notify.notice(trx, userId, { code: 'moderator_appointed', params, subject })
      }
      default: {
        const { video_id: id, owner_id: userId, user_id: actorId } = event.payload
        const subject = { kind: 'video', id } as const
        const action = reactions[event.type]
        return (trx) =>
          notify.news(trx, { userId, type: 'like', action, actorId, subject, joins: `video:${id}` })
      }
    }
  }

  await store.ensureProgress(db, consumer)
  await events.consume<Event['type']>(consumer, types, async (event) => {
    const write = await prepare(event)
    await db.transaction(async (trx) => {
      if (await store.advance(trx, consumer, event.id)) await write(trx)
    })
  })
}
