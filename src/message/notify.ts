/**
 * Owns writing notifications in the transaction of what caused them. More of the same joins a notification while it
 * is unread; nobody is told of what they did themselves, or of what somebody did whom they blocked.
 */
import type { NoticeCode, Notification, NotificationType } from '../../contract/message.ts'
import type { Bus } from '../platform/bus/bus.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Transaction } from '../platform/db/db.ts'
import { sortableId } from '../platform/ids/ids.ts'
import type { UserService } from '../user/index.ts'
import { tellUser } from './channel.ts'
import * as store from './store.ts'

export interface News {
  userId: string
  type: Exclude<NotificationType, 'live' | 'system'>
  action: Notification['action']
  actorId: string
  subject?: { kind: NonNullable<Notification['subject']>['kind']; id: string; videoId?: string | undefined }
  /** The same joins; without it each stands alone. */
  joins?: string
}

export interface Notice {
  code: NoticeCode
  params?: Readonly<Record<string, string>>
  subject?: { kind: NonNullable<Notification['subject']>['kind']; id: string }
}

interface Deps {
  bus: Bus
  clock: Clock
  users: UserService
}

export type Notify = ReturnType<typeof createNotify>

export const createNotify = ({ bus, clock, users }: Deps) => {
  const rowOf = (userId: string): store.NotificationRow => {
    const atMs = clock.now()
    const id = sortableId(atMs)
    return {
      id,
      user_id: userId,
      type: 'system',
      action: 'noticed',
      open_key: null,
      actor_id: null,
      former_actor_id: null,
      actors: 0,
      subject_kind: null,
      subject_id: null,
      video_id: null,
      notice: null,
      is_read: 0,
      sort_key: id,
      at_ms: atMs,
    }
  }

  const add = async (trx: Transaction, row: store.NotificationRow): Promise<void> => {
    await store.insertNotification(trx, row)
    if (row.open_key !== null && row.actor_id !== null) await store.addActor(trx, row.id, row.actor_id)
    trx.afterCommit(() => tellUser(bus, row.user_id, { t: 'notification', id: row.id }))
  }

  /** True if there was an unread one to join. */
  const join = async (trx: Transaction, news: News, openKey: string): Promise<boolean> => {
    const open = await store.findOpen(trx, news.userId, openKey)
    if (open === undefined) return false
    const mark = (await store.marksOf(trx, news.userId)).get(news.type)
    if (open.is_read === 1 || (mark !== undefined && open.sort_key <= mark)) {
      await store.updateNotification(trx, open.id, { open_key: null })
      return false
    }
    if (!(await store.addActor(trx, open.id, news.actorId))) return true
    const atMs = clock.now()
    await store.updateNotification(trx, open.id, {
      actors: open.actors + 1,
      actor_id: news.actorId,
      former_actor_id: open.actor_id,
      sort_key: sortableId(atMs),
      at_ms: atMs,
    })
    trx.afterCommit(() => tellUser(bus, news.userId, { t: 'notification', id: open.id }))
    return true
  }

  return {
    async news(trx: Transaction, news: News): Promise<void> {
      const { userId, actorId, subject } = news
      if (userId === actorId || (await users.isBlocked(userId, actorId, trx))) return
      const openKey = news.joins === undefined ? null : `${news.action}:${news.joins}`
      if (openKey !== null && (await join(trx, news, openKey))) return
      await add(trx, {
        ...rowOf(userId),
        type: news.type,
        action: news.action,
        open_key: openKey,
        actor_id: actorId,
        actors: 1,
        subject_kind: subject?.kind ?? null,
        subject_id: subject?.id ?? null,
        video_id: subject?.videoId ?? null,
      })
    },

    /** What the site has to say to somebody. */
    async notice(trx: Transaction, userId: string, { code, params = {}, subject }: Notice): Promise<void> {
      await add(trx, {
        ...rowOf(userId),
        subject_kind: subject?.kind ?? null,
        subject_id: subject?.id ?? null,
        notice: JSON.stringify({ code, params }),
      })
    },
  }
}
