/** The feed at rest: one seek per followed author, no row per follower, the same order on both engines. */
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { sortableId } from '../platform/ids/ids.ts'
import * as posts from './post-store.ts'
import * as store from './store.ts'
import './tables.ts'

describe.each(testDatabases())('the feed on $name', (engine) => {
  it('finds the latest of everybody followed by one index seek each', async () => {
    await using db = await engine.open()
    const me = sortableId(Date.now())
    const authors = Array.from({ length: 40 }, () => sortableId(Date.now()))
    await db.transaction(async (trx) => {
      for (const [n, author_id] of authors.entries()) {
        // Every second one is followed.
        if (n % 2 === 0)
          await trx
            .insertInto('user_follow')
            .values({ follower_id: me, user_id: author_id, sort_key: sortableId(Date.now()), special: 0 })
            .execute()
        for (let i = 0; i < 10; i++) {
          const id = sortableId(Date.now())
          const kind = (['video', 'live', 'post'] as const)[i % 3] ?? 'post'
          const row = { ref_id: id, author_id, sort_key: id, at_ms: i }
          await store.insertItem(trx, { ...row, kind, shown: kind === 'live' ? 0 : 1 })
          await posts.insertPost(trx, { id, author_id, text: 'x', created_ms: i, hidden: 0, due_ms: null })
        }
      }
    })
    if (engine.name === 'mariadb') await sql`analyze table user_follow, feed_item, post`.execute(db)
    const before = sortableId(Date.now())
    for (const kind of [undefined, 'post' as const]) {
      const latest = store.latestQuery(db, me, { kind, before })
      const plan = await explain(db, latest)
      expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
      const rows = await latest.execute()
      expect(rows).toHaveLength(20)
      expect(rows.every((row) => row.latest !== null)).toBe(true)
      const top = rows.map((row) => row.author_id).slice(0, 5)
      const { rows: items } = await store.itemsQuery(db, top, { kind, before }, 3).execute(db)
      expect(items).toHaveLength(15)
      expect(items.every((item) => item.shown === 1 && (kind ?? item.kind) === item.kind)).toBe(true)
    }
    const since = authors[0] ?? ''
    const starts = store.liveStartsQuery(db, me, { since })
    expect(await explain(db, starts)).toMatchObject({ fullScan: false, sorts: false })
    // Hidden ones too: a start stays news when the broadcast is over. None from before the follow is lost or added.
    expect(await starts.execute()).toHaveLength(60)
    for (const after of [undefined, before]) {
      const plan = await explain(db, posts.postsQuery(db, authors[1] ?? '', after, 21))
      expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
    }
    const due = await explain(db, posts.duePostsQuery(db, 1))
    expect(due, due.text).toMatchObject({ fullScan: false, sorts: false })
    // Said twice, it is news once.
    const [again] = await starts.execute()
    const row = { ref_id: again?.ref_id ?? '', author_id: me, sort_key: before, at_ms: 1, shown: 1 }
    expect(await store.insertItem(db, { ...row, kind: 'live' })).toBe(false)
  })
})
