/** Owns the proof that no list of administration reads a whole table or sorts one, on every database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closedRoomsQuery, onAirTotalsQuery, sinceQuery } from '../live/store.ts'
import { mobileTailQuery, openSessionsQuery } from '../passport/store.ts'
import type { Db } from '../platform/db/db.ts'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { idsFrom, publicId, sortableId } from '../platform/ids/ids.ts'
import { madeSinceQuery, nicknameQuery, peopleQuery, usernameQuery } from '../user/store.ts'
import { newVideoRow } from '../video/rules.ts'
import * as videos from '../video/store.ts'
import { insertUser } from '../user/store.ts'
import { insertAccount } from '../passport/store.ts'

describe.each(testDatabases())('the lists of administration on $name', (engine) => {
  let db: Db
  const owners = [1, 2, 3].map((n) => sortableId(n))
  beforeAll(async () => {
    db = await engine.open()
    await db.transaction(async (trx) => {
      for (let n = 0; n < 300; n++) {
        const id = sortableId(n + 1)
        await insertUser(trx, {
          id,
          nickname: `鸟${n}`,
          username: `bird${n}`,
          username_key: `bird${n}`,
          avatar_key: null,
          signature: '',
          sex: 0,
          birth_date: null,
          links: '[]',
          role: n % 50 === 0 ? 'moderator' : 'user',
          banned_ms: n % 20 === 0 ? n + 1 : null,
          ban_until_ms: null,
          ban_reason: '',
          room_id: publicId(),
          deleted_ms: null,
          created_ms: n,
        })
        await insertAccount(trx, {
          user_id: id,
          mobile: `+86138${String(n).padStart(8, '0')}`,
          mobile_proven_ms: null,
          email: null,
          email_key: null,
          email_proven_ms: null,
          two_step: 0,
          password_changed_ms: null,
          delete_due_ms: null,
          password_hash: 'x',
          created_ms: n,
        })
        const row = newVideoRow(
          {
            owner_id: owners[n % 3] ?? '',
            title: `片${n}`,
            trashed: n % 30 === 0 ? 1 : 0,
            state: n % 4 === 0 ? 'failed' : 'ready',
          },
          n,
        )
        await videos.insertVideo(trx, { ...row, taken_down: n % 25 === 0 ? 1 : 0 })
      }
    })
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const page = { limit: 20 }
  const id = sortableId(150)
  const queries: [string, () => { compile(): never }][] = [
    ['everybody', () => peopleQuery(db, undefined, page)],
    ['everybody, further on', () => peopleQuery(db, undefined, { ...page, after: { ms: 0, id } })],
    ['a role', () => peopleQuery(db, { role: 'moderator' }, { ...page, after: { ms: 0, id } })],
    ['the banned', () => peopleQuery(db, { banned: true }, page)],
    ['the banned, further on', () => peopleQuery(db, { banned: true }, { ...page, after: { ms: 150, id } })],
    ['a nickname', () => nicknameQuery(db, '鸟1', page)],
    ['a nickname, further on', () => nicknameQuery(db, '鸟1', { ...page, after: ['鸟12', id] })],
    ['a user name', () => usernameQuery(db, 'bird1', 20)],
    ['the end of a number', () => mobileTailQuery(db, '0012', 20)],
    ['devices', () => openSessionsQuery(db, id, 5, 100)],
    ['people of today', () => madeSinceQuery(db, idsFrom(290))],
    ['all videos', () => videos.shelfQuery(db, undefined, page)],
    ['videos in a state', () => videos.shelfQuery(db, { state: 'failed' }, { ...page, afterId: id })],
    ['videos taken down', () => videos.shelfQuery(db, { taken_down: 1 }, page)],
    ['deleted videos', () => videos.shelfQuery(db, { trashed: 1 }, page)],
    ['videos of somebody', () => videos.shelfQuery(db, { owner_id: owners[0] ?? '' }, page)],
    ['a title', () => videos.titleQuery(db, '片1', { ...page, after: ['片12', id] })],
    ['videos of today', () => videos.madeSinceQuery(db, idsFrom(290))],
    ['the first published', () => videos.firstPublishedQuery(db)],
    ['published in a month', () => videos.publishedQuery(db, 0, 5, 100)],
    ['closed rooms', () => closedRoomsQuery(db, page)],
    ['broadcasts of today', () => sinceQuery(db, 0, idsFrom(290))],
    ['all on the air', () => onAirTotalsQuery(db)],
  ] as never

  it.each(queries)('%s', async (_name, query) => {
    const plan = await explain(db, query())
    expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
  })
})
