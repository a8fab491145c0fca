import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { createMemoryBus } from '../bus/memory.ts'
import { createManualClock, systemClock } from '../clock/clock.ts'
import type { Db } from '../db/db.ts'
import { testDatabases } from '../db/testing.ts'
import { silentLog } from '../log/log.ts'
import { createEvents } from './events.ts'
import type { EventsOptions } from './events.ts'

declare module '../../../contract/events.ts' {
  interface Events {
    'test.counted': { n: number }
    'test.other': { n: number }
  }
}

const quick: EventsOptions = { pollMs: 50, gapMs: 700, backoffMs: { first: 20, longest: 80 } }
const start = (db: Db, options: EventsOptions = quick, log = silentLog, clock = systemClock) =>
  createEvents({ db, bus: createMemoryBus({ log: silentLog }), log, clock, options })
type Started = Awaited<ReturnType<typeof start>>
const append = (events: Started, db: Db, n: number) =>
  db.transaction((trx) => events.append(trx, { type: 'test.counted', payload: { n } }))

describe.each(testDatabases())('events on $name', ({ open }) => {
  it('delivers what was committed, in order, of the wanted types', async () => {
    await using db = await open()
    await using events = await start(db)
    const seen: number[] = []
    await events.consume('a', ['test.counted'], async ({ payload }) => void seen.push(payload.n))
    for (let n = 0; n < 5; n++) {
      await db.transaction(async (trx) => {
        await events.append(trx, { type: 'test.other', payload: { n: -1 } })
        await events.append(trx, { type: 'test.counted', payload: { n } })
      })
    }
    await vi.waitFor(() => expect(seen).toEqual([0, 1, 2, 3, 4]), 5000)
    await vi.waitFor(async () => expect(await events.lag()).toMatchObject([{ consumer: 'a', behind: 0 }]))
  })

  it('has no event of a transaction that was rolled back', async () => {
    await using db = await open()
    await using events = await start(db)
    const seen: number[] = []
    await events.consume('a', undefined, async (event) => void seen.push((event.payload as { n: number }).n))
    const failing = db.transaction(async (trx) => {
      await events.append(trx, { type: 'test.counted', payload: { n: 1 } })
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    await append(events, db, 2)
    await vi.waitFor(() => expect(seen).toEqual([2]), 5000)
    expect(await db.selectFrom('event').select('id').execute()).toHaveLength(1)
  })

  it('keeps order and skips nothing while transactions commit out of order', async () => {
    await using db = await open()
    await using events = await start(db)
    const seen: number[] = []
    await events.consume('a', undefined, async ({ id }) => void seen.push(id))
    const writers = Array.from({ length: 60 }, (_, n) =>
      db.transaction(async (trx) => {
        await events.append(trx, { type: 'test.counted', payload: { n } })
        // The first to take an id are the last to commit.
        await sleep(n % 8 === 0 ? 120 : 1)
      }),
    )
    await Promise.all(writers)
    await vi.waitFor(() => expect(seen).toHaveLength(60), 15_000)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(new Set(seen).size).toBe(60)
  })

  it('tries a failing handler again, in order, and says so once per step', async () => {
    await using db = await open()
    const error = vi.fn()
    const log = { ...silentLog, error, child: () => log }
    await using events = await start(db, quick, log)
    const seen: number[] = []
    let failures = 0
    await events.consume('a', ['test.counted'], async ({ payload }) => {
      if (payload.n === 1 && failures++ < 6) throw new Error('not yet')
      seen.push(payload.n)
    })
    for (let n = 0; n < 3; n++) await append(events, db, n)
    await vi.waitFor(() => expect(seen).toEqual([0, 1, 2]), 5000)
    expect(failures).toBe(7)
    // 20 ms, 40 ms, and once that it will not be said again.
    expect(error).toHaveBeenCalledTimes(3)
  })

  it('goes on where it stopped, in one process at a time', async () => {
    await using db = await open()
    const seen: string[] = []
    const first = await start(db)
    await first.consume('a', ['test.counted'], async ({ payload }) => void seen.push(`1:${payload.n}`))
    await using second = await start(db)
    await append(first, db, 1)
    await vi.waitFor(() => expect(seen).toHaveLength(1), 5000)
    await second.consume('a', ['test.counted'], async ({ payload }) => void seen.push(`2:${payload.n}`))
    await append(first, db, 2)
    await vi.waitFor(() => expect(seen).toHaveLength(2), 5000)
    await first.close()
    await append(second, db, 3)
    await vi.waitFor(() => expect(seen).toEqual(['1:1', '1:2', '2:3']), 5000)
  })

  it('waits for the running handler when it closes', async () => {
    await using db = await open()
    const events = await start(db)
    const seen: string[] = []
    await events.consume('a', undefined, async () => {
      seen.push('begin')
      await sleep(100)
      seen.push('end')
    })
    await append(events, db, 1)
    await append(events, db, 2)
    await vi.waitFor(() => expect(seen).toEqual(['begin']), 5000)
    await events.close()
    expect(seen).toEqual(['begin', 'end'])
    expect(await db.selectFrom('event_cursor').select('last_id').execute()).toEqual([{ last_id: 1 }])
  })

  it('deletes what is old once every consumer has passed it', async () => {
    await using db = await open()
    const clock = createManualClock(1_000_000)
    await using events = await start(db, { ...quick, keepMs: 1000, gapMs: 0 }, silentLog, clock)
    let blocked = true
    const seen: number[] = []
    await events.consume('a', ['test.counted'], async ({ payload }) => {
      if (payload.n === 1 && blocked) throw new Error('blocked')
      seen.push(payload.n)
    })
    await append(events, db, 0)
    await append(events, db, 1)
    clock.advance(5000)
    await vi.waitFor(async () => expect(await events.lag()).toMatchObject([{ lastId: 1 }]), 5000)
    expect(await events.prune()).toBe(1)
    blocked = false
    await append(events, db, 2)
    await vi.waitFor(() => expect(seen).toEqual([0, 1, 2]), 5000)
    await vi.waitFor(async () => expect(await events.lag()).toMatchObject([{ behind: 0 }]), 5000)
    expect(await events.prune()).toBe(1)
    expect(await db.selectFrom('event').select('id').execute()).toEqual([{ id: 3 }])
  })
})
