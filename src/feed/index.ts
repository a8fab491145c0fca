/** The feed: what the followed did, and the posts people write for it. */
import type { Blobs } from '../platform/blob/blob.ts'
import type { Bus } from '../platform/bus/bus.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import type { Images } from '../platform/image/image.ts'
import type { Log } from '../platform/log/log.ts'
import type { Live } from '../live/index.ts'
import type { UserService } from '../user/index.ts'
import type { VideoService } from '../video/index.ts'
import { followNews } from './news.ts'
import { createPosts } from './posts.ts'
import { createFeedService } from './service.ts'
import './tables.ts'

export { createPostSubject } from './commented.ts'
export { liveStartedChannel } from './news.ts'
export type { LiveStarted } from './news.ts'
export { mountFeedRoutes } from './routes.ts'

interface Deps {
  db: Db
  bus: Bus
  clock: Clock
  events: Events
  blobs: Blobs
  images: Images
  users: UserService
  videos: VideoService
  rooms: Live['rooms']
  cursorSecret: Uint8Array
  log: Log
}

export type FeedFeature = Awaited<ReturnType<typeof createFeed>>

const sweepEveryMs = 600_000

export const createFeed = async (deps: Deps) => {
  const { db, bus, clock, events, videos, rooms, cursorSecret, log } = deps
  const posts = createPosts(deps)
  await followNews({ db, bus, clock, events, videos })
  let sweeping: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    sweeping = posts
      .sweep()
      .catch((error: unknown) => log.warn({ err: error }, 'deleted posts and pictures were not looked after'))
  }, sweepEveryMs)
  timer.unref()
  return {
    ...createFeedService({ db, videos, rooms, posts, cursorSecret }),
    posts,
    async close(): Promise<void> {
      clearInterval(timer)
      await sweeping
    },
  }
}
