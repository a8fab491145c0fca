/** Owns how notifications look from outside: who, what about, which words. One query per page for each of them. */
import type { Notification } from '../../contract/message.ts'
import type { Caller } from '../platform/http/route.ts'
import { isoTime } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import type { VideoService } from '../video/index.ts'
import type { FeedFeature } from '../feed/index.ts'
import type { FindComments } from './news.ts'
import type { NotificationRow } from './store.ts'

export type Written = NotificationRow
export type DescribeNotifications = (userId: string, rows: readonly Written[]) => Promise<Notification[]>

interface Deps {
  users: UserService
  videos: VideoService
  posts: FeedFeature['posts']
  comments: FindComments
}

/** As if a start of a live session had been written as a row. */
export const liveRow = (start: {
  sessionId: string
  authorId: string
  sortKey: string
  atMs: number
}): Written => ({
  id: `live-${start.sessionId}`,
  user_id: '',
  type: 'live',
  action: 'went_live',
  open_key: null,
  actor_id: start.authorId,
  former_actor_id: null,
  actors: 1,
  subject_kind: 'room',
  subject_id: start.authorId,
  video_id: null,
  notice: null,
  is_read: 0,
  sort_key: start.sortKey,
  at_ms: start.atMs,
})

const present = (ids: readonly (string | null)[]): string[] => ids.flatMap((id) => id ?? [])

export const createDescribe = ({ users, videos, posts, comments }: Deps): DescribeNotifications => {
  return async (userId, rows) => {
    // Only whose they are matters to what a video shows.
    const caller: Caller = { userId, sessionId: '', role: 'user' }
    const about = (kind: Written['subject_kind']) =>
      present(rows.map((row) => (row.subject_kind === kind ? row.subject_id : null)))
    const videoIds = present([...about('video'), ...rows.map((row) => row.video_id)])
    const shownComments = await comments(about('comment'))
    const postIds = [...shownComments.values()].flatMap(({ subject }) =>
      subject.kind === 'post' ? [subject.id] : [],
    )
    const [authors, shownVideos, shownPosts, roomIds] = await Promise.all([
      users.authors(present(rows.flatMap((row) => [row.actor_id, row.former_actor_id])), userId),
      videos.seenAmong(videoIds, { caller, language: 'zh' }),
      posts.among([...new Set([...about('post'), ...postIds])], userId),
      users.roomIds(about('room')),
    ])

    const subjectOf = (row: Written): Notification['subject'] => {
      const { subject_kind: kind, subject_id: id, video_id: videoId } = row
      if (kind === null || id === null) return null
      const base = { kind, id, video_id: videoId, post_id: null, title: null, cover_url: null }
      if (kind === 'room') {
        const roomId = roomIds.get(id)
        return roomId === undefined ? null : { ...base, id: roomId }
      }
      if (kind === 'post') return shownPosts.has(id) ? base : null
      if (kind === 'user' || kind === 'report') return base
      if (kind === 'comment' && videoId === null) {
        const postId = shownComments.get(id)?.subject.id
        return postId !== undefined && shownPosts.has(postId) ? { ...base, post_id: postId } : null
      }
      const video = shownVideos.get(kind === 'video' ? id : (videoId ?? ''))
      return video === undefined ? null : { ...base, title: video.title, cover_url: video.thumbnail_url }
    }
    const textOf = (row: Written): string | null => {
      const id = row.subject_id ?? ''
      if (row.subject_kind === 'comment') return shownComments.get(id)?.text ?? null
      if (row.subject_kind === 'post') return shownPosts.get(id)?.text.slice(0, 100) ?? null
      return null
    }

    return rows.map((row) => {
      const actors = present([row.actor_id, row.former_actor_id]).flatMap((id) => authors.get(id) ?? [])
      return {
        id: row.id,
        kind: 'notification',
        type: row.type,
        action: row.action,
        actors,
        others: Math.max(0, row.actors - actors.length),
        subject: subjectOf(row),
        text: textOf(row),
        notice: row.notice === null ? null : (JSON.parse(row.notice) as Notification['notice']),
        read: row.is_read === 1,
        time: isoTime(row.at_ms),
      }
    })
  }
}
