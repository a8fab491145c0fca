import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../clock/clock.ts'
import { silentLog } from '../log/log.ts'
import { openDatabase } from './db.ts'
import type { DatabaseConfig } from './db.ts'
import { migrate, pendingMigrations } from './migrate.ts'
import type { Migration } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import { addColumn, col, createTable } from './schema.ts'
import { testDatabases } from './testing.ts'

const reopen = (config: DatabaseConfig) => openDatabase({ config, log: silentLog, clock: systemClock })
const steps = migrations.reduce((sum, { steps: some }) => sum + some.length, 0)

describe.each(testDatabases())('migrations on $name', ({ name, open, place }) => {
  it('run once, in order, and say what they did', async () => {
    await using db = await open({ migrations: [] })
    expect(await pendingMigrations(db, migrations)).toEqual(migrations.map(({ id }) => id))
    expect(await migrate(db, migrations)).toEqual(migrations.map(({ id }) => id))
    expect(await migrate(db, migrations)).toEqual([])
    expect(await pendingMigrations(db, migrations)).toEqual([])
  })

  it('go on after a kill, whichever step it hits', { timeout: 90_000 }, async () => {
    const script = new URL('./migrator.fixture.ts', import.meta.url).pathname
    // Ten places are enough to hit tables, indexes and both of a migration's ends.
    for (let stop = 0; stop < steps; stop += Math.ceil(steps / 10)) {
      await using where = await place()
      const child = spawn(process.execPath, [script, JSON.stringify(where.config), String(stop)], {
        stdio: 'inherit',
      })
      const [, signal] = (await once(child, 'exit')) as [unknown, string]
      expect(signal).toBe('SIGKILL')
      await using db = await reopen(where.config)
      await migrate(db, migrations)
      expect(await pendingMigrations(db, migrations)).toEqual([])
      const rows = await db.selectFrom('schema_migration').select('step').execute()
      expect(rows).toHaveLength(steps)
    }
  })

  it('run a change of rows with its record or not at all', async () => {
    await using db = await open({ migrations: [] })
    let fails = true
    const changing: Migration = {
      id: '0001-change',
      steps: [
        createTable('test_change', { id: col.id() }, { primaryKey: ['id'] }),
        {
          change: async (q) => {
            await q
              .insertInto('test_change' as never)
              .values({ id: 'a' })
              .execute()
            if (fails) throw new Error('broken off')
          },
        },
        addColumn('test_change', 'added', col.int({ default: 3 })),
      ],
    }
    await expect(migrate(db, [changing])).rejects.toThrow('broken off')
    fails = false
    await migrate(db, [changing])
    const rows: unknown = await db
      .selectFrom('test_change' as never)
      .selectAll()
      .execute()
    expect(rows).toEqual([{ id: 'a', added: 3 }])
  })

  it('refuse a database that a newer program migrated, and a list out of order', async () => {
    await using db = await open({ migrations })
    const newer: Migration = { id: '9999-newer', steps: [createTable('test_new', { id: col.id() })] }
    await migrate(db, [...migrations, newer])
    await expect(migrate(db, migrations)).rejects.toThrow(/newer Vireo \(9999-newer\)/)
    await expect(pendingMigrations(db, migrations)).rejects.toThrow(/newer Vireo/)
    await expect(migrate(db, [newer, ...migrations])).rejects.toThrow('out of order')
  })

  it('wait for another node that migrates at the same time', async () => {
    if (name === 'sqlite') return
    await using where = await place()
    await using a = await reopen(where.config)
    await using b = await reopen(where.config)
    const did = await Promise.all([migrate(a, migrations), migrate(b, migrations)])
    expect(did.flat()).toEqual(migrations.map(({ id }) => id))
  })

  it('copy an SQLite file before changing it', async () => {
    if (name !== 'sqlite') return
    await using where = await place()
    if (where.config.kind !== 'sqlite') throw new Error('not SQLite')
    const { file } = where.config
    await using db = await reopen(where.config)
    const list = [...migrations]
    await migrate(db, list)
    for (let n = 1; n <= 5; n++) {
      list.push({ id: `900${n}-more`, steps: [createTable(`test_more_${n}`, { id: col.id() })] })
      await migrate(db, list)
    }
    const copies = (await readdir(dirname(file))).filter((entry) => entry.includes('.before-')).sort()
    expect(copies).toEqual([3, 4, 5].map((n) => `vireo.db.before-900${n}-more`))
    await using copy = await reopen({ kind: 'sqlite', file: `${file}.before-9005-more` })
    expect(await pendingMigrations(copy, list)).toEqual(['9005-more'])
  })
})
