/** Owns how events become news in feeds: a video that is listed, a live session while it runs. Posts write their own. */
import type { EventOf } from '../../contract/events.ts'
import type { Bus } from '../platform/bus/bus.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { sortableId } from '../platform/ids/ids.ts'
import type { Events } from '../platform/events/events.ts'
import type { VideoService } from '../video/index.ts'
import * as store from './store.ts'

export interface LiveStarted {
  author_id: string
  session_id: string
  at_ms: number
}
/** Said on the bus once a live start is in the feed: for those who are connected now. */
export const liveStartedChannel = 'feed.live_started'

interface Deps {
  bus: Bus
  db: Db
  clock: Clock
  events: Events
  videos: VideoService
}

const types = [
  'video.published',
  'video.changed',
  'video.deleted',
  'video.restored',
  'video.purged',
  'live.started',
  'live.ended',
] as const

/** Each step may come twice: what is there already is left as it is. */
export const followNews = ({ db, bus, clock, events, videos }: Deps): Promise<void> => {
  const add = (kind: 'video' | 'live', refId: string, authorId: string, atMs: number) =>
    store.insertItem(db, {
      kind,
      ref_id: refId,
      author_id: authorId,
      sort_key: sortableId(clock.now()),
      shown: 1,
      at_ms: atMs,
    })

  const isListed = async (id: string): Promise<boolean> =>
    (await videos.listedAmong([id], { caller: undefined, language: 'zh' })).has(id)

  return events.consume('feed', types, async (event: EventOf<(typeof types)[number]>) => {
    switch (event.type) {
      case 'video.published':
        await add('video', event.payload.video_id, event.payload.owner_id, event.atMs)
        return
      case 'video.purged':
        return store.deleteItem(db, 'video', event.payload.video_id)
      case 'live.started':
        if (await add('live', event.payload.session_id, event.payload.user_id, event.atMs)) {
          const { user_id: author_id, session_id } = event.payload
          await bus.publish(liveStartedChannel, { author_id, session_id, at_ms: event.atMs })
        }
        return
      case 'live.ended':
        return store.showItem(db, 'live', event.payload.session_id, false)
      default: {
        const { video_id: id } = event.payload
        return store.showItem(db, 'video', id, await isListed(id))
      }
    }
  })
}
