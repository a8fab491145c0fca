/** Lists, visibility, likes, plays, trash and who may do what, over HTTP on both engines. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import sharp from 'sharp'
import type { OwnVideo, Video } from '../../contract/video.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { newVideoRow } from './rules.ts'
import type { NewVideo } from './rules.ts'
import * as store from './store.ts'
import { createVideoTestApp } from './testing.ts'
import type { Person, VideoTestApp } from './testing.ts'

interface Page<T> {
  items: T[]
  next_cursor: string | null
}

describe.each(testDatabases())('videos on $name', (engine) => {
  const clock = createManualClock(Date.now())
  let app: VideoTestApp
  let ann: Person
  let eve: Person
  beforeAll(async () => {
    app = await createVideoTestApp(engine, { clock })
    ann = await app.signUp()
    eve = await app.signUp()
  })
  afterAll(() => app[Symbol.asyncDispose]())

  /** A row as if it had been uploaded and processed; gives its public id. */
  const add = (owner: Person, given: Partial<NewVideo> = {}): Promise<string> =>
    app.db.transaction(async (trx) => {
      clock.advance(1000)
      const row = newVideoRow({ owner_id: owner.id, title: 'a video', state: 'ready', ...given }, clock.now())
      await store.insertVideo(trx, row)
      await app.service.settle(trx, row.id)
      return row.public_id
    })
  const get = <T = Video>(path: string, by?: Person) => app.call<T>('GET', path, by ? { by } : {})
  const videosOf = async (person: Person): Promise<number> => (await app.users.row(person.id))?.videos ?? -1
  const published = async (id: string): Promise<string[]> => {
    const rows = await app.db.selectFrom('event').select(['type', 'payload']).orderBy('id').execute()
    return rows.filter((row) => row.payload.includes(id)).map((row) => row.type)
  }

  it('pages through lists by each order, each video once', async () => {
    const owner = await app.signUp()
    const ids: string[] = []
    for (let i = 0; i < 7; i++) ids.push(await add(owner, { category: i % 2 ? 'food' : 'music' }))
    for (const [index, likes] of [3, 1, 2, 1].entries())
      for (let i = 0; i < likes; i++)
        await app.call('PUT', `/api/v1/videos/${ids[index]}/like`, { by: [ann, eve, owner][i] as Person })
    await app.service.reactions.flush()

    const walk = async (query: string): Promise<string[]> => {
      const found: string[] = []
      let cursor = ''
      for (let i = 0; i < 20; i++) {
        const answer = await get<Page<Video>>(`/api/v1/videos?limit=2&user=${owner.id}${query}${cursor}`)
        expect(answer.status).toBe(200)
        found.push(...answer.data.items.map((video) => video.id))
        if (answer.data.next_cursor === null) return found
        cursor = `&cursor=${encodeURIComponent(answer.data.next_cursor)}`
      }
      throw new Error('a list without an end')
    }
    expect(await walk('')).toEqual(ids.toReversed())
    expect(await walk('&category=food')).toEqual([ids[5], ids[3], ids[1]])
    expect(await walk('&sort=likes')).toEqual([0, 2, 3, 1, 6, 5, 4].map((index) => ids[index]))
    expect((await walk('&sort=plays')).length).toBe(7)
    const byUser = await get<Page<Video>>(`/api/v1/users/${owner.id}/videos?limit=3`)
    expect(byUser.data.items.map((video) => video.id)).toEqual(ids.toReversed().slice(0, 3))
    const foreign = byUser.data.next_cursor
    expect((await get(`/api/v1/videos?sort=likes&cursor=${foreign}`)).error).toBe('cursor_invalid')
    expect((await get('/api/v1/videos?cursor=nonsense')).error).toBe('cursor_invalid')
    const related = await get<Page<Video>>(`/api/v1/videos/${ids[0]}/related`)
    expect(related.data.items.length).toBeGreaterThan(3)
    expect(related.data.items.map((video) => video.id)).not.toContain(ids[0])
  })

  it('goes on to what is hot after the only video of its author and category', async () => {
    const alone = await add(await app.signUp(), { category: 'dance' })
    const { data } = await get<Page<Video>>(`/api/v1/videos/${alone}/related`)
    expect(data.items.length).toBeGreaterThan(3)
    expect(data.items.map((video) => video.id)).not.toContain(alone)
  })

  it('finds and orders every list by an index', async () => {
    const owner = await app.signUp()
    for (let i = 0; i < 300; i++)
      await add(i % 20 === 0 ? owner : ann, { category: i % 20 === 0 ? 'dance' : 'tech' })
    if (engine.name === 'mariadb') {
      const { sql } = await import('kysely')
      await sql`analyze table video, video_rank, video_upload`.execute(app.db)
    }
    for (const key of ['publish_ms', 'likes', 'plays'] as const)
      for (const category of [undefined, 'dance'])
        for (const ownerId of [undefined, owner.id])
          for (const after of [undefined, [clock.now(), 'zz'] as const]) {
            const plan = await explain(
              app.db,
              store.rankQuery(app.db, { key, category, ownerId, after, limit: 21 }),
            )
            expect([plan.text, plan.fullScan, plan.sorts]).toEqual([plan.text, false, false])
            expect(plan.indexes.length).toBeGreaterThan(0)
          }
    for (const trashed of [false, true])
      for (const state of [undefined, 'draft' as const]) {
        const query = { ownerId: owner.id, trashed, state, afterId: 'zz', limit: 21 }
        const plan = await explain(app.db, store.mineQuery(app.db, query))
        expect([plan.text, plan.fullScan, plan.sorts]).toEqual([plan.text, false, false])
      }
    for (const query of [
      store.trashQuery(app.db, clock.now(), 100),
      store.staleQuery(app.db, 'processing', clock.now(), 100),
    ]) {
      const plan = await explain(app.db, query)
      expect([plan.text, plan.fullScan, plan.sorts]).toEqual([plan.text, false, false])
    }
  })

  it('shows each visibility to those it is for', async () => {
    const owner = await app.signUp()
    const id = await add(owner)
    const path = `/api/v1/videos/${id}`
    const listed = async (): Promise<boolean> =>
      (await get<Page<Video>>(`/api/v1/users/${owner.id}/videos`)).data.items.some((video) => video.id === id)
    const statuses = async () => [
      (await get(path)).status,
      (await get(path, eve)).status,
      (await get(path, owner)).status,
      await listed(),
      await videosOf(owner),
    ]
    expect(await statuses()).toEqual([200, 200, 200, true, 1])
    const change = (json: object) => app.call<OwnVideo>('PATCH', path, { by: owner, json })
    const publishTime = (await change({ visibility: 'unlisted' })).data.publish_time
    expect(await statuses()).toEqual([200, 200, 200, false, 0])
    await change({ visibility: 'private' })
    expect(await statuses()).toEqual([404, 404, 200, false, 0])
    const again = await change({
      visibility: 'public',
      title: ' 新\u202e标题 ',
      category: 'food',
      tags: ['a'],
    })
    expect(again.data).toMatchObject({
      title: '新标题',
      category: 'food',
      tags: ['a'],
      publish_time: publishTime,
    })
    expect(await statuses()).toEqual([200, 200, 200, true, 1])
    await app.call('DELETE', path, { by: owner })
    expect(await statuses()).toEqual([404, 404, 404, false, 0])
    const trash = await get<Page<OwnVideo>>('/api/v1/me/videos?trash=true', owner)
    expect(trash.data.items).toMatchObject([{ id, play: null }])
    expect(trash.data.items[0]?.delete_time).not.toBeNull()
    expect((await get<Page<OwnVideo>>('/api/v1/me/videos', owner)).data.items).toEqual([])
    await app.call('POST', `${path}/restore`, { by: owner })
    expect(await statuses()).toEqual([200, 200, 200, true, 1])
    expect((await app.call('POST', `${path}/restore`, { by: owner })).status).toBe(404)
    expect(await published(id)).toEqual([
      'video.published',
      'video.changed',
      'video.changed',
      'video.changed',
      'video.deleted',
      'video.restored',
    ])
  })

  it('keeps counts right under 50 parallel likes and dislikes', async () => {
    const owner = await app.signUp()
    const id = await add(owner)
    const like = `/api/v1/videos/${id}/like`
    const people = [ann, eve, owner]
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        app.call(i % 3 === 0 ? 'DELETE' : 'PUT', like, { by: people[i % people.length] as Person }),
      ),
    )
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200))
    for (const by of people) for (let i = 0; i < 2; i++) await app.call('PUT', like, { by })
    expect((await app.call('DELETE', like, { by: eve })).data).toEqual({ liked: false, likes: 2 })
    expect((await app.call('DELETE', like, { by: eve })).data).toEqual({ liked: false, likes: 2 })
    expect((await get(`/api/v1/videos/${id}`, ann)).data).toMatchObject({
      counts: { likes: 2 },
      mine: { liked: true },
    })
    expect((await get(`/api/v1/videos/${id}`)).data.mine.liked).toBe(false)
    expect((await app.users.row(owner.id))?.likes).toBe(2)
    const rows = await app.db.selectFrom('video_like').selectAll().execute()
    expect(new Set(rows.map((row) => `${row.user_id} ${row.video_id}`)).size).toBe(rows.length)
    expect(await published(id)).toContain('video.liked')
  })

  it('counts one play per viewer in half an hour', async () => {
    const id = await add(ann)
    const play = (by?: Person) =>
      app.call('POST', `/api/v1/videos/${id}/plays`, { ...(by && { by }), json: { position: 3 } })
    for (let i = 0; i < 3; i++)
      for (const by of [undefined, ann, eve]) expect((await play(by)).status).toBe(200)
    await app.service.reactions.flush()
    expect((await get(`/api/v1/videos/${id}`)).data.counts.plays).toBe(3)
    clock.advance(31 * 60_000)
    // The session has expired by now; the address has not been counted again yet.
    await play()
    await app.service.reactions.flush()
    expect((await get(`/api/v1/videos/${id}`)).data.counts.plays).toBe(4)
    const top = await get<Page<Video>>('/api/v1/videos?sort=plays&limit=1')
    expect(top.data.items[0]?.id).toBe(id)
    clock.advance(-31 * 60_000)
  })

  it('lets only the owner at what is the owner’s', async () => {
    const id = await add(ann, { visibility: 'private' })
    const open = await add(ann)
    const routes: [string, string, object?][] = [
      ['PATCH', '', { title: 'mine now' }],
      ['DELETE', ''],
      ['POST', '/restore'],
      ['GET', '/posters'],
      ['PUT', '/cover', { poster: 'p1' }],
      ['GET', '/job'],
    ]
    for (const video of [id, open, 'nosuchvideo1'])
      for (const [method, path, json] of routes)
        for (const by of [eve, undefined]) {
          const given = { ...(by && { by }), ...(json && { json }) }
          const answer = await app.call(method, `/api/v1/videos/${video}${path}`, given)
          expect([method, path, answer.status]).toEqual([method, path, by ? 404 : 401])
        }
    const form = new FormData()
    form.set('file', new Blob([Buffer.alloc(100)]), 'a.png')
    expect((await app.call('POST', `/api/v1/videos/${open}/cover`, { by: eve, body: form })).status).toBe(404)
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/related'],
      ['POST', '/plays'],
      ['PUT', '/like'],
      ['DELETE', '/like'],
    ] as const)
      expect((await app.call(method, `/api/v1/videos/${id}${path}`, { by: eve })).status).toBe(404)
    expect((await app.call('PUT', `/api/v1/videos/${open}/like`)).status).toBe(401)
    for (const path of ['/me/videos', '/me/storage']) expect((await get(`/api/v1${path}`)).status).toBe(401)
    expect((await get<Video>(`/api/v1/videos/${open}`)).data.title).toBe('a video')
  })

  it('takes a picture of one’s own as the cover', async () => {
    const id = await add(ann)
    const send = async (bytes: Buffer) => {
      const form = new FormData()
      form.set('file', new Blob([new Uint8Array(bytes)]), 'cover.png')
      return app.call<OwnVideo>('POST', `/api/v1/videos/${id}/cover`, { by: ann, body: form })
    }
    const png = await sharp({ create: { width: 800, height: 800, channels: 3, background: 'red' } })
      .png()
      .toBuffer()
    const first = (await send(png)).data.cover_url ?? ''
    const second = (await send(png)).data
    expect((await fetch(app.base + first)).status).toBe(404)
    const cover = await fetch(app.base + second.cover_url)
    expect(cover.headers.get('x-content-type-options')).toBe('nosniff')
    const meta = await sharp(Buffer.from(await cover.arrayBuffer())).metadata()
    expect(meta).toMatchObject({ format: 'jpeg', width: 800, height: 450 })
    const svg = await send(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))
    expect([svg.status, svg.error]).toEqual([400, 'image_invalid'])
    expect((await send(Buffer.alloc(9 * 1024 * 1024))).error).toBe('body_too_large')
  })

  it('purges what was deleted 30 days ago, and its files', async () => {
    const owner = await app.signUp()
    const id = await add(owner, { size_bytes: 100, media_key: 'videos/x/1' })
    await app.blobs.put(`videos/${id}/1/video.mp4`, Buffer.alloc(100), { contentType: 'video/mp4' })
    await app.call('DELETE', `/api/v1/videos/${id}`, { by: owner })
    clock.advance(29 * 24 * 3600_000)
    await app.service.upkeep.run()
    expect((await app.blobs.list(`videos/${id}/`)).items).toHaveLength(1)
    clock.advance(2 * 24 * 3600_000)
    await app.service.upkeep.run()
    expect((await app.blobs.list(`videos/${id}/`)).items).toEqual([])
    expect(await store.findVideo(app.db, id)).toBeUndefined()
    expect(await published(id)).toContain('video.purged')
    clock.advance(-31 * 24 * 3600_000)
  })

  it('names the categories in both languages', async () => {
    const names = async (language: string) =>
      (
        await app.call<Page<{ id: string; name: string }>>('GET', '/api/v1/categories', {
          headers: { 'accept-language': language },
        })
      ).data.items.map((item) => item.name)
    expect(await names('zh-CN')).toContain('音乐')
    expect(await names('en')).toContain('Music')
  })

  it('knows a video’s timeline and counts its danmaku', async () => {
    const id = await add(ann, { visibility: 'private', duration_ms: 5000 })
    const caller = { userId: ann.id, sessionId: '', role: 'user' as const }
    const { timelineId, ownerId, durationMs } = await app.service.timelineOf(id, caller)
    expect([ownerId, durationMs]).toEqual([ann.id, 5000])
    await expect(app.service.timelineOf(id, undefined)).rejects.toMatchObject({ code: 'not_found' })
    await app.db.transaction((trx) => app.service.countDanmaku(trx, timelineId, 3))
    await app.db.transaction((trx) => app.service.countDanmaku(trx, 'no-such-timeline', 1))
    expect((await get(`/api/v1/videos/${id}`, ann)).data.counts.danmaku).toBe(3)
  })
})
