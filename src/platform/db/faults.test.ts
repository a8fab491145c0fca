import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../clock/clock.ts'
import { silentLog } from '../log/log.ts'
import { openDatabase } from './db.ts'
import type { DatabaseConfig, Db, Queries } from './db.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import { testDatabases } from './testing.ts'

const reopen = (config: DatabaseConfig) => openDatabase({ config, log: silentLog, clock: systemClock })
const put = (q: Queries, id: string, step = 0, name = '') =>
  q.insertInto('schema_migration').values({ migration: id, step, name, at_ms: 0 }).execute()
const add = (q: Queries, id: string) =>
  q
    .updateTable('schema_migration')
    .set((eb) => ({ at_ms: eb('at_ms', '+', 1) }))
    .where('migration', '=', id)
    .execute()
const valueOf = async (db: Db, id: string) =>
  (await db.selectFrom('schema_migration').select('at_ms').where('migration', '=', id).executeTakeFirst())
    ?.at_ms

describe.each(testDatabases())('faults on $name', ({ name, place }) => {
  it('loses no acknowledged write and shows no half of one when its process is killed', async () => {
    await using where = await place()
    await using first = await reopen(where.config)
    await migrate(first, migrations)
    await first.close()
    const script = new URL('./writer.fixture.ts', import.meta.url).pathname
    const acknowledged: string[] = []
    for (let run = 0; run < 5; run++) {
      const child = spawn(process.execPath, [script, JSON.stringify(where.config), String(run)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const output = text(child.stdout)
      await once(child.stdout, 'data')
      await sleep(100 + run * 37)
      child.kill('SIGKILL')
      acknowledged.push(...(await output).split('\n').slice(0, -1))
    }
    await using db = await reopen(where.config)
    const rows = await db
      .selectFrom('schema_migration')
      .select(['migration', (eb) => eb.fn.countAll<number>().as('rows')])
      .where('name', '=', '')
      .groupBy('migration')
      .execute()
    const kept = new Map(rows.map((row) => [row.migration, row.rows]))
    expect(acknowledged.length).toBeGreaterThan(20)
    expect(acknowledged.filter((id) => kept.get(id) !== 2)).toEqual([])
    expect([...kept.values()].filter((count) => count !== 2)).toEqual([])
    if (name === 'sqlite') {
      const check = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db)
      expect(check.rows).toEqual([{ integrity_check: 'ok' }])
    }
  })

  it('runs a transaction again that lost against another', async () => {
    await using where = await place()
    await using db = await reopen(where.config)
    await migrate(db, migrations)
    await put(db, 'a')
    await put(db, 'b')
    let runs = 0
    const both = (first: string, second: string) =>
      db.transaction(async (trx) => {
        runs++
        await add(trx, first)
        await sleep(20)
        // What the caller makes of the deadlock does not matter.
        await add(trx, second).catch(() => undefined)
      })
    await Promise.all([both('a', 'b'), both('b', 'a'), both('a', 'b'), both('b', 'a')])
    expect([await valueOf(db, 'a'), await valueOf(db, 'b')]).toEqual([4, 4])
    if (name === 'mariadb') expect(runs).toBeGreaterThan(4)
  })

  it('refuses a second process on one SQLite file, in clear words', async () => {
    await using where = await place()
    await using db = await reopen(where.config)
    if (name === 'sqlite')
      await expect(reopen(where.config)).rejects.toThrow('in use by another Vireo process')
    else await (await reopen(where.config)).close()
    await db.close()
    await (await reopen(where.config)).close()
  })

  it('says storage_full, keeps what it had and works again when there is room', async () => {
    if (name !== 'sqlite') return
    await using where = await place()
    await using db = await reopen(where.config)
    await migrate(db, migrations)
    const limit = (pages: number) =>
      db.transaction(async (trx) => void (await sql`pragma max_page_count = ${sql.lit(pages)}`.execute(trx)))
    const filler = (): string => 'x'.repeat(100)
    await limit(1)
    let kept = 0
    const fill = async (): Promise<void> => {
      for (;;) {
        await db.transaction(async (trx) => {
          for (let step = 0; step < 20; step++) await put(trx, `f-${kept}`, step, filler())
        })
        kept++
      }
    }
    await expect(fill()).rejects.toMatchObject({ code: 'storage_full' })
    const count = async () =>
      (
        await db
          .selectFrom('schema_migration')
          .select((eb) => eb.fn.countAll<number>().as('n'))
          .where('migration', 'like', 'f-%')
          .executeTakeFirst()
      )?.n
    expect(await count()).toBe(kept * 20)
    await limit(1_000_000)
    await put(db, 'f-more')
    expect(await count()).toBe(kept * 20 + 1)
    const check = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db)
    expect(check.rows).toEqual([{ integrity_check: 'ok' }])
  })

  it('survives a broken connection: storage_failed once, then it works', async () => {
    if (name !== 'mariadb') return
    await using where = await place()
    if (where.config.kind !== 'mysql') throw new Error('not MySQL')
    await using proxy = await openProxy(where.config.url)
    await using db = await reopen({ kind: 'mysql', url: proxy.url })
    await migrate(db, migrations)
    await put(db, 'a')
    // Reset in the middle of a transaction: what was not committed is gone, and it is run again.
    let runs = 0
    await db.transaction(async (trx) => {
      await add(trx, 'a')
      if (++runs === 1) proxy.reset()
      await put(trx, `b-${runs}`)
    })
    expect([runs, await valueOf(db, 'a')]).toEqual([2, 1])
    // Reset in COMMIT: nobody knows, so it is not run again.
    runs = 0
    const unsure = db.transaction(async (trx) => {
      runs++
      await add(trx, 'a')
      proxy.resetAfterNext('COMMIT')
    })
    await expect(unsure).rejects.toMatchObject({ code: 'storage_failed' })
    expect(runs).toBe(1)
    expect(await valueOf(db, 'a')).toBe(2)
    await proxy.close()
    await expect(put(db, 'c')).rejects.toMatchObject({ code: 'storage_failed' })
    await expect(reopen({ kind: 'mysql', url: proxy.url })).rejects.toMatchObject({ code: 'storage_failed' })
  })
})

/** Stands between the pool and the server, and breaks connections when told. */
const openProxy = async (target: string) => {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let word: string | undefined
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  const server = createServer((client) => {
    const upstream = createConnection(Number(port), hostname)
    sockets.add(client)
    client.on('data', (data) => {
      upstream.write(data)
      if (word === undefined || !data.includes(word)) return
      word = undefined
      // The server gets it, its answer is lost.
      setTimeout(reset, 0)
      upstream.removeAllListeners('data')
    })
    upstream.on('data', (data) => client.write(data))
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => undefined)
      one.on('close', () => {
        sockets.delete(one)
        other.end()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async (): Promise<void> => {
    reset()
    if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return {
    url: url.href,
    reset,
    resetAfterNext: (next: string) => void (word = next),
    close,
    [Symbol.asyncDispose]: close,
  }
}
