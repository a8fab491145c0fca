/** Messages: notifications made of events, private messages, and the socket that pushes both. */
import type { z } from 'zod'
import type { Unread, readMessages } from '../../contract/message.ts'
import type { Bus } from '../platform/bus/bus.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { Log } from '../platform/log/log.ts'
import type { FeedFeature } from '../feed/index.ts'
import type { UserService } from '../user/index.ts'
import type { VideoService } from '../video/index.ts'
import { tellUser } from './channel.ts'
import { createDescribe } from './describe.ts'
import { createHub } from './hub.ts'
import { listenToNews } from './news.ts'
import type { FindComments } from './news.ts'
import { createNotifications } from './notifications.ts'
import { createNotify } from './notify.ts'
import { createPrivateMessages } from './private.ts'
import './tables.ts'

export type { Notice } from './notify.ts'
export { mountMessageRoutes } from './routes.ts'
export { mountUserSocket } from './socket.ts'

interface Deps {
  db: Db
  kv: Kv
  bus: Bus
  clock: Clock
  events: Events
  log: Log
  users: UserService
  videos: VideoService
  feed: FeedFeature
  comments: FindComments
  callerOf: (sessionId: string) => Promise<Caller | undefined>
  cursorSecret: Uint8Array
}

export type Messages = Awaited<ReturnType<typeof createMessages>>

type Read = z.output<NonNullable<typeof readMessages.body>>

export const createMessages = async (deps: Deps) => {
  const { db, kv, bus, clock, events, log, users, videos, feed, comments, callerOf, cursorSecret } = deps
  const notify = createNotify({ bus, clock, users })
  const describe = createDescribe({ users, videos, posts: feed.posts, comments })
  const notifications = createNotifications({ db, clock, feed, describe, cursorSecret })
  const privately = createPrivateMessages({ db, kv, bus, clock, users, cursorSecret })
  const hub = await createHub({ bus, log, users, notifications, callerOf })
  await listenToNews({
    db,
    events,
    notify,
    comments,
    nicknameOf: async (id) => (await users.row(id))?.nickname,
    ownerOf: { video: videos.ownerOf, post: feed.posts.ownerOf },
  })

  return {
    notifications,
    privately,
    hub,
    /** In the caller's transaction: what the site has to say to somebody. */
    notice: notify.notice,

    /** Gives what is left to read. */
    async read(userId: string, what: Read): Promise<Unread> {
      if ('ids' in what) {
        await notifications.read(userId, what.ids)
        await privately.read(userId, what.ids)
      } else if (what.kind === 'private') await privately.read(userId, undefined)
      else await notifications.readAll(userId, what.type)
      await tellUser(bus, userId, { t: 'unread' })
      return notifications.unread(userId)
    },

    close: (): Promise<void> => hub.close(),
  }
}
