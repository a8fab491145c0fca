/** Favourites, coins, shares, all at once, and the lists that follow them, over HTTP on both engines. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Folder, Kept, Reactions, Video } from '../../contract/video.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { entriesQuery } from '../coin/store.ts'
import * as reactionStore from './reaction-store.ts'
import { hotKey } from './rules.ts'
import * as searchStore from './search-store.ts'
import * as store from './store.ts'
import { createVideoTestApp } from './testing.ts'
import type { Person, VideoTestApp } from './testing.ts'

interface Page<T> {
  items: T[]
  next_cursor: string | null
}
type Coined = Reactions & { balance: number }

describe.each(testDatabases())('reactions on $name', (engine) => {
  const clock = createManualClock(Date.UTC(2026, 10, 22, 4))
  let app: VideoTestApp
  let ann: Person
  let eve: Person
  beforeAll(async () => {
    app = await createVideoTestApp(engine, { clock })
  })
  // Days go by from test to test, and a token holds for a quarter of an hour.
  beforeEach(async () => {
    ann = await app.signUp()
    eve = await app.signUp()
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const add = async (owner: Person, given = {}): Promise<string> => {
    clock.advance(1000)
    return app.addVideo(owner, given)
  }
  const path = (id: string, rest = '') => `/api/v1/videos/${id}${rest}`
  const balanceOf = async (by: Person): Promise<number> =>
    (await app.call<{ balance: number }>('GET', '/api/v1/me/coins', { by })).data.balance
  const countsOf = async (id: string) => (await app.call<Video>('GET', path(id))).data.counts
  const eventsOf = async (id: string): Promise<string[]> => {
    const rows = await app.db.selectFrom('event').select(['type', 'payload']).orderBy('id').execute()
    return rows.filter((row) => row.payload.includes(id)).map((row) => row.type)
  }
  const fifty = <T>(act: (n: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: 50 }, (_, n) => act(n)))

  it('gives coins for coming, once a day, and pays nothing twice', async () => {
    const bob = await app.signUp()
    const all = await fifty(() => app.call<{ balance: number }>('GET', '/api/v1/me/coins', { by: bob }))
    expect(all.every((answer) => answer.status === 200)).toBe(true)
    expect(await balanceOf(bob)).toBe(6)
    const { data } = await app.call<Page<{ amount: number; reason: string }>>(
      'GET',
      '/api/v1/me/coins?limit=1',
      {
        by: bob,
      },
    )
    expect(data.items.map((item) => item.reason)).toEqual(['signed_in'])
    const rest = await app.call<Page<{ reason: string }>>(
      'GET',
      `/api/v1/me/coins?limit=1&cursor=${encodeURIComponent(data.next_cursor ?? '')}`,
      { by: bob },
    )
    expect(rest.data.items.map((item) => item.reason)).toEqual(['registered'])
    const foreign = await app.call('GET', `/api/v1/me/coins?cursor=${data.next_cursor}`, { by: eve })
    expect(foreign.error).toBe('cursor_invalid')
    clock.advance(24 * 3600_000)
    await fifty(() => app.coins.signIn(bob.id))
    expect(await app.coins.balanceOf(bob.id)).toBe(7)
  })

  it('takes each reaction once, however often it is said at once', async () => {
    const bob = await app.signUp()
    const id = await add(ann)
    for (const [method, rest, json] of [
      ['PUT', '/favourite', undefined],
      ['POST', '/coin', { amount: 2 }],
      ['POST', '/share', {}],
      ['PUT', '/like', undefined],
    ] as const) {
      const answers = await fifty(() =>
        app.call(method, path(id, rest), { by: bob, ...(json !== undefined && { json }) }),
      )
      expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200))
    }
    expect(await countsOf(id)).toMatchObject({ favourites: 1, coins: 2, shares: 1, likes: 1 })
    expect(await balanceOf(bob)).toBe(4)
    const { data } = await app.call<Video>('GET', path(id), { by: bob })
    expect(data.mine).toEqual({ liked: true, favourited: true, coins: 2 })
    const told = await eventsOf(id)
    for (const type of ['video.favourited', 'video.coined', 'video.liked'])
      expect(told.filter((one) => one === type)).toHaveLength(1)
    await fifty(() => app.call('DELETE', path(id, '/favourite'), { by: bob }))
    expect(await countsOf(id)).toMatchObject({ favourites: 0 })
  })

  it('counts fifty people who do everything at once, and their coins add up', async () => {
    const id = await add(ann)
    const people = await fifty(() => app.signUp())
    const before = await balanceOf(ann)
    const answers = await Promise.all(
      people.map((by) => app.call<Coined>('POST', path(id, '/triple'), { by, json: {} })),
    )
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200))
    expect(await countsOf(id)).toMatchObject({ likes: 50, favourites: 50, coins: 100 })
    expect(answers[0]?.data.mine).toEqual({ liked: true, favourited: true, coins: 2 })
    expect(await balanceOf(ann)).toBe(before + 100)
    const again = await app.call<Coined>('POST', path(id, '/triple'), { by: people[0] as Person, json: {} })
    expect([again.status, again.data.balance]).toEqual([200, 4])
    expect(await countsOf(id)).toMatchObject({ likes: 50, favourites: 50, coins: 100 })
  })

  it('never lets a balance fall below zero', async () => {
    const bob = await app.signUp()
    await balanceOf(bob)
    const ids = await Promise.all(Array.from({ length: 20 }, () => add(ann)))
    const answers = await Promise.all(
      ids.flatMap((id) =>
        Array.from({ length: 5 }, () =>
          app.call('POST', path(id, '/coin'), { by: bob, json: { amount: 1 } }),
        ),
      ),
    )
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200, 409]))
    expect(await balanceOf(bob)).toBe(0)
    const sum = (await Promise.all(ids.map(countsOf))).reduce((total, counts) => total + counts.coins, 0)
    expect(sum).toBe(6)
    const rows = await app.db
      .selectFrom('coin_entry')
      .select(({ fn }) => fn.sum<number>('amount').as('sum'))
      .where('user_id', '=', bob.id)
      .executeTakeFirstOrThrow()
    expect(Number(rows.sum)).toBe(0)
    const id = await add(ann)
    const broke = await app.call('POST', path(id, '/triple'), { by: bob, json: {} })
    expect(broke.error).toBe('coins_insufficient')
    expect(await countsOf(id)).toMatchObject({ likes: 0, favourites: 0, coins: 0 })
  })

  it("takes no coin back and none for one's own video", async () => {
    const bob = await app.signUp()
    const id = await add(ann)
    expect((await app.call('POST', path(id, '/coin'), { by: ann, json: { amount: 1 } })).error).toBe(
      'own_video',
    )
    expect((await app.call('POST', path(id, '/triple'), { by: ann, json: {} })).error).toBe('own_video')
    await app.call('POST', path(id, '/coin'), { by: bob, json: { amount: 1 } })
    const more = await app.call<Coined>('POST', path(id, '/coin'), { by: bob, json: { amount: 2 } })
    expect([more.data.mine.coins, more.data.counts.coins, more.data.balance]).toEqual([2, 2, 4])
    expect((await app.call('POST', path(id, '/coin'), { by: bob, json: { amount: 1 } })).error).toBe(
      'coins_final',
    )
    for (const amount of [0, 3, -1, '2; drop', 1.5])
      expect((await app.call('POST', path(id, '/coin'), { by: bob, json: { amount } })).status).toBe(400)
  })

  it('sorts favourites into folders, each video in one, and counts what they hold', async () => {
    const bob = await app.signUp()
    const ids = [await add(ann), await add(ann), await add(ann)]
    const folders = '/api/v1/me/favourites/folders'
    const made = await app.call<Folder>('POST', folders, { by: bob, json: { name: ' 音乐 ' } })
    expect(made.data).toMatchObject({ name: '音乐', count: 0 })
    for (const id of ids) await app.call('PUT', path(id, '/favourite'), { by: bob })
    await fifty((n) =>
      app.call(
        'PUT',
        path(ids[0] ?? '', `/favourite${n % 2 ? `?folder=${made.data.id}` : '?folder=default'}`),
        {
          by: bob,
        },
      ),
    )
    await app.call('PUT', path(ids[0] ?? '', `/favourite?folder=${made.data.id}`), { by: bob })
    const list = async () =>
      (
        await app.call<{ items: Folder[]; holds: string | null }>('GET', `${folders}?video=${ids[0]}`, {
          by: bob,
        })
      ).data
    expect((await list()).holds).toBe(made.data.id)
    expect((await list()).items.map(({ count }) => count)).toEqual([2, 1])
    expect((await countsOf(ids[0] ?? '')).favourites).toBe(1)
    const inside = await app.call<Page<Kept>>('GET', `/api/v1/me/favourites?folder=${made.data.id}`, {
      by: bob,
    })
    expect(inside.data.items.map((item) => item.video_id)).toEqual([ids[0]])
    const every = await app.call<Page<Kept>>('GET', '/api/v1/me/favourites?limit=2', { by: bob })
    expect(every.data.items.map((item) => item.video_id)).toEqual([ids[2], ids[1]])
    expect(every.data.next_cursor).not.toBeNull()

    // Somebody else's folder, and one that is none.
    expect(
      (await app.call('PUT', path(ids[1] ?? '', `/favourite?folder=${made.data.id}`), { by: eve })).status,
    ).toBe(404)
    expect(
      (await app.call('PATCH', `${folders}/${made.data.id}`, { by: eve, json: { name: 'x' } })).status,
    ).toBe(404)
    expect((await app.call('DELETE', `${folders}/default`, { by: bob })).status).toBe(404)

    await app.call('DELETE', `${folders}/${made.data.id}`, { by: bob })
    expect((await list()).items.map(({ id, count }) => [id, count])).toEqual([['default', 3]])

    // What is not to be seen any more stands there as gone, and can be taken out.
    await app.call('DELETE', path(ids[1] ?? ''), { by: ann })
    const gone = await app.call<Page<Kept>>('GET', '/api/v1/me/favourites', { by: bob })
    expect(gone.data.items.find((item) => item.video_id === ids[1])?.video).toBeNull()
    expect((await app.call('DELETE', path(ids[1] ?? '', '/favourite'), { by: bob })).status).toBe(200)
    const row = await store.findVideo(app.db, ids[2] ?? '')
    await app.db
      .updateTable('video')
      .set({ trashed: 1 })
      .where('id', '=', row?.id ?? '')
      .execute()
    await app.service.upkeep.purge(row?.id ?? '')
    expect((await list()).items.map(({ count }) => count)).toEqual([1])
  })

  it('brings up what people care for now, and lets it sink', async () => {
    const owner = await app.signUp()
    const old = await add(owner, { category: 'news' })
    clock.advance(3 * 24 * 3600_000)
    const fresh = await add(owner, { category: 'news' })
    const list = async () =>
      (await app.call<Page<Video>>('GET', '/api/v1/videos?sort=hot&category=news')).data.items.map(
        ({ id }) => id,
      )
    expect(await list()).toEqual([fresh, old])
    const people = await fifty(() => app.signUp())
    for (const by of people) await app.call('PUT', path(old, '/like'), { by })
    await app.service.reactions.flush()
    expect(await list()).toEqual([old, fresh])
    const row = await store.findVideo(app.db, old)
    const rank = await app.db
      .selectFrom('video_rank')
      .select('hot')
      .where('video_id', '=', row?.id ?? '')
      .executeTakeFirstOrThrow()
    // The sum, not the larger one: 200 now and 1 from three days ago.
    expect(Math.abs(rank.hot - hotKey(clock.now(), 200 + 1 / 8))).toBeLessThan(2_000_000)
    clock.advance(10 * 24 * 3600_000)
    const newest = await add(owner, { category: 'news' })
    expect((await list())[0]).toBe(newest)
  })

  it('lists by tag and length, and refuses filters that have no index together', async () => {
    const owner = await app.signUp()
    const id = await add(owner, { tags: '["Bird","鸟鸣"]', duration_ms: 25 * 60_000 })
    const get = (query: string) => app.call<Page<Video>>('GET', `/api/v1/videos?${query}`)
    const ids = async (query: string) => (await get(query)).data.items.map((video) => video.id)
    expect(await ids('tag=bird')).toEqual([id])
    expect(await ids(`tag=${encodeURIComponent('鸟鸣')}`)).toEqual([id])
    expect(await ids('length=long')).toContain(id)
    expect(await ids('length=short')).not.toContain(id)
    for (const query of ['tag=bird&sort=hot', 'tag=bird&category=music', 'length=long&category=music'])
      expect((await get(query)).error, query).toBe('params_invalid')
    await app.call('PATCH', path(id), { by: owner, json: { tags: ['cat'] } })
    expect(await ids('tag=bird')).toEqual([])
    await app.call('PATCH', path(id), { by: owner, json: { visibility: 'private' } })
    expect(await ids('tag=cat')).toEqual([])
    expect(await ids('length=long')).not.toContain(id)
  })

  it('finds by Chinese words of two characters, by parts, tags and authors; says what was looked for', async () => {
    const owner = await app.signUp()
    const birds = await add(owner, { title: '清晨的鸟鸣声与北京大学校园', tags: '["自然"]' })
    const duck = await add(owner, {
      title: '在家做北京烤鸭',
      intro: '不用去 KFC，也有香味。',
      category: 'food',
    })
    for (const id of [birds, duck]) await app.service.search.index(id)
    const find = async (q: string, more = '') =>
      (
        await app.call<Page<Video> & { words: string[] }>(
          'GET',
          `/api/v1/videos?q=${encodeURIComponent(q)}${more}`,
        )
      ).data
    const ids = async (q: string, more = '') => (await find(q, more)).items.map((video) => video.id)
    expect(await ids('鸟鸣')).toEqual([birds])
    expect(await ids('北京')).toEqual(expect.arrayContaining([birds, duck]))
    expect(await ids('烤鸭北京')).toEqual([duck])
    expect(await ids('kfc')).toEqual([duck])
    expect(await ids('ＫＦＣ')).toEqual([duck])
    expect(await ids('自然')).toEqual([birds])
    expect(await ids('鸭')).toEqual([duck])
    expect(await ids('北京', '&category=food')).toEqual([duck])
    expect(await ids('上海')).toEqual([])
    expect(await ids("%' or 1=1 --")).toEqual([])
    expect((await find('烤鸭北京')).words).toEqual(expect.arrayContaining(['烤鸭', '北京']))
    const first = await find('北京', '&limit=1&sort=newest')
    expect(first.items.map((video) => video.id)).toEqual([duck])
    const next = await find(
      '北京',
      `&limit=1&sort=newest&cursor=${encodeURIComponent(first.next_cursor ?? '')}`,
    )
    expect(next.items.map((video) => video.id)).toEqual([birds])
    const asked = await app.call<{ items: string[] }>('GET', '/api/v1/search/hot')
    expect(asked.data.items).toContain('北京')
    const typed = await app.call<{ items: string[] }>(
      'GET',
      `/api/v1/search/suggestions?q=${encodeURIComponent('北')}`,
    )
    expect(typed.data.items[0]).toBe('北京')
    expect(typed.data.items).toContain('在家做北京烤鸭')
    await app.call('PATCH', path(duck), { by: owner, json: { visibility: 'unlisted' } })
    expect(await ids('烤鸭')).toEqual([])
  })

  it('writes the words of a video once, however many do so at the same moment', async () => {
    const id = await add(ann, { title: '同时写下的一句话' })
    await Promise.all(Array.from({ length: 12 }, () => app.service.search.index(id)))
    const { data } = await app.call<Page<Video>>('GET', `/api/v1/videos?q=${encodeURIComponent('写下')}`)
    expect(data.items.map((video) => video.id)).toEqual([id])
  })

  it('keeps the words by the news, without being asked', async () => {
    const id = await add(ann, { title: '会飞的松鼠' })
    await expect
      .poll(
        async () =>
          (
            await app.call<Page<Video>>('GET', `/api/v1/videos?q=${encodeURIComponent('松鼠')}`)
          ).data.items.map((video) => video.id),
        { timeout: 10_000 },
      )
      .toEqual([id])
  })

  it('finds and orders every list by an index', async () => {
    for (let n = 0; n < 300; n++) await add(n % 20 === 0 ? eve : ann, { tags: `["t${n % 15}"]` })
    const people = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    await app.db
      .insertInto('video_favourite')
      .values(
        Array.from({ length: 400 }, (_, n) => ({
          user_id: people[n % 8] ?? '',
          video_id: `v${n}`,
          folder_id: `f${n % 3}`,
          id: `i${n}`,
        })),
      )
      .execute()
    // MariaDB rather sorts a few hundred rows than use an index.
    for (let from = 0; from < 6000; from += 1000)
      await app.db
        .insertInto('search_query')
        .values(
          Array.from({ length: 1000 }, (_, n) => ({
            query: `q${from + n}`,
            text: `q${from + n}`,
            hot: from + n,
          })),
        )
        .execute()
    const entry = { amount: 1, reason: 'signed_in' as const, video_id: null, created_ms: 1 }
    await app.db
      .insertInto('coin_entry')
      .values(
        Array.from({ length: 600 }, (_, n) => ({
          ...entry,
          id: `e${n}`,
          user_id: people[n % 8] ?? '',
          once: `x${n}`,
        })),
      )
      .execute()
    if (engine.name === 'mariadb') {
      const { sql } = await import('kysely')
      await sql`analyze table video_rank, video_tag, video_favourite, coin_entry, search_query, search_term`.execute(
        app.db,
      )
    }
    const after = [clock.now(), 'zz'] as const
    const queries = [
      store.rankQuery(app.db, { key: 'hot', after, limit: 21 }),
      store.rankQuery(app.db, { key: 'hot', ownerId: eve.id, after, limit: 21 }),
      store.rankQuery(app.db, { key: 'hot', category: 'news', limit: 21 }),
      ...(['publish_ms', 'likes', 'plays', 'hot'] as const).map((key) =>
        store.rankQuery(app.db, { key, length: 'long', after, limit: 21 }),
      ),
      store.taggedQuery(app.db, { tag: 't3', after, limit: 21 }),
      reactionStore.favouritesQuery(app.db, 'a', { folderId: undefined, afterId: 'zz', limit: 21 }),
      reactionStore.favouritesQuery(app.db, 'a', { folderId: 'f1', afterId: 'zz', limit: 21 }),
      reactionStore.foldersQuery(app.db, 'a'),
      entriesQuery(app.db, 'a', { limit: 21, afterId: 'zz' }),
      searchStore.hotQuery(app.db, 10),
      searchStore.startingQuery(app.db, 'q1', 100),
    ]
    for (const query of queries) {
      const plan = await explain(app.db, query)
      expect([plan.text, plan.fullScan, plan.sorts]).toEqual([plan.text, false, false])
      expect(plan.indexes.length).toBeGreaterThan(0)
    }
  })
})
