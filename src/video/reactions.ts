/** Owns likes and plays, and copying their counts to where lists sort by them. */
import { setImmediate } from 'node:timers/promises'
import type { Reactions as Standing } from '../../contract/video.ts'
import type { Coins } from '../coin/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError, isAppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { Log } from '../platform/log/log.ts'
import type { UserService } from '../user/index.ts'
import type { Favourites } from './favourites.ts'
import type { Listing } from './listing.ts'
import * as reactionStore from './reaction-store.ts'
import { hotKey, hotWeights } from './rules.ts'
import type { Videos } from './service.ts'
import * as store from './store.ts'

const viewingMs = 30 * 60_000
const flushMs = 1000
/** Rows looked at in one step after a start. */
const reconciled = 500

/** Somebody who is signed in watches. */
export interface Heartbeat {
  userId: string
  videoId: string
  positionMs: number
}

interface Deps {
  db: Db
  kv: Kv
  clock: Clock
  users: UserService
  videos: Videos
  listing: Listing
  coins: Coins
  favourites: Favourites
  log: Log
}

export type Reactions = ReturnType<typeof createReactions>

export const createReactions = ({ db, kv, clock, users, videos, listing, coins, favourites, log }: Deps) => {
  // A second's worth: a kill loses that many plays at most, and no like.
  const plays = new Map<string, number>()
  const moved = new Set<string>()
  const interest = new Map<string, number>()

  const watchers: ((heartbeat: Heartbeat) => void)[] = []

  const flush = async (): Promise<void> => {
    const counted = [...plays]
    const ids = new Set([...moved, ...plays.keys()])
    const raised = [...interest]
    plays.clear()
    moved.clear()
    interest.clear()
    for (const [id, count] of counted) await store.addToCounter(db, id, 'plays', count)
    for (const some of chunks([...ids], 100)) await store.refreshRanks(db, some)
    for (const [id, weight] of raised) await store.raiseHot(db, id, hotKey(clock.now(), weight))
  }
  /** Somebody took an interest: `hot` follows within a second. */
  const raise = (videoId: string, by: keyof typeof hotWeights, times = 1): void => {
    interest.set(videoId, (interest.get(videoId) ?? 0) + hotWeights[by] * times)
  }
  let flushing: Promise<void> = Promise.resolve()
  const flushSoon = (): Promise<void> =>
    (flushing = flushing
      .then(flush)
      .catch((error: unknown) => log.warn({ err: error }, 'counts could not be copied')))
  const timer = setInterval(() => {
    if (plays.size > 0 || moved.size > 0 || interest.size > 0) void flushSoon()
  }, flushMs)
  timer.unref()

  /** Once at start: a kill may have come between a like and its copy. */
  const reconcile = async (): Promise<void> => {
    for (let afterId: string | undefined = ''; afterId !== undefined;) {
      const rows = await store.rankedCounts(db, afterId, reconciled)
      const wrong = rows.filter((row) => row.likes !== row.counted_likes || row.plays !== row.counted_plays)
      for (const some of chunks(wrong, 100))
        await store.refreshRanks(
          db,
          some.map((row) => row.video_id),
        )
      afterId = rows.length < reconciled ? undefined : rows.at(-1)?.video_id
      // A million rows are read beside what people ask for, not before it.
      await setImmediate()
    }
  }

  const setLike = async (
    trx: Transaction,
    video: store.VideoWithCounts,
    userId: string,
    likes: boolean,
  ): Promise<void> => {
    const isChanged = likes
      ? await store.insertLike(trx, { user_id: userId, video_id: video.id, created_ms: clock.now() })
      : await store.deleteLike(trx, userId, video.id)
    if (!isChanged) return
    await store.addToCounter(trx, video.id, 'likes', likes ? 1 : -1)
    await users.count(trx, video.owner_id, 'likes', likes ? 1 : -1)
    if (!likes) return
    await listing.append(trx, 'video.liked', video, { user_id: userId })
    trx.afterCommit(() => raise(video.id, 'likes'))
  }

  const react = async (
    publicId: string,
    caller: Caller,
    change: { likes: boolean },
  ): Promise<{ liked: boolean; likes: number }> => {
    const video = await videos.seen(publicId, caller)
    const likes = await db.transaction(async (trx) => {
      await setLike(trx, video, caller.userId, change.likes)
      return store.likesOf(trx, video.id)
    })
    moved.add(video.id)
    return { liked: change.likes, likes }
  }

  /** Raises what somebody gave to `total`; the author earns what is added. Throws `coins_insufficient`, `coins_final`. */
  const giveCoins = async (
    trx: Transaction,
    video: store.VideoWithCounts,
    userId: string,
    total: number,
  ): Promise<void> => {
    const given = await reactionStore.coinsOf(trx, userId, video.id)
    if (given === total) return
    if (given > total) throw new AppError('coins_final')
    // Somebody else's request came between: what it gave stands.
    if (!(await reactionStore.moveCoins(trx, { userId, videoId: video.id, from: given, to: total }))) return
    const amount = total - given
    const videoId = video.public_id
    await coins.spend(trx, { userId, reason: 'coined_video', amount, once: `${videoId}:${total}`, videoId })
    const once = `${videoId}:${userId}:${total}`
    await coins.earn(trx, { userId: video.owner_id, reason: 'video_coined', amount, once, videoId })
    await store.addToCounter(trx, video.id, 'coins', amount)
    await listing.append(trx, 'video.coined', video, { user_id: userId, amount })
    trx.afterCommit(() => raise(video.id, 'coins', amount))
  }

  const setFavourite = async (
    trx: Transaction,
    video: store.VideoWithCounts,
    userId: string,
    folder: string | undefined,
  ): Promise<void> => {
    if (!(await favourites.keep(trx, userId, video.id, folder))) return
    await listing.append(trx, 'video.favourited', video, { user_id: userId })
    trx.afterCommit(() => raise(video.id, 'favourites'))
  }

  /** What stands now, for the answer. */
  const standing = async (videoId: string, userId: string): Promise<Standing> => {
    const [row, liked, kept, given] = await Promise.all([
      store.findVideoById(db, videoId),
      store.likedAmong(db, userId, [videoId]),
      reactionStore.favouredAmong(db, userId, [videoId]),
      reactionStore.coinsAmong(db, userId, [videoId]),
    ])
    if (row === undefined) throw new AppError('not_found')
    const { likes, favourites: favoured, coins: coined, shares } = row
    return {
      mine: { liked: liked.has(videoId), favourited: kept.has(videoId), coins: given.get(videoId) ?? 0 },
      counts: { likes, favourites: favoured, coins: coined, shares },
    }
  }

  const withBalance = async (videoId: string, userId: string) => ({
    ...(await standing(videoId, userId)),
    balance: await coins.balanceOf(userId),
  })

  /** The video, if coins may go to it from this caller. */
  const coinable = async (publicId: string, caller: Caller): Promise<store.VideoWithCounts> => {
    const video = await videos.seen(publicId, caller)
    if (video.owner_id === caller.userId) throw new AppError('own_video')
    await coins.signIn(caller.userId)
    return video
  }

  return {
    reconcile,
    flush: flushSoon,
    like: (publicId: string, caller: Caller) => react(publicId, caller, { likes: true }),
    unlike: (publicId: string, caller: Caller) => react(publicId, caller, { likes: false }),

    raise,
    /** Later features hear of every heartbeat; what they do with it must not take long. */
    onHeartbeat: (tell: (heartbeat: Heartbeat) => void): void => {
      watchers.push(tell)
    },

    async favourite(publicId: string, folder: string | undefined, caller: Caller): Promise<Standing> {
      const video = await videos.seen(publicId, caller)
      await db.transaction((trx) => setFavourite(trx, video, caller.userId, folder))
      return standing(video.id, caller.userId)
    },

    async unfavourite(publicId: string, caller: Caller): Promise<Standing> {
      // What is not to be seen any more can still be taken out.
      const video = await store.findVideo(db, publicId)
      if (video === undefined) throw new AppError('not_found')
      const isDropped = await db.transaction((trx) => favourites.drop(trx, caller.userId, video.id))
      if (!isDropped) await videos.seen(publicId, caller)
      return standing(video.id, caller.userId)
    },

    async coin(publicId: string, total: 1 | 2, caller: Caller) {
      const video = await coinable(publicId, caller)
      await db.transaction((trx) => giveCoins(trx, video, caller.userId, total))
      return withBalance(video.id, caller.userId)
    },

    /** Everything or nothing: without a single coin to give it is refused. */
    async triple(publicId: string, caller: Caller) {
      const video = await coinable(publicId, caller)
      await db.transaction(async (trx) => {
        await setLike(trx, video, caller.userId, true)
        await setFavourite(trx, video, caller.userId, undefined)
        const given = await reactionStore.coinsOf(trx, caller.userId, video.id)
        const balance = await coins.balanceIn(trx, caller.userId)
        const total = Math.min(2, given + balance)
        if (total === 0) throw new AppError('coins_insufficient')
        if (total > given) await giveCoins(trx, video, caller.userId, total)
      })
      moved.add(video.id)
      return withBalance(video.id, caller.userId)
    },

    async share(publicId: string, caller: Caller): Promise<Standing> {
      const video = await videos.seen(publicId, caller)
      await db.transaction(async (trx) => {
        const row = { user_id: caller.userId, video_id: video.id, created_ms: clock.now() }
        if (!(await reactionStore.insertShare(trx, row))) return
        await store.addToCounter(trx, video.id, 'shares', 1)
        trx.afterCommit(() => raise(video.id, 'shares'))
      })
      return standing(video.id, caller.userId)
    },

    /** Counts one play per viewer in half an hour; without an account the address is the viewer. */
    async play(
      publicId: string,
      viewer: { caller: Caller | undefined; address: string },
      position: number | undefined,
    ): Promise<void> {
      const { caller, address } = viewer
      const video = await videos.seen(publicId, caller)
      if (video.state !== 'ready') return
      if (caller !== undefined) {
        const positionMs = Math.min(Math.round((position ?? 0) * 1000), video.duration_ms)
        for (const tell of watchers) tell({ userId: caller.userId, videoId: video.id, positionMs })
      }
      try {
        const key = `play:${video.id}:${caller?.userId ?? address}`
        if (!(await kv.setIfAbsent(key, '1', viewingMs))) return
      } catch (error) {
        // Not knowing whether it was counted, it is not: whoever watches does not care.
        if (isAppError(error, 'unavailable')) return
        throw error
      }
      plays.set(video.id, (plays.get(video.id) ?? 0) + 1)
      raise(video.id, 'plays')
    },

    async close(): Promise<void> {
      clearInterval(timer)
      await flushSoon()
    },
  }
}

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
