/** The queue of cases: found and ordered by an index on both engines. */
import { describe, expect, it } from 'vitest'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { sortableId } from '../platform/ids/ids.ts'
import * as store from './store.ts'
import './tables.ts'

describe.each(testDatabases())('cases on $name', (engine) => {
  it('are listed along an index, with the first reports of each', async () => {
    await using db = await engine.open()
    const ids: string[] = []
    await db.transaction(async (trx) => {
      for (let n = 0; n < 120; n++) {
        const id = sortableId(Date.now())
        ids.push(id)
        await store.insertCase(trx, {
          id,
          kind: 'video',
          subject_id: `v${n}`,
          user_id: id,
          open_key: `video:v${n}`,
          state: n % 2 ? 'open' : 'decided',
          snapshot: '{}',
          reports: 0,
          decision: null,
          note: '',
          days: null,
          decided_by: null,
          decided_ms: null,
          appeal: null,
          appeal_ms: null,
          appeal_upheld: null,
          created_ms: n,
        })
        for (let i = 0; i < 4; i++) {
          const key = sortableId(Date.now())
          const row = {
            case_id: id,
            reporter_id: key,
            sort_key: key,
            reason: 'spam',
            text: '',
            at_ms: i,
          } as const
          await store.insertReport(trx, row)
        }
      }
    })
    for (const order of ['asc', 'desc'] as const)
      for (const after of [undefined, ids[60]]) {
        const plan = await explain(db, store.casesQuery(db, 'open', { order, after, limit: 21 }))
        expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
      }
    const plan = await explain(db, store.reportsQuery(db, ids[0] ?? '', 10))
    expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
    expect(await store.firstReports(db, ids.slice(0, 5), 3)).toHaveLength(15)
  })
})
