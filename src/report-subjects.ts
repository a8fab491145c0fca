/** Owns what a report may point at: how each kind is found, removed and restored by its feature. */
import type { ReportKind } from '../contract/report.ts'
import type { CommentService } from './comment/index.ts'
import type { DanmakuService } from './danmaku/index.ts'
import type { FeedFeature } from './feed/index.ts'
import type { Live } from './live/index.ts'
import type { Messages } from './message/index.ts'
import { isAppError } from './platform/errors/app-error.ts'
import type { Subject } from './report/index.ts'
import type { UserService } from './user/index.ts'
import type { VideoService } from './video/index.ts'

interface Deps {
  users: UserService
  videos: VideoService
  comments: CommentService
  danmaku: DanmakuService
  posts: FeedFeature['posts']
  live: Live
  messages: Messages
}

/** What is gone, or may not be known of, is absent. */
const unlessAbsent = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined
    throw error
  }
}

const blank = { title: null, text: null, picture_url: null, path: null }

export const createSubjects = (deps: Deps): Readonly<Record<ReportKind, Subject>> => {
  const { users, videos, comments, danmaku, posts, live, messages } = deps
  return {
    video: {
      async find(id, caller) {
        const video = await unlessAbsent(videos.get(id, { caller, language: 'zh' }))
        if (video === undefined) return undefined
        const { title, intro: text, cover_url: picture_url } = video
        return { ownerId: video.author.id, snapshot: { title, text, picture_url, path: `/video/${id}` } }
      },
      remove: async (id, by) => void (await unlessAbsent(videos.moderation.takeDown(id, '', by))),
      restore: async (id, by) => void (await unlessAbsent(videos.moderation.putBack(id, by))),
    },
    comment: {
      async find(id, caller) {
        const comment = (await comments.textsOf([id])).get(id)
        if (comment === undefined) return undefined
        const { text, userId: ownerId, subject } = comment
        const below = await unlessAbsent<unknown>(
          subject.kind === 'video'
            ? videos.get(subject.id, { caller, language: 'zh' })
            : posts.get(subject.id, caller.userId),
        )
        if (below === undefined) return undefined
        const path = `/${subject.kind}/${subject.id}?comment=${id}`
        return { ownerId, snapshot: { ...blank, text, path } }
      },
      remove: async (id, by) => void (await unlessAbsent(comments.remove(id, by))),
    },
    danmaku: {
      async find(id) {
        const found = await danmaku.find(id)
        return found && { ownerId: found.userId, snapshot: { ...blank, text: found.text } }
      },
      remove: async (id, by) => void (await unlessAbsent(danmaku.remove(id, by))),
    },
    user: {
      async find(id, caller) {
        const user = await users.find(id, caller.userId)
        if (user === undefined) return undefined
        const { nickname: title, signature: text, avatar_url: picture_url } = user
        return { ownerId: user.id, snapshot: { title, text, picture_url, path: `/u/${user.id}` } }
      },
      // What they wrote about themselves; the account is another decision.
      remove: (id) => users.changeProfile(id, { signature: '', links: [] }),
    },
    message: {
      async find(id, caller) {
        const row = await messages.privately.ofParticipant(caller.userId, id)
        return row && { ownerId: row.sender_id, snapshot: { ...blank, text: row.text } }
      },
      remove: (id) => messages.privately.setRemoved(id, true),
      restore: (id) => messages.privately.setRemoved(id, false),
    },
    post: {
      async find(id, caller) {
        const post = await unlessAbsent(posts.get(id, caller.userId))
        if (post === undefined) return undefined
        const picture_url = post.pictures[0]?.thumbnail_url ?? null
        const snapshot = { ...blank, text: post.text, picture_url, path: `/u/${post.author.id}?tab=posts` }
        return { ownerId: post.author.id, snapshot }
      },
      remove: async (id, by) => void (await unlessAbsent(posts.remove(id, by))),
      restore: (id) => posts.restore(id),
    },
    room: {
      async find(id, caller) {
        const room = await live.rooms.find(id, caller.userId)
        if (room === undefined) return undefined
        const { title, announcement: text, cover_url: picture_url } = room
        return { ownerId: room.author.id, snapshot: { title, text, picture_url, path: `/live/${id}` } }
      },
      remove: async (id, by) => void (await unlessAbsent(live.moderation.close(id, '', by))),
      restore: async (id, by) => void (await unlessAbsent(live.moderation.open(id, by))),
    },
  }
}
