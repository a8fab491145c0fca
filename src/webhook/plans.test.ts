/** Owns the proof that no query on webhooks reads a whole table or sorts one. */
import { expect, it } from 'vitest'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { sortableId } from '../platform/ids/ids.ts'
import * as store from './store.ts'

it.each(testDatabases())('webhooks and their logs are read by indexes on $name', async (engine) => {
  await using db = await engine.open()
  const owners = Array.from({ length: 60 }, (_, n) => sortableId(n + 1))
  await db.transaction(async (trx) => {
    for (const [n, owner] of owners.entries()) {
      const id = sortableId(n + 1)
      const hook = { id, owner_id: owner, url: 'https://hooks.example/', events: '[]' }
      await store.insertHook(trx, { ...hook, active: 1, failures: 0, created_ms: n })
      const rest = { event: 'ping', body: '{}', state: 'waiting', attempts: 0, status: null } as const
      const end = { error: null, ended_ms: null, created_ms: n }
      await store.insertDelivery(trx, { id, webhook_id: id, event_id: n, ...rest, ...end })
    }
  })
  const [owner = ''] = owners
  for (const query of [
    store.hooksQuery(db, owner, 10),
    store.deliveriesQuery(db, owner, { afterId: undefined, limit: 20 }),
    store.deliveriesQuery(db, owner, { afterId: owner, limit: 20 }),
  ]) {
    const plan = await explain(db, query)
    expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
  }
})
