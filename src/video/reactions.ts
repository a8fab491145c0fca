/** Owns likes and plays, and copying their counts to where lists sort by them. */
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { isAppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { Log } from '../platform/log/log.ts'
import type { UserService } from '../user/index.ts'
import type { Listing } from './listing.ts'
import type { Videos } from './service.ts'
import * as store from './store.ts'

const viewingMs = 30 * 60_000
const flushMs = 1000

interface Deps {
  db: Db
  kv: Kv
  clock: Clock
  users: UserService
  videos: Videos
  listing: Listing
  log: Log
}

export type Reactions = ReturnType<typeof createReactions>

export const createReactions = ({ db, kv, clock, users, videos, listing, log }: Deps) => {
  // A second's worth: a kill loses that many plays at most, and no like.
  const plays = new Map<string, number>()
  const moved = new Set<string>()

  const flush = async (): Promise<void> => {
    const counted = [...plays]
    const ids = new Set([...moved, ...plays.keys()])
    plays.clear()
    moved.clear()
    for (const [id, count] of counted) await store.addToCounter(db, id, 'plays', count)
    for (const some of chunks([...ids], 100)) await store.refreshRanks(db, some)
  }
  let flushing: Promise<void> = Promise.resolve()
  const flushSoon = (): Promise<void> =>
    (flushing = flushing
      .then(flush)
      .catch((error: unknown) => log.warn({ err: error }, 'counts could not be copied')))
  const timer = setInterval(() => {
    if (plays.size > 0 || moved.size > 0) void flushSoon()
  }, flushMs)
  timer.unref()

  /** Once at start: a kill may have come between a like and its copy. */
  const reconcile = async (): Promise<void> => {
    for (let ids = await store.rankIds(db, '', 200); ids.length > 0;) {
      await store.refreshRanks(db, ids)
      ids = await store.rankIds(db, ids.at(-1) ?? '', 200)
    }
  }

  const react = async (
    publicId: string,
    caller: Caller,
    change: { likes: boolean },
  ): Promise<{ liked: boolean; likes: number }> => {
    const video = await videos.seen(publicId, caller)
    const likes = await db.transaction(async (trx) => {
      const like = { user_id: caller.userId, video_id: video.id, created_ms: clock.now() }
      const isChanged = change.likes
        ? await store.insertLike(trx, like)
        : await store.deleteLike(trx, caller.userId, video.id)
      if (isChanged) {
        const by = change.likes ? 1 : -1
        await store.addToCounter(trx, video.id, 'likes', by)
        await users.count(trx, video.owner_id, 'likes', by)
      }
      const count = await store.likesOf(trx, video.id)
      if (isChanged && change.likes)
        await listing.append(trx, 'video.liked', video, { user_id: caller.userId })
      return count
    })
    moved.add(video.id)
    return { liked: change.likes, likes }
  }

  return {
    reconcile,
    flush: flushSoon,
    like: (publicId: string, caller: Caller) => react(publicId, caller, { likes: true }),
    unlike: (publicId: string, caller: Caller) => react(publicId, caller, { likes: false }),

    /** Counts one play per viewer in half an hour; without an account the address is the viewer. */
    async play(publicId: string, caller: Caller | undefined, address: string): Promise<void> {
      const video = await videos.seen(publicId, caller)
      if (video.state !== 'ready') return
      try {
        const key = `play:${video.id}:${caller?.userId ?? address}`
        if (!(await kv.setIfAbsent(key, '1', viewingMs))) return
      } catch (error) {
        // Not knowing whether it was counted, it is not: whoever watches does not care.
        if (isAppError(error, 'unavailable')) return
        throw error
      }
      plays.set(video.id, (plays.get(video.id) ?? 0) + 1)
    },

    async close(): Promise<void> {
      clearInterval(timer)
      await flushSoon()
    },
  }
}

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
