import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { createMemoryBus } from '../bus/memory.ts'
import { systemClock } from '../clock/clock.ts'
import { openDatabase } from '../db/db.ts'
import type { Db } from '../db/db.ts'
import { migrate } from '../db/migrate.ts'
import { migrations } from '../db/migrations/index.ts'
import { explain } from '../db/explain.ts'
import { testDatabases } from '../db/testing.ts'
import { AppError } from '../errors/app-error.ts'
import { silentLog } from '../log/log.ts'
import type { JobStopped } from './jobs.ts'
import { createJobs, PermanentError } from './jobs.ts'
import { claimJob, dueJobs, findJob } from './store.ts'

const start = (db: Db) =>
  createJobs({
    db,
    bus: createMemoryBus({ log: silentLog }),
    log: silentLog,
    clock: systemClock,
    options: { pollMs: 50, stopMs: 300 },
  })
const wait = { timeout: 8000, interval: 10 }

describe.each(testDatabases())('jobs on $name', ({ open, place }) => {
  it('runs what was committed, once, and keeps its result', async () => {
    await using db = await open()
    await using jobs = await start(db)
    const seen: unknown[] = []
    jobs.work('test', async ({ job }) => void seen.push(job.payload))
    const failing = db.transaction(async (trx) => {
      await jobs.enqueue(trx, { kind: 'test', payload: 'never' })
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    const { id } = await db.transaction((trx) => jobs.enqueue(trx, { kind: 'test', payload: { a: 1 } }))
    await vi.waitFor(
      async () => expect(await jobs.get(id)).toMatchObject({ state: 'done', progress: 1 }),
      wait,
    )
    expect(seen).toEqual([{ a: 1 }])
  })

  it('gives each of 50 parallel claims to one', async () => {
    await using db = await open()
    await using jobs = await start(db)
    const { id } = await jobs.enqueue(db, { kind: 'test', payload: null })
    const job = (await findJob(db, id))!
    const nowMs = systemClock.now()
    const claims = await Promise.all(
      Array.from({ length: 50 }, () => claimJob(db, job, { nowMs, leaseEndMs: nowMs + 5000 })),
    )
    expect(claims.filter(Boolean)).toHaveLength(1)
  })

  it('runs 50 jobs once each on three workers', async () => {
    await using db = await open()
    await using a = await start(db)
    await using b = await start(db)
    await using c = await start(db)
    const seen: string[] = []
    for (const jobs of [a, b, c]) {
      jobs.work('test', async ({ job }) => void seen.push(job.id), { concurrency: 5 })
    }
    await Promise.all(Array.from({ length: 50 }, (_, n) => a.enqueue(db, { kind: 'test', payload: n })))
    await vi.waitFor(() => expect(seen).toHaveLength(50), wait)
    await vi.waitFor(async () => expect(await a.list({ state: 'done', limit: 100 })).toHaveLength(50), wait)
    expect(new Set(seen).size).toBe(50)
  })

  it('never runs more at a time than it may', async () => {
    await using db = await open()
    await using jobs = await start(db)
    let running = 0
    let most = 0
    let ended = 0
    for (let n = 0; n < 8; n++) await jobs.enqueue(db, { kind: 'test', payload: n })
    const handler = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await sleep(20)
      running--
      ended++
    }
    jobs.work('test', handler, { concurrency: 2 })
    await vi.waitFor(() => expect(ended).toBe(8), wait)
    expect(most).toBe(2)
  })

  it('keeps one live job per key', async () => {
    await using db = await open()
    await using jobs = await start(db)
    const enqueue = () =>
      jobs.enqueue(db, { kind: 'test', payload: null, key: 'video-1', runAtMs: Date.now() + 60_000 })
    const all = await Promise.all(Array.from({ length: 20 }, enqueue))
    expect(all.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    const id = all[0]!.id
    expect(await jobs.cancel(id)).toBe(true)
    expect(await jobs.cancel(id)).toBe(false)
    expect(await enqueue()).toMatchObject({ created: true })
    expect(await jobs.getByKey('test', 'video-1')).toMatchObject({ state: 'queued' })
    await expect(jobs.retry(id)).rejects.toMatchObject({ code: 'conflict' })
    await expect(jobs.retry('nobody')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('tries again what failed, gives up in the end, and can be retried', async () => {
    await using db = await open()
    await using jobs = await start(db)
    let works = false
    let runs = 0
    const handler = async (): Promise<void> => {
      runs++
      if (!works) throw new Error('x'.repeat(5000))
    }
    jobs.work('test', handler, { firstBackoffMs: 10 })
    const { id } = await jobs.enqueue(db, { kind: 'test', payload: null, maxAttempts: 3 })
    await vi.waitFor(
      async () => expect(await jobs.get(id)).toMatchObject({ state: 'failed', failures: 3 }),
      wait,
    )
    expect(runs).toBe(3)
    expect((await jobs.get(id))?.error?.text).toHaveLength(1000)
    works = true
    await jobs.retry(id)
    await vi.waitFor(
      async () => expect(await jobs.get(id)).toMatchObject({ state: 'done', error: undefined }),
      wait,
    )
  })

  it.each([
    [
      'a permanent error',
      new PermanentError('codec_unsupported', 'This codec can not be read'),
      'codec_unsupported',
    ],
    ['a broken rule', new AppError('image_invalid'), 'image_invalid'],
  ])('fails at once on %s', async (_name, error, code) => {
    await using db = await open()
    await using jobs = await start(db)
    jobs.work('test', () => Promise.reject(error))
    const { id } = await jobs.enqueue(db, { kind: 'test', payload: null })
    await vi.waitFor(
      async () => expect(await jobs.get(id)).toMatchObject({ state: 'failed', error: { code } }),
      wait,
    )
    expect(await jobs.get(id)).toMatchObject({ failures: 1 })
  })

  it('shows progress while it runs', async () => {
    await using db = await open()
    await using jobs = await start(db)
    let go = (): void => undefined
    const gate = new Promise<void>((resolve) => (go = resolve))
    jobs.work('test', async ({ progress }) => {
      progress(0.5, '720p')
      await gate
    })
    const { id } = await jobs.enqueue(db, { kind: 'test', payload: null })
    await vi.waitFor(
      async () => expect(await jobs.get(id)).toMatchObject({ progress: 0.5, note: '720p' }),
      wait,
    )
    go()
  })

  it('cancels what runs', async () => {
    await using db = await open()
    await using jobs = await start(db)
    const untilAborted = (signal: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as JobStopped)),
      )
    jobs.work('test', ({ signal }) => untilAborted(signal))
    const { id } = await jobs.enqueue(db, { kind: 'test', payload: null })
    await vi.waitFor(async () => expect(await jobs.get(id)).toMatchObject({ state: 'running' }), wait)
    expect(await jobs.cancel(id)).toBe(true)
    await vi.waitFor(async () => expect(await jobs.get(id)).toMatchObject({ state: 'cancelled' }), wait)
  })

  it('stops a worker that lost its lease and lets it write nothing', async () => {
    await using db = await open()
    await using jobs = await start(db)
    const outcome = Promise.withResolvers<unknown>()
    jobs.work(
      'test',
      async ({ job, signal, guard }) => {
        // Somebody else takes it, as after a long pause of this process.
        await db
          .updateTable('job')
          .set({ attempt: 9, due_ms: Date.now() + 60_000 })
          .where('id', '=', job.id)
          .execute()
        const guarded = await db.transaction(guard).catch((error: unknown) => error)
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        outcome.resolve([guarded, signal.reason])
      },
      { leaseMs: 150 },
    )
    const { id } = await jobs.enqueue(db, { kind: 'test', payload: null })
    expect(await outcome.promise).toMatchObject([{ reason: 'lost' }, { reason: 'lost' }])
    await jobs.close()
    expect(await jobs.get(id)).toMatchObject({ state: 'running', attempt: 9 })
  })

  it('gives running jobs back at once when it closes, also those that do not listen', async () => {
    await using db = await open()
    const first = await start(db)
    first.work('test', () => new Promise(() => undefined), { leaseMs: 60_000 })
    const { id } = await first.enqueue(db, { kind: 'test', payload: null })
    await vi.waitFor(async () => expect(await first.get(id)).toMatchObject({ state: 'running' }), wait)
    await first.close()
    expect(await first.get(id)).toMatchObject({ state: 'queued', failures: 0 })
    await using second = await start(db)
    second.work('test', async () => undefined)
    await vi.waitFor(
      async () => expect(await second.get(id)).toMatchObject({ state: 'done', attempt: 2 }),
      wait,
    )
  })

  it('retakes the job of a killed process when its lease ends', async () => {
    await using where = await place()
    const own = await openDatabase({ config: where.config, log: silentLog, clock: systemClock })
    await migrate(own, migrations)
    const { id } = await (await start(own)).enqueue(own, { kind: 'test', payload: null })
    await own.close()

    const script = new URL('./killed-worker.fixture.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [script, JSON.stringify(where.config)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')

    await using db = await openDatabase({ config: where.config, log: silentLog, clock: systemClock })
    await using jobs = await start(db)
    jobs.work('test', async () => undefined)
    await vi.waitFor(
      async () => expect(await jobs.get(id)).toMatchObject({ state: 'done', attempt: 2 }),
      wait,
    )
    expect(await jobs.get(id)).toMatchObject({ failures: 1 })
  })

  it('lists page by page on an index, and deletes what is old', async () => {
    await using db = await open()
    await using jobs = await start(db)
    for (let n = 0; n < 300; n++) await jobs.enqueue(db, { kind: 'test', payload: n })
    const page = await jobs.list({ state: 'queued', limit: 200 })
    const next = await jobs.list({ state: 'queued', limit: 200, beforeId: page.at(-1)!.id })
    expect([...page, ...next].map(({ payload }) => payload)).toEqual(
      Array.from({ length: 300 }, (_, n) => 299 - n),
    )
    const plan = await explain(
      db,
      db
        .selectFrom('job')
        .selectAll()
        .where('state', '=', 'running')
        .where('kind', '=', 'test')
        .where('due_ms', '<=', 1)
        .orderBy('due_ms')
        .limit(9),
    )
    expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
    expect(await dueJobs(db, 'test', Date.now(), 10)).toHaveLength(10)
    await db.updateTable('job').set({ state: 'done', updated_ms: 5 }).execute()
    expect(await jobs.prune()).toBe(300)
  })
})
