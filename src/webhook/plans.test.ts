/** Owns the proof that no query on webhooks reads a whole table or sorts one. */
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { sortableId } from '../platform/ids/ids.ts'
import * as store from './store.ts'

it.each(testDatabases())('webhooks and their logs are read by indexes on $name', async (engine) => {
  await using db = await engine.open()
  const owners = Array.from({ length: 60 }, (_, n) => sortableId(n + 1))
  await db.transaction(async (trx) => {
    for (const [n, id] of owners.entries()) {
      const hook = { id, owner_id: id, url: 'https://hooks.example/', events: '[]' }
      await store.insertHook(trx, { ...hook, active: 1, failures: 0, created_ms: n })
    }
    // A few have a long log: there the order is worth an index.
    for (let n = 0; n < 400; n++) {
      const rest = { event: 'ping', body: '{}', state: 'waiting', attempts: 0, status: null } as const
      const of = { id: sortableId(1000 + n), webhook_id: owners[n % 4] ?? '', event_id: n }
      await store.insertDelivery(trx, { ...of, ...rest, error: null, ended_ms: null, created_ms: n })
    }
  })
  // MariaDB decides by what it counted last.
  if (engine.name === 'mariadb') await sql`analyze table webhook, webhook_delivery`.execute(db)
  const [owner = ''] = owners
  for (const query of [
    store.hooksQuery(db, owner, 10),
    store.deliveriesQuery(db, owner, { afterId: undefined, limit: 20 }),
    store.deliveriesQuery(db, owner, { afterId: sortableId(1300), limit: 20 }),
  ]) {
    const plan = await explain(db, query)
    expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
  }
})
