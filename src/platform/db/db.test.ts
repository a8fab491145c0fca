import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sql } from 'kysely'
import { isDuplicate } from './db.ts'
import type { Db, Queries } from './db.ts'
import { col, createIndex, createTable, createUnique } from './schema.ts'
import type { Migration } from './migrate.ts'
import { testDatabases } from './testing.ts'

declare module './tables.ts' {
  interface Tables {
    test_thing: { id: string; name: string | null; n: number }
  }
}

const things: Migration = {
  id: '0001-things',
  steps: [
    createTable(
      'test_thing',
      { id: col.id(), name: col.text(40, { nullable: true }), n: col.bigint({ default: 0 }) },
      { primaryKey: ['id'] },
    ),
    createUnique('test_thing', ['name']),
    createIndex('test_thing', ['n desc', 'id desc']),
  ],
}

const put = (q: Queries, id: string, name: string | null = null, n = 0) =>
  q.insertInto('test_thing').values({ id, name, n }).execute()
const ids = async (q: Queries) =>
  (await q.selectFrom('test_thing').select('id').orderBy('id').execute()).map(({ id }) => id)

describe.each(testDatabases())('database on $name', ({ open }) => {
  let db: Db
  beforeEach(async () => {
    db = await open({ migrations: [things], transactionTimeoutMs: 1500 })
  })
  afterEach(() => db.close())

  it('commits what succeeded and runs the hooks then', async () => {
    const seen: string[][] = []
    let done = (): void => undefined
    const hooked = new Promise<void>((resolve) => (done = resolve))
    await db.transaction(async (trx) => {
      trx.afterCommit(async () => {
        seen.push(await ids(db))
        done()
      })
      await put(trx, 'a')
      expect(seen).toEqual([])
    })
    await hooked
    expect(seen).toEqual([['a']])
  })

  it('rolls back what failed and runs no hook', async () => {
    let ran = false
    const failing = db.transaction(async (trx) => {
      trx.afterCommit(() => void (ran = true))
      await put(trx, 'a')
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await ids(db)).toEqual([])
    expect(ran).toBe(false)
  })

  it('hides an open transaction from reads beside it', async () => {
    let go = (): void => undefined
    const gate = new Promise<void>((resolve) => (go = resolve))
    let opened = (): void => undefined
    const isOpen = new Promise<void>((resolve) => (opened = resolve))
    const writing = db.transaction(async (trx) => {
      await put(trx, 'a')
      opened()
      await gate
    })
    await isOpen
    expect(await ids(db)).toEqual([])
    go()
    await writing
    expect(await ids(db)).toEqual(['a'])
  })

  it('lets statements outside wait for the transaction instead of joining it', async () => {
    const order: string[] = []
    await put(db, 'x')
    let opened = (): void => undefined
    const isOpen = new Promise<void>((resolve) => (opened = resolve))
    const failing = db.transaction(async (trx) => {
      await trx.updateTable('test_thing').set({ n: 1 }).where('id', '=', 'x').execute()
      opened()
      await new Promise((resolve) => setTimeout(resolve, 50))
      order.push('rollback')
      throw new Error('no')
    })
    await isOpen
    const outside = db
      .updateTable('test_thing')
      .set((eb) => ({ n: eb('n', '+', 10) }))
      .where('id', '=', 'x')
      .execute()
      .then(() => order.push('outside'))
    await expect(failing).rejects.toThrow('no')
    await outside
    expect(order).toEqual(['rollback', 'outside'])
    expect((await db.selectFrom('test_thing').select('n').executeTakeFirst())?.n).toBe(10)
  })

  it('fails loudly when a handle is used after its transaction', async () => {
    let kept: Queries | undefined
    await db.transaction(async (trx) => void (kept = trx))
    await expect(put(kept!, 'a')).rejects.toThrow(/ended|committed/)
    expect(await ids(db)).toEqual([])
  })

  it('refuses the outer handle and nesting inside a transaction', async () => {
    await db.transaction(async (trx) => {
      await put(trx, 'a')
      await expect(put(db, 'b')).rejects.toThrow('Inside a transaction')
      await expect(db.transaction(async () => undefined)).rejects.toThrow('do not nest')
    })
    expect(await ids(db)).toEqual(['a'])
  })

  it('rolls back a transaction that stays open too long', async () => {
    const stuck = db.transaction(async (trx) => {
      await put(trx, 'a')
      await new Promise(() => undefined)
    })
    await expect(stuck).rejects.toMatchObject({ code: 'unavailable' })
    await put(db, 'b')
    expect(await ids(db)).toEqual(['b'])
  })

  it('names the constraint that refused a row, and goes on in the transaction', async () => {
    await put(db, 'a', 'same')
    await db.transaction(async (trx) => {
      const byName = await put(trx, 'b', 'same').catch((error: unknown) => error)
      expect(isDuplicate(byName)).toBe(true)
      expect(isDuplicate(byName, 'uq_test_thing_name')).toBe(true)
      expect(isDuplicate(byName, 'PRIMARY')).toBe(false)
      const byKey = await put(trx, 'a', 'other').catch((error: unknown) => error)
      expect(isDuplicate(byKey, 'PRIMARY')).toBe(true)
      await put(trx, 'c')
      await put(trx, 'd')
    })
    expect(isDuplicate(new Error('x'))).toBe(false)
    expect(await ids(db)).toEqual(['a', 'c', 'd'])
  })

  it('compares by bytes, refuses what is too long and what is not a plain value', async () => {
    await put(db, 'a', 'Name')
    await put(db, 'b', 'name')
    await put(db, 'c', '名字😀')
    const found = await db.selectFrom('test_thing').select('id').where('name', 'like', 'n%').execute()
    expect(found).toEqual([{ id: 'b' }])
    expect(await db.selectFrom('test_thing').select('name').where('id', '=', 'c').executeTakeFirst()).toEqual(
      { name: '名字😀' },
    )
    await expect(put(db, 'd', 'x'.repeat(41))).rejects.toThrow()
    const object = { toString: () => 'e' } as unknown as string
    await expect(put(db, object)).rejects.toThrow(TypeError)
    await expect(sql`BEGIN`.execute(db)).rejects.toThrow()
  })

  it('counts matched rows alike and adds exactly under contention', async () => {
    await put(db, 'a', null, 5)
    const same = await db.updateTable('test_thing').set({ n: 5 }).where('id', '=', 'a').executeTakeFirst()
    expect(same.numUpdatedRows).toBe(1n)
    await Promise.all(
      Array.from({ length: 50 }, () =>
        db.transaction(async (trx) => {
          const row = await sql<{ n: number }>`select n from test_thing where id = 'a' ${
            trx.engine === 'mysql' ? sql`for update` : sql``
          }`.execute(trx)
          await trx
            .updateTable('test_thing')
            .set({ n: (row.rows[0]?.n ?? 0) + 1 })
            .execute()
        }),
      ),
    )
    expect((await db.selectFrom('test_thing').select('n').executeTakeFirst())?.n).toBe(55)
    const total = await db
      .selectFrom('test_thing')
      .select((eb) => eb.fn.sum<number>('n').as('total'))
      .executeTakeFirst()
    expect(total?.total).toBe(55)
  })
})
