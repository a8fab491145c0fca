/** History, watch later and playlists over HTTP on both engines. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Playlist } from '../../contract/library.ts'
import type { Kept } from '../../contract/video.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import * as videoStore from '../video/store.ts'
import { createVideoTestApp } from '../video/testing.ts'
import type { Person, VideoTestApp } from '../video/testing.ts'
import { createLibrary, mountLibraryRoutes } from './index.ts'
import * as playlistStore from './playlist-store.ts'
import * as store from './store.ts'

interface Page<T> {
  items: T[]
  next_cursor: string | null
}
type Watched = Kept & { position: number }

describe.each(testDatabases())('the library on $name', (engine) => {
  const clock = createManualClock(Date.UTC(2026, 10, 22, 4))
  let app: VideoTestApp
  let ann: Person
  let bob: Person
  beforeAll(async () => {
    app = await createVideoTestApp(engine, {
      clock,
      also: ({ router, limits, ...deps }, making) => {
        const library = createLibrary(deps)
        making.defer(() => library.close())
        mountLibraryRoutes({ router, library, limits })
      },
    })
  })
  beforeEach(async () => {
    ann = await app.signUp()
    bob = await app.signUp()
  })
  afterAll(() => app[Symbol.asyncDispose]())
  const add = async (given = {}): Promise<string> => {
    clock.advance(1000)
    return app.addVideo(ann, given)
  }
  const watch = async (id: string, position: number) => {
    clock.advance(1000)
    return app.call('POST', `/api/v1/videos/${id}/plays`, { by: bob, json: { position } })
  }
  const history = async (query = '') =>
    (await app.call<Page<Watched> & { paused: boolean }>('GET', `/api/v1/me/history?${query}`, { by: bob }))
      .data
  const ids = (page: Page<Kept>): string[] => page.items.map((item) => item.video_id)

  it('remembers what was watched and how far, unless it is paused', async () => {
    const [a, b, c] = [await add(), await add(), await add()]
    await watch(a, 12.5)
    await watch(b, 3)
    await watch(a, 1e9)
    const first = await history('limit=1')
    expect([ids(first), first.items[0]?.position]).toEqual([[a], 100])
    expect(ids(await history(`limit=1&cursor=${encodeURIComponent(first.next_cursor ?? '')}`))).toEqual([b])
    await watch(b, 40.25)
    const at = await app.call('GET', `/api/v1/videos/${b}/progress`, { by: bob })
    expect(at.data).toEqual({ position: 40.25, watch_later: false })
    await app.call('PATCH', '/api/v1/me/history', { by: bob, json: { paused: true } })
    await watch(c, 5)
    expect(await history()).toMatchObject({ paused: true, items: [{ video_id: b }, { video_id: a }] })
    await app.call('DELETE', `/api/v1/me/history?video=${b}`, { by: bob })
    expect(ids(await history())).toEqual([a])
    await app.call('PATCH', '/api/v1/me/history', { by: bob, json: { paused: false } })
    await watch(c, 5)
    expect(ids(await history())).toEqual([c, a])
    await app.call('DELETE', `/api/v1/videos/${a}`, { by: ann })
    expect((await history()).items.map(({ video }) => video === null)).toEqual([false, true])
    await app.call('DELETE', '/api/v1/me/history', { by: bob })
    expect(ids(await history())).toEqual([])
    expect((await app.call('POST', `/api/v1/videos/${c}/plays`, { json: { position: 1 } })).status).toBe(200)
  })

  it('keeps what is to be watched later, once', async () => {
    const [a, b] = [await add(), await add()]
    const path = '/api/v1/me/watch_later'
    for (const id of [a, b, a]) {
      clock.advance(1000)
      expect((await app.call('POST', path, { by: bob, json: { video_id: id } })).status).toBe(200)
    }
    await Promise.all(
      Array.from({ length: 20 }, () => app.call('POST', path, { by: bob, json: { video_id: b } })),
    )
    const list = async () => ids((await app.call<Page<Kept>>('GET', path, { by: bob })).data)
    expect(await list()).toEqual([b, a])
    const hidden = await add({ visibility: 'private' })
    expect((await app.call('POST', path, { by: bob, json: { video_id: hidden } })).status).toBe(404)
    await app.call('DELETE', `${path}/${b}`, { by: bob })
    expect(await list()).toEqual([a])
    expect((await app.call('GET', `/api/v1/videos/${a}/progress`, { by: bob })).data).toEqual({
      position: null,
      watch_later: true,
    })
  })

  it('orders playlists by hand and shows them to whom they are for', async () => {
    const made = await app.call<Playlist>('POST', '/api/v1/playlists', {
      by: bob,
      json: { title: '周末看', visibility: 'private' },
    })
    const path = `/api/v1/playlists/${made.data.id}`
    const videos = [await add(), await add(), await add(), await add()]
    await Promise.all(
      videos.flatMap((id) => [1, 2].map(() => app.call('PUT', `${path}/videos/${id}`, { by: bob }))),
    )
    const get = async (by?: Person) => app.call<Playlist>('GET', path, by ? { by } : {})
    expect((await get(bob)).data.counts.videos).toBe(4)
    const order = async () => ids((await app.call<Page<Kept>>('GET', `${path}/videos`, { by: bob })).data)
    const move = (id: string | undefined, after: string | null | undefined, by = bob) =>
      app.call('POST', `${path}/videos/${id}/move`, { by, json: { after } })
    await move(videos[0], null)
    for (let n = 1; n < 4; n++) await move(videos[n], videos[n - 1])
    expect(await order()).toEqual(videos)
    // Until the room between two places is used up, and beyond.
    for (let n = 0; n < 60; n++) await move((await order())[3], videos[0])
    expect(await order()).toEqual(videos)
    await move(videos[3], null)
    expect(await order()).toEqual([videos[3], videos[0], videos[1], videos[2]])
    expect((await move(videos[0], await add())).status).toBe(404)
    const page = await app.call<Page<Kept>>('GET', `${path}/videos?limit=3`, { by: bob })
    const rest = await app.call<Page<Kept>>(
      'GET',
      `${path}/videos?limit=3&cursor=${encodeURIComponent(page.data.next_cursor ?? '')}`,
      { by: bob },
    )
    expect(ids(rest.data)).toEqual([videos[2]])

    for (const by of [ann, undefined]) expect((await get(by)).status).toBe(404)
    expect((await app.call('GET', `${path}/videos`, { by: ann })).status).toBe(404)
    await app.call('PATCH', path, { by: bob, json: { visibility: 'unlisted' } })
    expect((await get()).status).toBe(200)
    const publicOnes = async () =>
      (await app.call<Page<Playlist>>('GET', `/api/v1/users/${bob.id}/playlists`)).data.items.length
    expect(await publicOnes()).toBe(0)
    await app.call('PATCH', path, { by: bob, json: { visibility: 'public', title: '好看' } })
    expect(await publicOnes()).toBe(1)
    for (const [method, rest2, json] of [
      ['PATCH', '', { title: 'mine' }],
      ['DELETE', '', undefined],
      ['PUT', `/videos/${videos[0]}`, undefined],
      ['DELETE', `/videos/${videos[0]}`, undefined],
    ] as const)
      expect((await app.call(method, path + rest2, { by: ann, ...(json && { json }) })).status).toBe(404)
    expect((await move(videos[0], null, ann)).status).toBe(404)
    const mine = await app.call<Page<Playlist & { holds: boolean }>>(
      'GET',
      `/api/v1/me/playlists?video=${videos[0]}`,
      { by: bob },
    )
    expect(mine.data.items.map(({ title, holds }) => [title, holds])).toEqual([['好看', true]])
    await app.call('DELETE', `${path}/videos/${videos[0]}`, { by: bob })
    expect((await get()).data.counts.videos).toBe(3)
    // A video that is deleted for good leaves no gap in the count.
    const row = await videoStore.findVideo(app.db, videos[1] ?? '')
    await app.call('DELETE', `/api/v1/videos/${videos[1]}`, { by: ann })
    await app.service.upkeep.purge(row?.id ?? '')
    expect((await get()).data.counts.videos).toBe(2)
    expect((await app.call('DELETE', path, { by: bob })).status).toBe(200)
    expect((await get(bob)).status).toBe(404)
  })

  it('finds and orders every list by an index', async () => {
    const many = Array.from({ length: 600 }, (_, n) => n)
    await store.putHistory(
      app.db,
      many.map((n) => ({ user_id: `u${n % 10}`, video_id: `v${n}`, position_ms: 1, watched_ms: n })),
    )
    await app.db
      .insertInto('watch_later')
      .values(many.map((n) => ({ user_id: `u${n % 10}`, video_id: `v${n}`, id: `i${n}` })))
      .execute()
    const given = { title: 't', intro: '', videos: 0, created_ms: 1, updated_ms: 1 }
    await app.db
      .insertInto('playlist')
      .values(
        many.map((n) => ({
          ...given,
          id: `p${n}`,
          public_id: `q${n}`,
          owner_id: `u${n % 10}`,
          visibility: n % 3 ? ('public' as const) : ('private' as const),
        })),
      )
      .execute()
    await app.db
      .insertInto('playlist_item')
      .values(many.map((n) => ({ playlist_id: `p${n % 10}`, video_id: `v${n}`, place: n })))
      .execute()
    if (engine.name === 'mariadb') {
      const { sql } = await import('kysely')
      await sql`analyze table watch_history, watch_later, playlist, playlist_item`.execute(app.db)
    }
    for (const query of [
      store.historyQuery(app.db, 'u3', { after: [500, 'zz'], limit: 21 }),
      store.historyQuery(app.db, 'u3', { after: undefined, limit: 21 }),
      store.laterQuery(app.db, 'u3', { afterId: 'zz', limit: 21 }),
      playlistStore.playlistsQuery(app.db, 'u3', { afterId: 'zz', limit: 21 }),
      playlistStore.playlistsQuery(app.db, 'u3', { visibility: 'public', afterId: 'zz', limit: 21 }),
      playlistStore.itemsQuery(app.db, 'p3', { after: [5, 'a'], limit: 21 }),
    ]) {
      const plan = await explain(app.db, query)
      expect([plan.text, plan.fullScan, plan.sorts]).toEqual([plan.text, false, false])
      expect(plan.indexes.length).toBeGreaterThan(0)
    }
  })
})
