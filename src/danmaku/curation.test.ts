/** What authors do with danmaku: protect, lock, bring in and take out; and the curve of how many there are. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Danmaku } from '../../contract/danmaku.ts'
import type { Video } from '../../contract/video.ts'
import { createMemoryBus } from '../platform/bus/memory.ts'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { createVideoTestApp } from '../video/testing.ts'
import type { Person, VideoTestApp } from '../video/testing.ts'
import { densityQuery, pageQuery } from './curation-store.ts'
import { readDanmaku } from './exchange-read.ts'
import { writeDanmaku } from './exchange-write.ts'
import type { ExchangeFormat } from './exchange-write.ts'
import {
  createCuration,
  createDanmaku,
  deleteTimeline,
  mountCurationRoutes,
  mountDanmakuRoutes,
} from './index.ts'
import { curveOf } from './rules.ts'

const sent = '2026-01-02T03:04:05.000Z'
const samples: Danmaku[] = [
  ['前方高能 <&"> {\\b1}', 1.5, '#ff6b81', 'scroll', 'normal'],
  ['top of the world', 2, '#ffffff', 'top', 'large'],
  ['字幕君', 3.25, '#5fd66f', 'bottom', 'small'],
].map(([text, time, color, mode, size], n) => ({
  id: String(n),
  user: { id: 'u', nickname: 'n' },
  text,
  color,
  mode,
  size,
  media_time: time,
  sent_at: sent,
})) as Danmaku[]

const write = async (format: ExchangeFormat, items: Danmaku[] = samples): Promise<string> => {
  async function* pages() {
    if (items.length > 0) yield items
  }
  let file = ''
  for await (const piece of writeDanmaku(format, pages())) file += piece
  return file
}
const read = (file: string) => readDanmaku(new TextEncoder().encode(file))

describe('danmaku as files', () => {
  it.each(['xml', 'json'] as const)('come back from %s as they went', async (format) => {
    expect(read(await write(format))).toEqual(
      samples.map(({ text, media_time: time, color, mode, size }) => ({
        ...{ text, color, mode, size },
        mediaMs: time * 1000,
        sentMs: Date.parse(sent),
      })),
    )
    expect(read(await write(format, []))).toEqual([])
  })

  it('come back from ASS with their looks, and give it no commands', async () => {
    const file = await write('ass')
    expect(file).toContain('｛＼b1｝')
    expect(read(file)).toMatchObject([
      { text: '前方高能 <&"> ｛＼b1｝', mediaMs: 1500, color: '#ff6b81', mode: 'scroll', size: 'normal' },
      { mediaMs: 2000, mode: 'top', size: 'large' },
      { mediaMs: 3250, color: '#5fd66f', mode: 'bottom', size: 'small' },
    ])
  })

  it('reads what others write, and nothing else', () => {
    const bilibili =
      '<?xml version="1.0"?><!DOCTYPE i [<!ENTITY x SYSTEM "file:///etc/passwd">]><i>' +
      '<d p="23.826,1,25,16777215,1422201084,0,057075e9,757076900">我从未见过如此厚颜无耻之猴</d>' +
      '<d p="5,7,25,0,0,0,a,1">[0,0,"script"]</d><d p="x,1,25,0,0,0,a,1">no time</d><d p="9,1,25,0,0,0,a,1">&x;\u202e</d></i>'
    expect(read(bilibili)).toEqual([
      {
        text: '我从未见过如此厚颜无耻之猴',
        mediaMs: 23_826,
        color: '#ffffff',
        mode: 'scroll',
        size: 'normal',
        sentMs: 1_422_201_084_000,
      },
      expect.objectContaining({ text: '&x;', color: '#000000' }),
    ])
    for (const other of ['', 'hello', '{"a":1}', '\u0000\u0001']) expect(read(other)).toBeUndefined()
    expect(read('[1, null, {"text": 5}]')).toEqual([])
    expect(read(`[${'['.repeat(100_000)}`)).toEqual([])
  })

  it('become a curve of equal steps', () => {
    const slots = [
      { slot_ms: 0, said: 2 },
      { slot_ms: 5000, said: 1 },
      { slot_ms: 99_000_000, said: 4 },
    ]
    expect(curveOf(slots, 20_000, 200)).toEqual({ stepMs: 5000, counts: [2, 1, 0, 4] })
    expect(curveOf([], 0, 200)).toEqual({ stepMs: 5000, counts: [0] })
    expect(curveOf(slots, 7200_000, 200).counts).toHaveLength(180)
  })
})

describe.each(testDatabases())('danmaku of an author on $name', (engine) => {
  let app: VideoTestApp
  let ann: Person
  let bob: Person
  let id: string
  beforeAll(async () => {
    app = await createVideoTestApp(engine, {
      also: (
        { db, kv, clock, log, users, videos, router, limits, cursorSecret, app: http, authenticate },
        making,
      ) => {
        const count = videos.countDanmaku
        const service = createDanmaku({ db, kv, clock, bus: createMemoryBus({ log }), count })
        making.defer(() => service.close())
        const { timelineOf } = videos
        const isForbidden = async (text: string) => text.includes('广告')
        const curation = createCuration({ db, clock, cursorSecret, count, isForbidden })
        videos.upkeep.alsoPurge((trx, _videoId, timelineId) => deleteTimeline(trx, timelineId))
        mountDanmakuRoutes({ router, service, users, timelineOf })
        mountCurationRoutes({ app: http, router, curation, timelineOf, authenticate, limits })
      },
    })
    ann = await app.signUp()
    bob = await app.signUp()
    id = await app.addVideo(ann)
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const of = (rest: string): string => `/api/v1/videos/${id}/danmaku${rest}`
  const say = (by: Person, text: string, time = 1) =>
    app.call<Danmaku>('POST', of(''), { by, json: { text, time } })
  const bring = (by: Person, file: string) => {
    const body = new FormData()
    body.set('file', new File([file], 'danmaku.xml'))
    return app.call<{ added: number; skipped: number }>('POST', of('/import'), { by, body })
  }
  const density = async () =>
    (await app.call<{ step: number; counts: number[]; locked: boolean }>('GET', of('/density'))).data
  const total = async () => (await app.call<Video>('GET', `/api/v1/videos/${id}`)).data.counts.danmaku

  it('closes and opens a video', async () => {
    expect((await app.call('PUT', of('/lock'), { by: bob })).error).toBe('forbidden')
    expect((await app.call('PUT', of('/lock'))).error).toBe('unauthenticated')
    expect((await app.call('PUT', of('/lock'), { by: ann })).status).toBe(200)
    expect((await app.call('PUT', of('/lock'), { by: ann })).status).toBe(200)
    expect((await density()).locked).toBe(true)
    expect((await say(bob, '开着吗')).error).toBe('danmaku_locked')
    expect((await app.call('DELETE', of('/lock'), { by: ann })).status).toBe(200)
    expect((await say(bob, '开着吗')).status).toBe(200)
    expect(await density()).toMatchObject({ step: 5, locked: false })
    expect((await density()).counts.slice(0, 2)).toEqual([1, 0])
  })

  it('brings danmaku in once, takes them out, and counts them', async () => {
    const file = await write('xml', [
      ...samples,
      { ...samples[0]!, text: '广告' },
      { ...samples[0]!, media_time: 999 },
    ])
    const before = await total()
    expect((await bring(bob, file)).error).toBe('forbidden')
    expect((await bring(ann, 'nothing')).error).toBe('danmaku_file_invalid')
    expect((await bring(ann, file)).data).toEqual({ added: 3, skipped: 2 })
    expect((await bring(ann, file)).data).toEqual({ added: 0, skipped: 5 })
    expect(await total()).toBe(before + 3)
    expect((await density()).counts.reduce((sum, n) => sum + n, 0)).toBe(before + 3)
    for (const format of ['xml', 'json', 'ass'] as const) {
      const answer = await fetch(app.base + of(`/export?format=${format}`))
      expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="danmaku.${format}"`)
      expect(readDanmaku(new Uint8Array(await answer.arrayBuffer()))).toHaveLength(before + 3)
    }
    expect((await app.call('GET', of('/export?format=exe'))).error).toBe('params_invalid')
  })

  it('protects some, which a crowded stretch still shows', async () => {
    const crowd = Array.from({ length: 2500 }, (_, n) => ({
      ...samples[0]!,
      text: `第 ${n} 条`,
      media_time: 50,
    }))
    expect((await bring(ann, await write('json', crowd))).data.added).toBe(2500)
    const all = await app.call<{ items: (Danmaku & { protected: boolean })[]; next_cursor: string }>(
      'GET',
      of('/all?limit=100'),
      { by: ann },
    )
    expect(all.data.items).toHaveLength(100)
    const further = await app.call<typeof all.data>(
      'GET',
      of(`/all?limit=100&cursor=${all.data.next_cursor}`),
      {
        by: ann,
      },
    )
    expect((await app.call('GET', of('/all'), { by: bob })).error).toBe('forbidden')
    expect((await app.call('GET', of('/all?cursor=eA'), { by: ann })).error).toBe('cursor_invalid')
    const last = further.data.items.at(-1)
    const shown = async () =>
      (await app.call<{ items: Danmaku[] }>('GET', of('?from=50&to=51'))).data.items.some(
        ({ id: one }) => one === last?.id,
      )
    expect(await shown()).toBe(false)
    const protection = `/api/v1/danmaku/${last?.id}/protection`
    expect((await app.call('PUT', protection, { by: bob })).error).toBe('forbidden')
    expect((await app.call('PUT', protection, { by: ann })).status).toBe(200)
    expect((await app.call('PUT', protection, { by: ann })).status).toBe(200)
    expect(await shown()).toBe(true)
    expect((await app.call('DELETE', protection, { by: ann })).status).toBe(200)
    expect(await shown()).toBe(false)
  })

  it('reads by an index, and leaves nothing of a video that is gone', async () => {
    for (const query of [
      densityQuery(app.db, 't', 100),
      pageQuery(app.db, 't', { after: [1, 'x'], limit: 20 }),
    ]) {
      const plan = await explain(app.db, query)
      expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
    }
    await app.call('DELETE', `/api/v1/videos/${id}`, { by: ann })
    expect((await app.call('GET', of('/density'))).status).toBe(404)
    const row = await app.db
      .selectFrom('video')
      .select(['id', 'timeline_id'])
      .where('public_id', '=', id)
      .executeTakeFirstOrThrow()
    await app.service.upkeep.purge(row.id)
    for (const table of ['danmaku', 'danmaku_density', 'danmaku_protected'] as const)
      expect(
        await app.db
          .selectFrom(table)
          .select('timeline_id')
          .where('timeline_id', '=', row.timeline_id)
          .execute(),
      ).toEqual([])
  })
})
