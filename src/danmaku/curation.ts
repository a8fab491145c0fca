/** Owns what authors do with the danmaku of their videos: look through, protect, lock, bring in and take out. */
import type { Danmaku } from '../../contract/danmaku.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import { sortableId } from '../platform/ids/ids.ts'
import * as curationStore from './curation-store.ts'
import { readDanmaku } from './exchange-read.ts'
import { curveOf } from './rules.ts'
import { isModerator } from './service.ts'
import type { Timeline } from './service.ts'
import * as store from './store.ts'
import { looksToRow, toDanmaku } from './view.ts'

interface Deps {
  db: Db
  clock: Clock
  cursorSecret: Uint8Array
  count: (trx: Transaction, timelineId: string, by: number) => Promise<void>
  isForbidden?: ((text: string) => Promise<boolean>) | undefined
}

type Film = Timeline & { durationMs: number }

const curvePoints = 200
/** A day and a half of five seconds each. */
const mostSlots = 26_000
const exportPage = 1000
const mostExported = 100_000
const importBatch = 200

export type Curation = ReturnType<typeof createCuration>

/** Throws `forbidden`. */
export const assertCurator = (timeline: Timeline, caller: Caller): void => {
  if (timeline.ownerId !== caller.userId && !isModerator(caller)) throw new AppError('forbidden')
}

export const createCuration = ({ db, clock, cursorSecret, count, isForbidden }: Deps) => {
  async function* pagesOf(timelineId: string): AsyncIterable<store.DanmakuWithName[]> {
    let after: readonly [number, string] | undefined
    for (let given = 0; given < mostExported; given += exportPage) {
      const rows = await curationStore.pageQuery(db, timelineId, { after, limit: exportPage }).execute()
      if (rows.length > 0) yield rows
      const last = rows.at(-1)
      if (last === undefined || rows.length < exportPage) return
      after = [last.media_ms, last.id]
    }
  }

  const insert = (timelineId: string, rows: readonly store.DanmakuRow[]): Promise<void> =>
    db.transaction(async (trx) => {
      await store.insertDanmaku(trx, rows)
      await curationStore.addToDensity(trx, rows, 1)
      await count(trx, timelineId, rows.length)
    })

  return {
    /** What a curve over the seek bar is drawn from, and whether anybody may write. */
    async density({ timelineId, durationMs }: Film) {
      const [slots, locked] = await Promise.all([
        curationStore.densityQuery(db, timelineId, mostSlots).execute(),
        curationStore.isLocked(db, timelineId),
      ])
      const { stepMs, counts } = curveOf(slots, durationMs, curvePoints)
      return { step: stepMs / 1000, counts, locked }
    },

    async list({ timelineId }: Timeline, page: { limit: number; cursor?: string | undefined }) {
      const name = `danmaku:${timelineId}`
      const after =
        page.cursor === undefined
          ? undefined
          : decodeCursor(name, page.cursor, cursorSecret, ['number', 'string'])
      const found = await curationStore.pageQuery(db, timelineId, { after, limit: page.limit + 1 }).execute()
      const { items, nextCursor } = cutPage(found, page.limit, (last) =>
        encodeCursor(name, [last.media_ms, last.id], cursorSecret),
      )
      return {
        items: items.map((row) => ({ ...toDanmaku(row), protected: row.protected === 1 })),
        next_cursor: nextCursor,
        locked: await curationStore.isLocked(db, timelineId),
      }
    },

    /** By the owner of the video or room, or a moderator. Throws `not_found`, `forbidden`. */
    async protect(id: string, on: boolean, caller: Caller): Promise<void> {
      const row = await store.findDanmaku(db, id)
      if (row === undefined) throw new AppError('not_found')
      assertCurator({ timelineId: row.timeline_id, ownerId: row.owner_id }, caller)
      await db.transaction(async (trx) => {
        const now = await store.findDanmaku(trx, id)
        if (now === undefined) throw new AppError('not_found')
        await curationStore.setProtected(trx, now, on)
      })
    },

    lock: (timelineId: string, by: Caller): Promise<void> =>
      curationStore.putLock(db, { timeline_id: timelineId, by_id: by.userId, locked_ms: clock.now() }),
    unlock: (timelineId: string): Promise<void> => curationStore.deleteLock(db, timelineId),

    /** All of it in order, page by page. */
    async *exportOf(timelineId: string): AsyncIterable<Danmaku[]> {
      for await (const rows of pagesOf(timelineId)) yield rows.map(toDanmaku)
    },

    /** What is there already, stands behind the end, or holds forbidden words, is left out. Throws `danmaku_file_invalid`. */
    async import(film: Film, file: Uint8Array, by: Caller): Promise<{ added: number; skipped: number }> {
      const given = readDanmaku(file)
      if (given === undefined || given.length === 0) throw new AppError('danmaku_file_invalid')
      const there = new Set<string>()
      for await (const rows of pagesOf(film.timelineId))
        for (const row of rows) there.add(`${row.media_ms} ${row.text}`)
      const nowMs = clock.now()
      let added = 0
      let waiting: store.DanmakuRow[] = []
      for (const { text, mediaMs, sentMs = nowMs, ...looks } of given) {
        const key = `${mediaMs} ${text}`
        if (mediaMs > film.durationMs || there.has(key) || (await isForbidden?.(text)) === true) continue
        if (there.size >= mostExported) break
        there.add(key)
        waiting.push({
          timeline_id: film.timelineId,
          media_ms: mediaMs,
          id: sortableId(nowMs),
          user_id: by.userId,
          owner_id: film.ownerId,
          text,
          ...looksToRow(looks),
          sent_ms: sentMs > 0 && sentMs < nowMs ? Math.round(sentMs) : nowMs,
          protected: 0,
        })
        added++
        if (waiting.length < importBatch) continue
        await insert(film.timelineId, waiting)
        waiting = []
      }
      if (waiting.length > 0) await insert(film.timelineId, waiting)
      return { added, skipped: given.length - added }
    },
  }
}
