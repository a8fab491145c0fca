/**
 * Owns a video's way into and out of public lists. Whatever changes state, visibility or deletion calls it in the
 * same transaction: ranking row, the author's count and the events can not drift from the row.
 */
import type { EventType, Events as EventMap } from '../../contract/events.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Transaction } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import type { UserService } from '../user/index.ts'
import { hotKey, isListed, lengthOf, tagKey } from './rules.ts'
import * as store from './store.ts'

type VideoEventType = Extract<EventType, `video.${string}`>

export type Listing = ReturnType<typeof createListing>

export const createListing = (deps: { events: Events; users: UserService; clock: Clock }) => {
  const { events, users, clock } = deps

  const append = <T extends VideoEventType>(
    trx: Transaction,
    type: T,
    video: Pick<store.VideoRow, 'public_id' | 'owner_id'>,
    more: Omit<EventMap[T], 'video_id' | 'owner_id'>,
  ): Promise<void> =>
    events.append(trx, {
      type,
      payload: { video_id: video.public_id, owner_id: video.owner_id, ...more } as EventMap[T],
    })

  const enter = async (trx: Transaction, video: store.VideoWithCounts): Promise<void> => {
    const publishMs = video.publish_ms ?? clock.now()
    const row = {
      video_id: video.id,
      owner_id: video.owner_id,
      category: video.category,
      publish_ms: publishMs,
      likes: video.likes,
      plays: video.plays,
      hot: hotKey(publishMs),
      length: lengthOf(video.duration_ms),
    }
    const tags = (JSON.parse(video.tags) as string[]).map(tagKey)
    await store.replaceTags(trx, video.id, tags, publishMs)
    if (!(await store.insertRank(trx, row))) {
      await store.updateRank(trx, video.id, { category: video.category, length: row.length })
      return
    }
    await users.count(trx, video.owner_id, 'videos', 1)
    if (video.publish_ms !== null) return
    await store.updateVideo(trx, video.id, { publish_ms: publishMs })
    await append(trx, 'video.published', video, {})
  }

  return {
    append,
    /** Reads the row as it is now and puts lists and counts right. Gives the row. */
    async settle(trx: Transaction, videoId: string): Promise<store.VideoWithCounts | undefined> {
      const video = await store.findVideoById(trx, videoId)
      if (video === undefined) return undefined
      if (isListed(video)) await enter(trx, video)
      else if (await store.deleteRank(trx, video.id)) {
        await store.replaceTags(trx, video.id, [], 0)
        await users.count(trx, video.owner_id, 'videos', -1)
      }
      return store.findVideoById(trx, videoId)
    },
  }
}
