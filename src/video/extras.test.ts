/** What goes with a video: captions, storyboard, another file, an hour of publishing, several videos at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clip } from '../../tests/fixtures/clips.ts'
import type { OwnVideo, Video, VideoJob } from '../../contract/video.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { readCues, writeVtt } from './caption-text.ts'
import { indexOf, planSheets } from './storyboard.ts'
import { createVideoTestApp } from './testing.ts'
import type { Person, VideoTestApp } from './testing.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('the text of captions', () => {
  it('reads SRT and WebVTT alike and keeps nothing but words', () => {
    const srt =
      '1\r\n00:00:01,500 --> 00:00:04,000\r\n<font color="red">早上好</font>\r\n{\\an8}<i>Good morning</i>\r\n\r\n'
    const vtt =
      'WEBVTT\nKind: captions\n\nNOTE x\n\nSTYLE\n::cue { color: red }\n\nintro\n00:01.500 --> 00:04.000 align:start\n<v Ann>早上好</v>\nGood &amp; <b>morning</b>\n'
    expect(readCues(bytes(srt))).toEqual([{ startMs: 1500, endMs: 4000, text: '早上好\nGood morning' }])
    expect(readCues(bytes(vtt))).toEqual([{ startMs: 1500, endMs: 4000, text: '早上好\nGood & morning' }])
    expect(writeVtt([{ startMs: 3_661_005, endMs: 3_662_000, text: 'a <b> & c' }])).toBe(
      'WEBVTT\n\n01:01:01.005 --> 01:01:02.000\na &lt;b&gt; &amp; c\n',
    )
  })

  it('reads old Chinese files, and refuses what is none', () => {
    // 你好 in GB 18030.
    const gbk = Buffer.concat([
      Buffer.from('1\n00:00:01,000 --> 00:00:02,000\n'),
      Buffer.from([0xc4, 0xe3, 0xba, 0xc3, 10]),
    ])
    expect(readCues(gbk)).toEqual([{ startMs: 1000, endMs: 2000, text: '你好' }])
    for (const text of ['', 'hello', '00:00:02,000 --> 00:00:01,000\nbackwards'])
      expect(readCues(bytes(text))).toEqual([])
    const [cue] = readCues(bytes(`00:01.000 --> 00:02.000\n\u202eevil\u0000${'\u0301'.repeat(10_000)}`))
    expect(cue?.text).toBe(`evil${'\u0301'.repeat(4)}`)
  })
})

describe('the plan of a storyboard', () => {
  it('keeps the shape, and three sheets at most', () => {
    const film = { width: 1920, height: 1080, duration_ms: 2 * 3600_000 }
    expect(planSheets(film)).toMatchObject({ stepS: 24, width: 160, height: 90 })
    expect(planSheets({ width: 1080, height: 1920, duration_ms: 30_000 })).toMatchObject({
      stepS: 1,
      width: 90,
      height: 160,
    })
    const index = indexOf(planSheets(film), film.duration_ms, 3)
    expect(index.match(/-->/g)).toHaveLength(300)
    expect(index).toContain('00:40:00.000 --> 00:40:24.000\ns2.jpg#xywh=0,0,160,90')
  })
})

describe.each(testDatabases())('what goes with a video on $name', (engine) => {
  const clock = createManualClock(Date.now())
  let app: VideoTestApp
  let ann: Person
  let bob: Person
  beforeAll(async () => {
    app = await createVideoTestApp(engine, { clock })
    ann = await app.signUp()
    bob = await app.signUp()
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const until = async <T>(what: () => Promise<T | undefined | false>): Promise<T> => {
    for (let n = 0; n < 600; n++) {
      const found = await what()
      if (found) return found
      await sleep(50)
    }
    throw new Error('it never came')
  }
  const read = async (id: string): Promise<Video> =>
    (await app.call<Video>('GET', `/api/v1/videos/${id}`, { by: ann })).data
  const fileOf = (text: string, name = 'c.srt'): FormData => {
    const form = new FormData()
    form.set('file', new File([text], name))
    return form
  }

  it('takes captions, serves them beside the film, and guards them as the film', async () => {
    const id = await app.addVideo(ann, { media_key: 'videos/none' })
    const path = `/api/v1/videos/${id}/captions`
    const send = (by: Person, query: string, text: string) =>
      app.call<OwnVideo>('POST', `${path}?${query}`, { by, body: fileOf(text) })
    const good = '1\n00:00:01,000 --> 00:00:02,000\n<b>你好</b>\n'
    expect((await send(bob, 'lang=zh-CN', good)).error).toBe('not_found')
    expect((await send(ann, 'lang=not_a_language', good)).error).toBe('params_invalid')
    expect((await send(ann, 'lang=zh-CN', 'no captions')).error).toBe('caption_invalid')
    expect((await send(ann, 'lang=zh-CN', 'x'.repeat(2_200_000))).error).toBe('body_too_large')
    const first = await send(ann, 'lang=zh-cn', good)
    expect(first.data.play?.captions).toMatchObject([{ lang: 'zh-CN' }])
    expect(first.data.play?.captions[0]?.label).not.toBe('')
    const { data } = await send(ann, 'lang=zh-CN&label=简体', good.replace('你好', '再见'))
    const [caption] = data.play?.captions ?? []
    expect(caption).toMatchObject({ lang: 'zh-CN', label: '简体' })
    const answer = await fetch(app.base + (caption?.url ?? ''))
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/vtt; charset=utf-8'])
    expect(await answer.text()).toBe('WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n再见\n')
    expect((await fetch(app.base + (first.data.play?.captions[0]?.url ?? ''))).status).toBe(404)
    await app.call('PATCH', `/api/v1/videos/${id}`, { by: ann, json: { visibility: 'private' } })
    expect((await fetch(app.base + (caption?.url ?? ''))).status).toBe(404)
    const signed = (await read(id)).play?.captions[0]?.url ?? ''
    expect((await fetch(app.base + signed)).status).toBe(200)
    expect((await app.call('DELETE', `${path}/zh-CN`, { by: bob })).error).toBe('not_found')
    expect((await app.call<OwnVideo>('DELETE', `${path}/zh-CN`, { by: ann })).data.play?.captions).toEqual([])
    expect((await app.call('DELETE', `${path}/zh-CN`, { by: ann })).error).toBe('not_found')
    expect((await fetch(app.base + signed)).status).toBe(404)
  })

  it('draws a storyboard, and both anew when the file is replaced', async () => {
    const id = await app.upload(ann, clip('plain.mp4'))
    await app.settled(ann, id)
    const pictures = async () => {
      const { play, cover_url: cover } = await read(id)
      return play?.storyboard && cover ? { storyboard: play.storyboard, cover } : undefined
    }
    const before = await until(pictures)
    const index = await (await fetch(app.base + before.storyboard)).text()
    expect(index).toMatch(/^WEBVTT\n\n00:00:00\.000 --> 00:00:01\.000\ns1\.jpg#xywh=0,0,160,90/)
    const sheet = await fetch(new URL('s1.jpg', app.base + before.storyboard))
    expect([sheet.status, sheet.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
    const [old] = await app.db.selectFrom('video').selectAll().where('public_id', '=', id).execute()

    await app.call('PUT', `/api/v1/videos/${id}/like`, { by: bob })
    await app.upload(ann, clip('silent.mp4'), { video: id })
    expect((await read(id)).state).toBe('ready')
    const after = await until(async () => {
      const video = await read(id)
      return video.duration < 4 ? video : undefined
    })
    expect(after).toMatchObject({ id, title: after.title, state: 'ready', counts: { likes: 1 } })
    const later = await until(async () => {
      const now = await pictures()
      return now && now.cover !== before.cover ? now : undefined
    })
    expect((await fetch(app.base + later.storyboard)).status).toBe(200)
    expect(await app.blobs.head(`${old?.media_key}/video.mp4`)).toBeUndefined()
    expect(await app.blobs.head(`${old?.storyboard}/s1.jpg`)).toBeUndefined()
    const storage = await app.call<{ used_bytes: number }>('GET', '/api/v1/me/storage', { by: ann })
    const mine = await app.call<{ items: OwnVideo[] }>('GET', '/api/v1/me/videos', { by: ann })
    expect(storage.data.used_bytes).toBe(mine.data.items.reduce((sum, video) => sum + video.size_bytes, 0))
  })

  it('keeps the film that plays when the new file is none', async () => {
    const id = await app.upload(ann, clip('plain.mp4'))
    await app.settled(ann, id)
    await app.upload(ann, 'package.json', { video: id })
    const job = await until(async () => {
      const { data } = await app.call<VideoJob>('GET', `/api/v1/videos/${id}/job`, { by: ann })
      return data.state === 'failed' ? data : undefined
    })
    expect(job.error).toMatch(/\S/)
    const video = await read(id)
    expect(video).toMatchObject({ state: 'ready', failure: null })
    expect((await fetch(app.base + (video.play?.hls ?? ''))).status).toBe(200)
    await expect(app.upload(bob, clip('silent.mp4'), { video: id })).rejects.toThrow(/404/)
  })

  it('publishes at the hour that was chosen, not before, and not when it was taken back', async () => {
    const id = await app.addVideo(ann, { visibility: 'private' })
    const edit = (json: object) => app.call<OwnVideo>('PATCH', `/api/v1/videos/${id}`, { by: ann, json })
    const at = (ms: number): string => new Date(clock.now() + ms).toISOString()
    for (const wrong of [at(-1000), at(400 * 24 * 3600_000)])
      expect((await edit({ publish_at: wrong })).error).toBe('time_invalid')
    const hour = at(3600_000)
    expect((await edit({ publish_at: hour })).data).toMatchObject({ publish_at: hour, visibility: 'private' })
    expect((await app.call('GET', `/api/v1/videos/${id}`, { by: bob })).status).toBe(404)
    expect((await edit({ visibility: 'unlisted' })).data).toMatchObject({ publish_at: null })
    const sooner = at(60_000)
    expect((await edit({ publish_at: sooner, title: '准时' })).data).toMatchObject({ publish_at: sooner })
    clock.advance(61_000)
    const shown = await until(async () => {
      const { status, data } = await app.call<Video>('GET', `/api/v1/videos/${id}`, { by: bob })
      return status === 200 ? data : undefined
    })
    expect(shown).toMatchObject({ title: '准时', visibility: 'public' })
    expect((await app.call<OwnVideo>('GET', `/api/v1/me/videos`, { by: ann })).status).toBe(200)
  })

  it('does one thing to several of my videos, and says which could not be', async () => {
    const ids = [await app.addVideo(ann), await app.addVideo(ann), await app.addVideo(ann)]
    const foreign = await app.addVideo(bob, { visibility: 'private' })
    const batch = async (json: object) =>
      (
        await app.call<{ done: string[]; failed: object[] }>('POST', '/api/v1/me/videos/batch', {
          by: ann,
          json,
        })
      ).data
    const change = { visibility: 'unlisted', category: 'music', add_tags: ['春天'] }
    expect(await batch({ ids: [...ids, foreign], action: 'edit', change })).toEqual({
      done: ids,
      failed: [{ id: foreign, error: 'not_found' }],
    })
    expect(await read(ids[1] ?? '')).toMatchObject({
      visibility: 'unlisted',
      category: 'music',
      tags: ['春天'],
    })
    expect((await batch({ ids, action: 'purge' })).done).toEqual([])
    expect((await batch({ ids: [...ids, ids[0]], action: 'delete' })).done).toEqual(ids)
    expect((await batch({ ids: ids.slice(0, 1), action: 'restore' })).done).toEqual(ids.slice(0, 1))
    expect((await batch({ ids: ids.slice(1), action: 'purge' })).done).toEqual(ids.slice(1))
    expect((await app.call('POST', `/api/v1/videos/${ids[1]}/restore`, { by: ann })).error).toBe('not_found')
    const seen = await app.call<Video>('GET', `/api/v1/videos/${foreign}`, { by: bob })
    expect(seen.data.visibility).toBe('private')
  })
})
