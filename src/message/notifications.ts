/**
 * Owns reading notifications: those written as rows, and starts of live sessions, which are pulled from the feed of
 * the followed so that no start writes a row per follower.
 */
import type { Notification, NotificationType, Unread } from '../../contract/message.ts'
import { notificationType } from '../../contract/message.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db } from '../platform/db/db.ts'
import { idsFrom } from '../platform/ids/ids.ts'
import type { FeedFeature } from '../feed/index.ts'
import * as privates from './private-store.ts'
import * as store from './store.ts'
import type { DescribeNotifications, Written } from './describe.ts'
import { liveRow } from './describe.ts'

interface Deps {
  db: Db
  clock: Clock
  feed: Pick<FeedFeature, 'liveStarts'>
  describe: DescribeNotifications
  cursorSecret: Uint8Array
}

const countedTo = 999
/** Older starts of live sessions are no news. */
const liveNewsMs = 7 * 24 * 3600_000
const types = notificationType.options
const rowTypes = types.filter((type) => type !== 'live')

export type Notifications = ReturnType<typeof createNotifications>

export const createNotifications = ({ db, clock, feed, describe, cursorSecret }: Deps) => {
  const weekAgo = (): string => idsFrom(clock.now() - liveNewsMs)

  const liveRows = async (userId: string, before: string | undefined, limit: number): Promise<Written[]> =>
    (await feed.liveStarts(userId, { since: weekAgo(), before }, limit)).map(liveRow)

  const isRead = (row: Written, marks: Map<NotificationType, string>): boolean =>
    row.is_read === 1 || row.sort_key <= (marks.get(row.type) ?? '')

  const shown = async (userId: string, rows: readonly Written[]): Promise<Notification[]> => {
    const marks = await store.marksOf(db, userId)
    return describe(
      userId,
      rows.map((row) => ({ ...row, is_read: isRead(row, marks) ? 1 : 0 })),
    )
  }

  return {
    async list(
      userId: string,
      query: { limit: number; cursor?: string | undefined; type?: NotificationType | undefined },
    ): Promise<{ items: Notification[]; next_cursor: string | null }> {
      const { type, limit } = query
      const name = `notifications:${userId}:${type ?? ''}`
      const [before] =
        query.cursor === undefined ? [] : decodeCursor(name, query.cursor, cursorSecret, ['string'])
      const part = { type, before, limit: limit + 1 }
      const [written, live] = await Promise.all([
        type === 'live' ? [] : store.notificationsQuery(db, userId, part).execute(),
        type === undefined || type === 'live' ? liveRows(userId, before, limit + 1) : [],
      ])
      const rows = [...written, ...live].sort((a, b) => (a.sort_key < b.sort_key ? 1 : -1))
      const { items, nextCursor } = cutPage<Written>(rows, limit, (last) =>
        encodeCursor(name, [last.sort_key], cursorSecret),
      )
      return { items: await shown(userId, items), next_cursor: nextCursor }
    },

    /** One of somebody's own; undefined where there is none. */
    async one(userId: string, id: string): Promise<Notification | undefined> {
      const row = await store.findNotification(db, userId, id)
      return row && (await shown(userId, [row]))[0]
    },

    /** How a start looks to one of those who are told right now. */
    async ofLive(userId: string, start: Parameters<typeof liveRow>[0]): Promise<Notification | undefined> {
      return (await shown(userId, [liveRow(start)]))[0]
    },

    async unread(userId: string): Promise<Unread> {
      const marks = await store.marksOf(db, userId)
      const after = rowTypes.map((type) => ({ type, key: marks.get(type) ?? '' }))
      const liveMark = marks.get('live') ?? ''
      const since = liveMark > weekAgo() ? liveMark : weekAgo()
      const [{ rows }, live, privately] = await Promise.all([
        store.unreadQuery(db, userId, after, countedTo).execute(db),
        feed.liveStarts(userId, { since }, countedTo),
        privates.unreadPrivateQuery(db, userId).executeTakeFirst(),
      ])
      const counted = new Map(rows.map((row) => [row.type, Number(row.n)]))
      counted.set('live', live.length)
      const byType = Object.fromEntries(types.map((type) => [type, counted.get(type) ?? 0]))
      const notification = Object.values(byType).reduce((sum, n) => sum + n, 0)
      const messages = Math.min(countedTo, Number(privately?.n ?? 0))
      return {
        total: notification + messages,
        by_kind: { notification, private: messages },
        by_type: byType as Unread['by_type'],
      }
    },

    /** Everything of these types that is there now. */
    async readAll(userId: string, type: NotificationType | undefined): Promise<void> {
      for (const each of type === undefined ? types : [type]) {
        if (each === 'live') {
          await store.putMark(db, userId, each, idsFrom(clock.now() + 1))
          continue
        }
        const [latest] = await store
          .notificationsQuery(db, userId, { type: each, before: undefined, limit: 1 })
          .execute()
        if (latest) await store.putMark(db, userId, each, latest.sort_key)
      }
    },

    /** A live start has no row: reading one reads those before it. */
    async read(userId: string, ids: readonly string[]): Promise<void> {
      const sessions = new Set(ids.flatMap((id) => (id.startsWith('live-') ? [id.slice(5)] : [])))
      await store.readRows(db, userId, ids)
      if (sessions.size === 0) return
      const starts = await feed.liveStarts(userId, { since: weekAgo() }, countedTo)
      const latest = starts.find(({ sessionId }) => sessions.has(sessionId))
      const mark = (await store.marksOf(db, userId)).get('live') ?? ''
      if (latest && latest.sortKey > mark) await store.putMark(db, userId, 'live', latest.sortKey)
    },
  }
}
