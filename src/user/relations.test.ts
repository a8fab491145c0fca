/** Following and blocking over HTTP on both engine pairs: counters that equal the rows, lists, who may not. */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Person, Relation, User } from '../../contract/user.ts'
import { createTestApp, enginePairs } from '../../tests/app.ts'
import type { SignedUp, TestApp } from '../../tests/app.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { sortableId } from '../platform/ids/ids.ts'
import * as relations from './relation-store.ts'
import { createUserService } from './service.ts'
import './tables.ts'

interface Page {
  items: Person[]
  next_cursor: string | null
}

describe.each(enginePairs())('relations on $name', (pair) => {
  let test: TestApp
  let ann: SignedUp
  let bob: SignedUp
  beforeAll(async () => {
    test = await createTestApp({ pair })
    ann = await test.signUp()
    bob = await test.signUp()
  })
  afterAll(() => test[Symbol.asyncDispose]())

  const send = async <T = Relation>(method: string, path: string, by?: SignedUp, json?: unknown) => {
    const { status, body } = await test.call(method, `/api/v1${path}`, {
      ...(by && { token: by.token }),
      ...(json !== undefined && { json }),
    })
    return { status, error: body.error, data: body.data as T }
  }
  const follow = (by: SignedUp, whom: SignedUp, json?: object) =>
    send('PUT', `/users/${whom.userId}/follow`, by, json)
  const unfollow = (by: SignedUp, whom: SignedUp) => send('DELETE', `/users/${whom.userId}/follow`, by)
  const look = async (whom: SignedUp, by?: SignedUp) =>
    (await send<User>('GET', `/users/${whom.userId}`, by)).data

  it('follows once however often it is said, marks special and mutual, and ends it', async () => {
    expect(await follow(ann, bob)).toMatchObject({
      status: 200,
      data: { followed: true, special: false, follows_me: false, blocked: false, followers: 1 },
    })
    expect((await follow(ann, bob, { special: true })).data).toMatchObject({ special: true, followers: 1 })
    // Said again without a word about it, the choice stays.
    expect((await follow(ann, bob)).data).toMatchObject({ special: true, followers: 1 })
    expect((await follow(bob, ann)).data).toMatchObject({ followed: true, follows_me: true })
    expect(await look(bob, ann)).toMatchObject({
      followed: true,
      special: true,
      follows_me: true,
      counts: { followers: 1, following: 1 },
    })
    expect(await look(bob)).toMatchObject({ followed: false, special: false, follows_me: false })
    expect((await unfollow(ann, bob)).data).toMatchObject({ followed: false, follows_me: true, followers: 0 })
    expect((await unfollow(ann, bob)).data).toMatchObject({ followed: false, followers: 0 })
    await unfollow(bob, ann)
    expect((await look(ann)).counts).toMatchObject({ followers: 0, following: 0 })
  })

  it('refuses oneself and who is not there', async () => {
    expect((await follow(ann, ann)).error).toBe('self_refused')
    expect((await send('PUT', `/users/${ann.userId}/block`, ann)).error).toBe('self_refused')
    for (const method of ['PUT', 'DELETE'])
      for (const what of ['follow', 'block'])
        expect((await send(method, `/users/nobody/${what}`, ann)).error).toBe('not_found')
    for (const list of ['followers', 'following'])
      expect((await send('GET', `/users/nobody/${list}`)).error).toBe('not_found')
  })

  it('counts exactly what there is after many at once, both ways', async () => {
    const crowd = await Promise.all(Array.from({ length: 10 }, () => test.signUp()))
    const [star] = crowd as [SignedUp, ...SignedUp[]]
    const fans = crowd.slice(1)
    const storm = Array.from({ length: 50 }, (_, n) => {
      const fan = fans[n % fans.length] as SignedUp
      if (n % 5 === 4) return unfollow(fan, star)
      return n % 3 === 0 ? follow(star, fan) : follow(fan, star)
    })
    for (const answer of await Promise.all(storm)) expect(answer.status).toBe(200)
    const { items } = (await send<Page>('GET', `/users/${star.userId}/followers?limit=100`)).data
    const { items: following } = (await send<Page>('GET', `/users/${star.userId}/following?limit=100`)).data
    const shown = await look(star)
    expect(shown.counts).toMatchObject({ followers: items.length, following: following.length })
    for (const fan of fans) {
      const { counts } = await look(fan)
      expect(counts.followers).toBe(following.some(({ id }) => id === fan.userId) ? 1 : 0)
      expect(counts.following).toBe(items.some(({ id }) => id === fan.userId) ? 1 : 0)
    }
  })

  it('lists followers and following by pages, with how the viewer stands to each', async () => {
    const star = await test.signUp()
    const fans = await Promise.all(Array.from({ length: 5 }, () => test.signUp()))
    for (const fan of fans) await follow(fan, star)
    await follow(ann, fans[1] as SignedUp, { special: true })
    await follow(fans[2] as SignedUp, ann)
    const seen: Person[] = []
    let cursor = ''
    do {
      const { data } = await send<Page>('GET', `/users/${star.userId}/followers?limit=2${cursor}`, ann)
      seen.push(...data.items)
      cursor = data.next_cursor === null ? '' : `&cursor=${data.next_cursor}`
    } while (cursor !== '')
    expect(seen.map(({ id }) => id)).toEqual(fans.map(({ userId }) => userId).toReversed())
    expect(seen[3]).toMatchObject({ followed: true, special: true, follows_me: false })
    expect(seen[2]).toMatchObject({ followed: false, follows_me: true })
    const first = await send<Page>('GET', `/users/${star.userId}/followers?limit=2`)
    const place = first.data.next_cursor ?? ''
    expect((await send('GET', `/users/${star.userId}/following?cursor=${place}`)).error).toBe(
      'cursor_invalid',
    )
    expect((await send('GET', `/users/${ann.userId}/followers?cursor=${place}`)).error).toBe('cursor_invalid')
  })

  it('blocks: ends follows both ways and refuses new ones until it is lifted', async () => {
    const [cat, dog] = [await test.signUp(), await test.signUp()]
    await follow(cat, dog)
    await follow(dog, cat)
    expect((await send('PUT', `/users/${dog.userId}/block`, cat)).data).toMatchObject({
      blocked: true,
      followed: false,
      follows_me: false,
      followers: 0,
    })
    expect((await send('PUT', `/users/${dog.userId}/block`, cat)).data).toMatchObject({ blocked: true })
    expect((await look(cat)).counts).toMatchObject({ followers: 0, following: 0 })
    expect(await follow(dog, cat)).toMatchObject({ status: 403, error: 'blocked' })
    expect(await follow(cat, dog)).toMatchObject({ status: 403, error: 'blocked' })
    // Who is blocked is not told by anything they read.
    expect(await look(cat, dog)).toMatchObject({ blocked: false })
    expect((await send<Page>('GET', '/me/blocks', cat)).data.items.map(({ id }) => id)).toEqual([dog.userId])
    expect((await send<Page>('GET', '/me/blocks', dog)).data.items).toEqual([])
    expect((await send('DELETE', `/users/${dog.userId}/block`, cat)).data).toMatchObject({ blocked: false })
    expect((await follow(dog, cat)).status).toBe(200)
  })

  it('leaves no follow beside a block that comes at the same moment', async () => {
    const [cat, dog] = [await test.signUp(), await test.signUp()]
    await Promise.all([
      ...Array.from({ length: 10 }, () => follow(dog, cat)),
      send('PUT', `/users/${dog.userId}/block`, cat),
      ...Array.from({ length: 10 }, () => follow(dog, cat)),
    ])
    expect(await look(cat, dog)).toMatchObject({ followed: false, counts: { followers: 0 } })
    expect((await look(dog)).counts.following).toBe(0)
  })

  it('shows in rooms whether their owner is followed', async () => {
    await follow(ann, bob)
    const room = await send<{ author: { followed: boolean } }>('GET', `/live/${bob.roomId}`, ann)
    expect(room.data.author.followed).toBe(true)
    const stranger = await send<{ author: { followed: boolean } }>('GET', `/live/${bob.roomId}`)
    expect(stranger.data.author.followed).toBe(false)
  })
})

describe.each(testDatabases())('lists of people on $name', (engine) => {
  it('are found and ordered by an index', async () => {
    await using db = await engine.open()
    const users = createUserService({ db, clock: systemClock })
    const given = { nickname: '甲', username: undefined, role: 'user' } as const
    const ids: string[] = []
    for (let n = 0; n < 200; n++) ids.push(await db.transaction((trx) => users.create(trx, given)))
    const [star = '', second = ''] = ids
    await db.transaction(async (trx) => {
      for (const id of ids.slice(2))
        for (const user_id of [star, second]) {
          const sort_key = sortableId(Date.now())
          await relations.insertFollow(trx, { follower_id: id, user_id, sort_key, special: 0 })
          await relations.insertFollow(trx, { follower_id: user_id, user_id: id, sort_key, special: 0 })
          await relations.insertBlock(trx, { blocker_id: user_id, user_id: id, sort_key })
        }
    })
    if (engine.name === 'mariadb') await sql`analyze table user_follow, user_block`.execute(db)
    const queries = [relations.followersQuery, relations.followingQuery, relations.blocksQuery]
    for (const query of queries)
      for (const after of [undefined, sortableId(Date.now())]) {
        const plan = await explain(db, query(db, star, { after, limit: 21 }))
        expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
      }
    expect(await users.followedAmong(star, ids.slice(0, 50))).toEqual(new Set(ids.slice(2, 50)))
    expect((await users.authors(ids.slice(0, 3), star)).get(ids[2] ?? '')?.followed).toBe(true)
    expect(await users.isBlocked(star, ids[2] ?? '')).toBe(true)
    expect(await users.isBlocked(ids[2] ?? '', star)).toBe(false)
  })
})
