import { describe, expect, it } from 'vitest'
import { sortableId } from '../ids/ids.ts'
import { cutPage, decodeCursor, encodeCursor, seek } from './cursor.ts'
import type { Queries } from './db.ts'
import { explain } from './explain.ts'
import { forUpdate, greatest, insertIfAbsent, upsert } from './portable.ts'
import { col, createIndex, createTable } from './schema.ts'
import type { Migration } from './migrate.ts'
import { testDatabases } from './testing.ts'
import { sql } from 'kysely'

declare module './tables.ts' {
  interface Tables {
    test_page: { id: string; at_ms: number; plays: number }
  }
}

const pages: Migration = {
  id: '0001-pages',
  steps: [
    createTable(
      'test_page',
      { id: col.id(), at_ms: col.bigint(), plays: col.bigint() },
      { primaryKey: ['id'] },
    ),
    createIndex('test_page', ['at_ms', 'id']),
  ],
}

const secret = Buffer.from('a secret of the server')

describe('cursor', () => {
  it('gives back what it was made of', () => {
    const cursor = encodeCursor('videos:newest', [17, 'abc'], secret)
    expect(cursor).toMatch(/^[\w-]+\.[\w-]+$/)
    expect(decodeCursor('videos:newest', cursor, secret, ['number', 'string'])).toEqual([17, 'abc'])
  })

  it.each([
    ['another list', (cursor: string) => ['videos:hot', cursor] as const],
    ['a changed place', (cursor: string) => ['videos:newest', `x${cursor}`] as const],
    ['a changed signature', (cursor: string) => ['videos:newest', `${cursor.slice(0, -2)}__`] as const],
    ['nothing', () => ['videos:newest', ''] as const],
    ['more parts', (cursor: string) => ['videos:newest', `${cursor}.x`] as const],
    ['a flood', () => ['videos:newest', 'x'.repeat(100_000)] as const],
  ])('refuses %s', (_name, change) => {
    const [list, cursor] = change(encodeCursor('videos:newest', [17, 'abc'], secret))
    expect(() => decodeCursor(list, cursor, secret, ['number', 'string'])).toThrow('cursor_invalid')
  })

  it('refuses another shape and another secret', () => {
    const cursor = encodeCursor('videos:newest', [17], secret)
    expect(() => decodeCursor('videos:newest', cursor, secret, ['string'])).toThrow('cursor_invalid')
    expect(() => decodeCursor('videos:newest', cursor, Buffer.from('another'), ['number'])).toThrow(
      'cursor_invalid',
    )
  })
})

describe.each(testDatabases())('pages on $name', ({ open }) => {
  it('visits every row once, by the index', async () => {
    await using db = await open({ migrations: [pages] })
    const rows = Array.from({ length: 2000 }, (_, i) => ({
      id: sortableId(1000 + i),
      at_ms: i % 7,
      plays: 0,
    }))
    await upsert(db, 'test_page', rows, { key: ['id'] })
    const list = (q: Queries, place?: [number, string]) => {
      const all = q
        .selectFrom('test_page')
        .selectAll()
        .orderBy('at_ms', 'desc')
        .orderBy('id', 'desc')
        .limit(151)
      return place
        ? all.where(
            seek([
              ['at_ms', 'desc', place[0]],
              ['id', 'desc', place[1]],
            ]),
          )
        : all
    }
    const seen: string[] = []
    let cursor: string | null | undefined
    while (cursor !== null) {
      const place = cursor === undefined ? undefined : decodeCursor('t', cursor, secret, ['number', 'string'])
      const page = cutPage(await list(db, place).execute(), 150, (last) =>
        encodeCursor('t', [last.at_ms, last.id], secret),
      )
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor
    }
    expect(seen.length).toBe(2000)
    expect(new Set(seen).size).toBe(2000)
    if (db.engine === 'mysql') await sql`analyze table test_page`.execute(db)
    const plan = await explain(db, list(db, [3, rows[500]!.id]))
    expect(plan, plan.text).toMatchObject({
      fullScan: false,
      sorts: false,
      indexes: ['ix_test_page_at_ms_id'],
    })
    const bad = await explain(db, db.selectFrom('test_page').selectAll().orderBy('plays').limit(10))
    expect(bad, bad.text).toMatchObject({ fullScan: true, sorts: true })
  })

  it('upserts, inserts if absent, locks and compares alike', async () => {
    await using db = await open({ migrations: [pages] })
    const row = { id: 'a', at_ms: 1, plays: 2 }
    expect(await insertIfAbsent(db, 'test_page', row)).toBe(true)
    expect(await insertIfAbsent(db, 'test_page', row, 'PRIMARY')).toBe(false)
    await upsert(db, 'test_page', [row, { id: 'b', at_ms: 5, plays: 5 }], { key: ['id'], add: ['plays'] })
    await upsert(db, 'test_page', [{ id: 'a', at_ms: 9, plays: 0 }], { key: ['id'], replace: ['at_ms'] })
    await upsert(db, 'test_page', [{ id: 'a', at_ms: 7, plays: 7 }], { key: ['id'] })
    await db.transaction(async (trx) => {
      const locked = trx.selectFrom('test_page').select('id').where('id', '=', 'a').modifyEnd(forUpdate(trx))
      expect(await locked.execute()).toEqual([{ id: 'a' }])
      await trx
        .updateTable('test_page')
        .set({ plays: greatest(trx, sql.ref<number>('plays'), sql.val(5)) })
        .execute()
    })
    const rows = await db.selectFrom('test_page').selectAll().orderBy('id').execute()
    expect(rows).toEqual([
      { id: 'a', at_ms: 9, plays: 5 },
      { id: 'b', at_ms: 5, plays: 5 },
    ])
  })
})
