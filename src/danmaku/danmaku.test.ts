/** Danmaku: stored before they are acknowledged, read by an index, thinned where there are too many. */
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { createMemoryBus } from '../platform/bus/memory.ts'
import { systemClock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { sortableId } from '../platform/ids/ids.ts'
import { createMemoryKv } from '../platform/kv/memory.ts'
import { silentLog } from '../platform/log/log.ts'
import { createUserService } from '../user/index.ts'
import { cutStretches } from './rules.ts'
import { createDanmakuService } from './service.ts'
import * as store from './store.ts'
import type { DanmakuRow } from './store.ts'
import { createWriter } from './writer.ts'

const looks = { color: '#00ff7f', mode: 'bottom', size: 'large' } as const

const setUp = async (db: Db, count?: (timelineId: string, by: number) => Promise<void>) => {
  const clock = systemClock
  const users = createUserService({ db, clock })
  const bus = createMemoryBus({ log: silentLog })
  const counted: [string, number][] = []
  const service = createDanmakuService({
    db,
    bus,
    kv: createMemoryKv({ clock }),
    clock,
    count: async (_trx, timelineId, by) => {
      await count?.(timelineId, by)
      counted.push([timelineId, by])
    },
  })
  const person = async (nickname: string) => {
    const given = { nickname, username: undefined, role: 'user' } as const
    return { id: await db.transaction((trx) => users.create(trx, given)), nickname }
  }
  return { service, person, counted, bus }
}

const rowAt = (timelineId: string, mediaMs: number, userId: string): DanmakuRow => ({
  timeline_id: timelineId,
  media_ms: mediaMs,
  id: sortableId(Date.now()),
  user_id: userId,
  owner_id: userId,
  text: 'x',
  color: 0xffffff,
  mode: 0,
  size: 1,
  sent_ms: 1,
  protected: 0,
})

const fill = async (db: Db, rows: readonly DanmakuRow[]): Promise<void> => {
  for (let n = 0; n < rows.length; n += 500) await store.insertDanmaku(db, rows.slice(n, n + 500))
}

describe.each(testDatabases())('danmaku on $name', ({ open }) => {
  it('come back as they were written, in order of media time', async () => {
    await using db = await open()
    const { service, person, counted } = await setUp(db)
    const [a, b] = await Promise.all([person('甲'), person('乙')])
    const timeline = { timelineId: 't1', ownerId: a.id }
    const [late, early] = await Promise.all([
      service.write(timeline, a, { ...looks, text: '后', mediaMs: 2000.4 }),
      service.write(timeline, b, { ...looks, text: '先', mediaMs: 1000 }),
    ])
    expect(late).toMatchObject({ text: '后', media_time: 2, user: { id: a.id, nickname: '甲' }, ...looks })
    expect(await service.range('t1', 0, undefined)).toEqual([early, late])
    expect(await service.range('t1', 1000, 2000)).toEqual([early])
    expect(await service.range('t1', 2000, 1000)).toEqual([])
    expect(await service.range('t2', 0, undefined)).toEqual([])
    expect(await service.newest('t1', 1)).toEqual([late])
    // One batch, one count.
    expect(counted).toEqual([['t1', 2]])
    expect(await service.countOf('t1')).toBe(2)
  })

  it('are not acknowledged when they could not be stored, and may be said again', async () => {
    await using db = await open()
    let broken = true
    const { service, person } = await setUp(db, async () => {
      if (broken) throw new AppError('storage_failed')
    })
    const a = await person('a')
    const write = () =>
      service.write({ timelineId: 't', ownerId: a.id }, a, { ...looks, text: 'x', mediaMs: 0 })
    await expect(write()).rejects.toMatchObject({ code: 'storage_failed' })
    expect(await service.countOf('t')).toBe(0)
    broken = false
    await write()
    expect(await service.countOf('t')).toBe(1)
    await expect(write()).rejects.toMatchObject({ code: 'rate_limited' })
  })

  it('of a crowded range are thinned evenly, and the answer is always the same', async () => {
    await using db = await open()
    const { service, person } = await setUp(db)
    const { id } = await person('a')
    // 5,000 in the first ten seconds, then one each second.
    const crowd = Array.from({ length: 5000 }, (_, n) => rowAt('t', n * 2, id))
    const rest = Array.from({ length: 50 }, (_, n) => rowAt('t', 10_000 + n * 1000, id))
    await fill(db, [...crowd, ...rest])
    const got = await service.range('t', 0, 60_000)
    expect(got.length).toBeLessThanOrEqual(2000)
    // Nothing is taken from where there are few.
    expect(got.filter(({ media_time }) => media_time >= 11)).toHaveLength(49)
    expect(got.map(({ media_time }) => media_time)).toEqual(
      got.map(({ media_time }) => media_time).sort((x, y) => x - y),
    )
    expect(await service.range('t', 0, 60_000)).toEqual(got)
    expect(await service.range('t', 0, undefined)).not.toHaveLength(0)
    expect(await service.range('t', 0, 3998)).toHaveLength(1999)
  })

  it('are found by indexes only', async () => {
    await using db = await open()
    const { person } = await setUp(db)
    const { id } = await person('a')
    const rows = Array.from({ length: 4000 }, (_, n) => rowAt(`t${n % 20}`, n * 10, id))
    await fill(db, rows)
    if (db.engine === 'mysql') await sql`analyze table danmaku`.execute(db)
    const stretch = { fromMs: 1000, toMs: 5000, limit: 2001 }
    for (const query of [store.stretchQuery(db, 't1', stretch), store.newestQuery(db, 't1', 50)]) {
      const plan = await explain(db, query)
      expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
      expect(plan.indexes[0], plan.text).toBe('PRIMARY')
    }
    const one = db
      .selectFrom('danmaku')
      .selectAll()
      .where('id', '=', rows[7]?.id ?? '')
    expect((await explain(db, one)).fullScan).toBe(false)
  })

  it('are refused from who was muted, until then, on every timeline of that owner', async () => {
    await using db = await open()
    const { service, person } = await setUp(db)
    const [owner, a] = await Promise.all([person('o'), person('a')])
    const by = { userId: owner.id, sessionId: '', role: 'user' } as const
    await service.mute(owner.id, a.id, 10, by)
    await service.mute(owner.id, a.id, 20, by)
    const write = (text: string) =>
      service.write({ timelineId: 'any', ownerId: owner.id }, a, { ...looks, text, mediaMs: 0 })
    await expect(write('1')).rejects.toMatchObject({ code: 'muted' })
    expect(await service.mutes(owner.id)).toMatchObject([{ user_id: a.id, nickname: 'a' }])
    await service.unmute(owner.id, a.id)
    await write('2')
    await service.mute(owner.id, a.id, -1, by)
    await write('3')
  })
})

describe('the writer', () => {
  it('stores together what comes together, and answers each with its own fate', async () => {
    const batches: number[] = []
    const writer = createWriter(async (rows) => {
      batches.push(rows.length)
      await new Promise((resolve) => setTimeout(resolve, 30))
      if (rows.some(({ text }) => text === 'bad')) throw new Error('no')
    })
    const write = (text: string) => writer.write({ ...rowAt('t', 0, 'u'), text })
    await Promise.all(Array.from({ length: 250 }, () => write('x')))
    expect(batches).toEqual([200, 50])
    await expect(write('bad')).rejects.toThrow('no')
    const during = write('x')
    await writer.close()
    await during
    await writer.close()
  })
})

describe('cutStretches', () => {
  it('covers the range without a gap', () => {
    for (const [from, to] of [
      [0, 60_000],
      [5, 6],
      [100, 139],
      [0, 7_200_001],
    ] as const) {
      const cut = cutStretches(from, to)
      expect([cut[0]?.fromMs, cut.at(-1)?.toMs]).toEqual([from, to])
      for (const [n, { fromMs }] of cut.entries()) if (n > 0) expect(fromMs).toBe(cut[n - 1]?.toMs)
    }
  })
})
