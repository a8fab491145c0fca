/** Owns the use cases of danmaku: writing, reading a stretch, deleting, muting. */
import type { Danmaku } from '../../contract/danmaku.ts'
import type { Bus } from '../platform/bus/bus.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Queries, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import { sortableId } from '../platform/ids/ids.ts'
import type { Kv } from '../platform/kv/kv.ts'
import * as curation from './curation-store.ts'
import { createOrder } from './moderators.ts'
import { cutStretches, maxInRange, peaksOf, perStretch, repetitionKey } from './rules.ts'
import * as store from './store.ts'
import { looksToRow, toDanmaku } from './view.ts'
import type { Looks } from './view.ts'
import { createWriter } from './writer.ts'

/** Where a danmaku is written. */
export interface Timeline {
  timelineId: string
  /** The user whose room or video it is. */
  ownerId: string
}

export interface NewDanmaku extends Looks {
  text: string
  mediaMs: number
}

/** Sent on the bus when one is deleted, for the rooms that show it. */
export interface DanmakuDeleted {
  timeline_id: string
  owner_id: string
  id: string
}
export const deletedChannel = 'danmaku.deleted'

export interface DanmakuDeps {
  db: Db
  bus: Bus
  clock: Clock
  kv: Kv
  /** Told in the transaction that stores them, so that a count never differs from what there is. */
  count: (trx: Transaction, timelineId: string, by: number) => Promise<void>
  /** Does it hold a word that the site does not allow? Everything is allowed where it is not given. */
  isForbidden?: (text: string) => Promise<boolean>
}

const purgedAtOnce = 500
/** A day of five-second slots. */
const maxSlots = 17_280
/** So many in so long. */
const burst = 5
const burstMs = 5_000
/** The same words again no sooner than this. */
const repetitionMs = 10_000
/** Of a crowded stretch so many protected ones come back at least. */
const mostProtected = 500

export type DanmakuService = ReturnType<typeof createDanmakuService>

export const isModerator = (caller: Pick<Caller, 'role'>): boolean =>
  caller.role === 'moderator' || caller.role === 'admin'

export const createDanmakuService = ({ db, kv, bus, clock, count, isForbidden }: DanmakuDeps) => {
  const writer = createWriter((rows) =>
    db.transaction(async (trx) => {
      await store.insertDanmaku(trx, rows)
      await curation.addToDensity(trx, rows, 1)
      for (const [timelineId, group] of Map.groupBy(rows, (row) => row.timeline_id)) {
        await count(trx, timelineId, group.length)
      }
    }),
  )

  /** Holds in every profile: it keeps one user from filling everybody's screen. Throws `rate_limited`. */
  const assertPace = async (userId: string, said: string): Promise<void> => {
    if ((await kv.incr(`danmaku:pace:${userId}`, burstMs)) > burst) {
      throw new AppError('rate_limited', { retryAfterS: burstMs / 1000 })
    }
    if (!(await kv.setIfAbsent(said, '1', repetitionMs))) {
      throw new AppError('rate_limited', { retryAfterS: repetitionMs / 1000 })
    }
  }

  const order = createOrder({ db, clock })

  return {
    /** What somebody wrote, page by page. */
    async *exportOf(userId: string): AsyncIterable<object> {
      let afterId: string | undefined
      for (;;) {
        const rows = await store.writtenByQuery(db, userId, afterId, 500).execute()
        for (const row of rows)
          yield {
            text: row.text,
            media_time: row.media_ms / 1000,
            sent_at: new Date(row.sent_ms).toISOString(),
          }
        afterId = rows.at(-1)?.id
        if (afterId === undefined || rows.length < 500) return
      }
    },
    ...order,

    /** Resolves once it is stored. Throws `muted`, `banned_here`, `text_forbidden`, `rate_limited`. */
    async write(
      timeline: Timeline,
      author: { id: string; nickname: string },
      given: NewDanmaku,
    ): Promise<Danmaku> {
      await order.assertHeard(timeline.ownerId, author.id)
      if (await curation.isLocked(db, timeline.timelineId)) throw new AppError('danmaku_locked')
      if ((await isForbidden?.(given.text)) === true) throw new AppError('text_forbidden')
      const said = `danmaku:said:${repetitionKey(author.id, given.text)}`
      await assertPace(author.id, said)
      const nowMs = clock.now()
      const row = {
        timeline_id: timeline.timelineId,
        media_ms: Math.max(0, Math.round(given.mediaMs)),
        id: sortableId(nowMs),
        user_id: author.id,
        owner_id: timeline.ownerId,
        text: given.text,
        ...looksToRow(given),
        sent_ms: nowMs,
        protected: 0,
      }
      try {
        await writer.write(row)
      } catch (error) {
        // Not said after all: trying again is no repetition.
        await kv.delete(said)
        throw error
      }
      return toDanmaku({ ...row, nickname: author.nickname })
    },

    /**
     * What lies in `[fromMs, toMs)`, at most 2,000. Where there are more, the range is cut into 40 equal stretches
     * and the first 50 of each come back, the protected ones before all: every moment keeps some, and the same
     * question gets the same answer.
     */
    async range(timelineId: string, fromMs: number, toMs: number | undefined): Promise<Danmaku[]> {
      const from = Math.round(fromMs)
      const to = toMs === undefined ? undefined : Math.round(toMs)
      if (to !== undefined && to <= from) return []
      const rows = await store
        .stretchQuery(db, timelineId, { fromMs: from, toMs: to, limit: maxInRange + 1 })
        .execute()
      if (rows.length <= maxInRange) return rows.map(toDanmaku)
      const lastMs = (await store.lastMediaMs(db, timelineId)) ?? from
      const cut = cutStretches(from, Math.min(to ?? Infinity, lastMs + 1))
      const [sampled, kept] = await Promise.all([
        store.sampleStretches(db, timelineId, cut, perStretch),
        curation.protectedIn(db, timelineId, { fromMs: from, toMs: to, limit: mostProtected }),
      ])
      const shown = new Map([...kept, ...sampled].map((row) => [row.id, row]))
      return [...shown.values()]
        .slice(0, maxInRange)
        .sort((a, b) => a.media_ms - b.media_ms || (a.id < b.id ? -1 : 1))
        .map(toDanmaku)
    },

    /** The slots in which most was said, the most first, none nearer to another than `gapMs`. */
    async peaks(timelineId: string, most: number, gapMs: number): Promise<{ atMs: number; said: number }[]> {
      const slots = await curation.densityQuery(db, timelineId, maxSlots).execute()
      return peaksOf(slots, most, gapMs)
    },

    /** Copies what lies in a stretch, at most 2,000, to another timeline, on which it begins at 0. */
    async copy(from: string, stretch: { fromMs: number; toMs: number }, to: Timeline): Promise<void> {
      const fromMs = Math.round(stretch.fromMs)
      const rows = await store
        .stretchQuery(db, from, { fromMs, toMs: Math.round(stretch.toMs), limit: maxInRange })
        .execute()
      if (rows.length === 0) return
      const copies = rows.map(({ nickname: _nickname, ...row }) => ({
        ...row,
        id: sortableId(clock.now()),
        timeline_id: to.timelineId,
        owner_id: to.ownerId,
        media_ms: row.media_ms - fromMs,
        protected: 0,
      }))
      await db.transaction(async (trx) => {
        await store.insertDanmaku(trx, copies)
        await curation.addToDensity(trx, copies, 1)
      })
    },

    /** The last ones on the timeline, oldest first. */
    async newest(timelineId: string, limit: number): Promise<Danmaku[]> {
      const rows = await store.newestQuery(db, timelineId, limit).execute()
      return rows.reverse().map(toDanmaku)
    },

    /** By its writer, the owner of the video or room, one of its moderators, a moderator of the site. Throws `not_found`, `forbidden`. */
    async remove(id: string, caller: Caller): Promise<void> {
      const row = await store.findDanmaku(db, id)
      if (row === undefined) throw new AppError('not_found')
      const may =
        row.user_id === caller.userId ||
        row.owner_id === caller.userId ||
        isModerator(caller) ||
        (await order.moderates(row.owner_id, caller.userId))
      if (!may) throw new AppError('forbidden')
      const deleted = await db.transaction(async (trx) => {
        if (!(await store.deleteDanmaku(trx, id))) return false
        await curation.addToDensity(trx, [row], -1)
        if (row.protected === 1) await curation.unprotect(trx, row)
        await count(trx, row.timeline_id, -1)
        return true
      })
      if (!deleted) throw new AppError('not_found')
      const news = { timeline_id: row.timeline_id, owner_id: row.owner_id, id } satisfies DanmakuDeleted
      await bus.publish(deletedChannel, news)
    },

    /** What one says, who wrote it and on whose timeline. */
    async find(id: string): Promise<{ userId: string; ownerId: string; text: string } | undefined> {
      const row = await store.findDanmaku(db, id)
      return row && { userId: row.user_id, ownerId: row.owner_id, text: row.text }
    },

    countOf: (timelineId: string, q: Queries = db): Promise<number> => store.countOf(q, timelineId),

    /**
     * All that `userId` wrote on the timeline goes, also what waits to be stored in this process; how many that were.
     * Telling those who watch is the caller's.
     */
    async purge(timelineId: string, userId: string): Promise<number> {
      await writer.settle()
      let deleted = 0
      for (;;) {
        const some = await db.transaction(async (trx) => {
          const n = await store.deleteWrittenBy(trx, timelineId, userId, purgedAtOnce)
          if (n > 0) await count(trx, timelineId, -n)
          return n
        })
        deleted += some
        if (some < purgedAtOnce) return deleted
      }
    },

    close: () => writer.close(),
  }
}
