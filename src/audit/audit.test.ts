/** Owns the tests of the audit log on every database. */
import { globSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { createAudit } from './index.ts'
import type { Audit } from './index.ts'
import { entriesQuery } from './store.ts'

describe.each(testDatabases())('the audit log on $name', (engine) => {
  let db: Db
  let audit: Audit
  beforeAll(async () => {
    db = await engine.open()
    audit = createAudit({ db, clock: systemClock, cursorSecret: Buffer.from('a secret for tests') })
    for (let n = 0; n < 60; n++) {
      await audit.record(db, {
        actorId: `actor-${n % 3}`,
        action: n % 2 === 0 ? 'user.banned' : 'session.revoked',
        subject: { kind: 'user', id: `subject-${n % 5}` },
        address: '192.0.2.7',
        details: { n },
      })
    }
  })
  afterAll(() => db[Symbol.asyncDispose]())

  it('gives the newest first, page by page, each entry once', async () => {
    const seen: number[] = []
    let cursor: string | undefined
    do {
      const page = await audit.list(undefined, { limit: 25, cursor })
      seen.push(...page.items.map(({ details }) => (JSON.parse(details) as { n: number }).n))
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n))
    expect(seen[0]).toBeGreaterThan(seen.at(-1) ?? 60)
  })

  it.each([
    [{ actor_id: 'actor-1' }, 20],
    [{ subject_id: 'subject-2' }, 12],
    [{ action: 'user.banned' }, 30],
  ])('finds %o', async (filter, count) => {
    expect((await audit.list(filter, { limit: 100 })).items).toHaveLength(count)
    const plan = await explain(db, entriesQuery(db, filter, { limit: 20 }))
    expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
  })

  it('refuses a place in another list', async () => {
    const { nextCursor } = await audit.list({ action: 'user.banned' }, { limit: 5 })
    await expect(
      audit.list({ action: 'session.revoked' }, { limit: 5, cursor: nextCursor ?? '' }),
    ).rejects.toMatchObject({ code: 'cursor_invalid' })
  })

  it('goes with the transaction that did it', async () => {
    const news = { actorId: null, action: 'user.undone', subject: { kind: 'user', id: null }, address: null }
    await expect(
      db.transaction(async (trx) => {
        await audit.record(trx, news)
        throw new Error('undone')
      }),
    ).rejects.toThrow('undone')
    expect((await audit.list({ action: 'user.undone' }, { limit: 5 })).items).toEqual([])
  })
})

it('is changed and deleted by nobody', () => {
  const statements = globSync('src/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/(updateTable|deleteFrom)\('audit_entry'/g)].map(() => file),
  )
  expect(statements).toEqual([])
})
