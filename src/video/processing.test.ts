/** What becomes of uploads: real files of many kinds, over HTTP, on both engines. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clip } from '../../tests/fixtures/clips.ts'
import type { ClipName } from '../../tests/fixtures/clips.ts'
import type { OwnVideo, VideoJob } from '../../contract/video.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { createVideoTestApp } from './testing.ts'
import type { Person, VideoTestApp } from './testing.ts'

interface Stream {
  codec_name: string
  width?: number
  height?: number
  pix_fmt?: string
  field_order?: string
}
// Never synchronously: it would wait for a server that waits for it.
const run = async (program: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(program, args, { encoding: 'utf8', timeout: 20_000 })).stdout
const ffprobe = async (url: string): Promise<{ streams: Stream[]; format: { duration: string } }> =>
  JSON.parse(
    await run('ffprobe', '-v', 'error', '-show_streams', '-show_format', '-of', 'json', url),
  ) as never

describe.each(testDatabases())('processing on $name', (engine) => {
  let app: VideoTestApp
  let ann: Person
  beforeAll(async () => {
    app = await createVideoTestApp(engine)
    ann = await app.signUp()
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const process = async (path: string): Promise<OwnVideo> => {
    const video = await app.settled(ann, await app.upload(ann, path))
    const mine = await app.call<{ items: OwnVideo[] }>('GET', '/api/v1/me/videos', { by: ann })
    return mine.data.items.find((item) => item.id === video.id) as OwnVideo
  }
  const hls = (video: OwnVideo): string => app.base + (video.play?.hls ?? 'none')

  it.each<[ClipName, { width: number; height: number; duration: number }]>([
    ['plain.mp4', { width: 320, height: 180, duration: 6 }],
    ['faststart.mp4', { width: 320, height: 180, duration: 6 }],
    ['silent.mp4', { width: 320, height: 180, duration: 3 }],
    ['rotated.mp4', { width: 180, height: 320, duration: 6 }],
    ['plain.mkv', { width: 320, height: 180, duration: 6 }],
  ])('%s becomes playable without encoding', async (name, shown) => {
    const source = clip(name)
    const video = await process(source)
    expect(video).toMatchObject({ state: 'ready', failure: null, width: shown.width, height: shown.height })
    expect(video.duration).toBeCloseTo(shown.duration, 0)
    const made = await ffprobe(hls(video))
    expect(Number(made.format.duration)).toBeCloseTo(shown.duration, 0)
    expect(made.streams.map((stream) => stream.codec_name)).toContain('h264')
    // The same pictures, byte for byte.
    const packets = (file: string) =>
      run(
        'ffmpeg',
        ...'-v error -ignore_editlist 1 -i'.split(' '),
        file,
        ...'-map 0:v -c copy -f streamhash -'.split(' '),
      )
    const file = hls(video).replace('master.m3u8', 'video.mp4')
    if (name.endsWith('.mp4')) expect(await packets(file)).toBe(await packets(source))
  })

  it.each<[ClipName, { width: number; height: number }]>([
    ['vp9.webm', { width: 320, height: 180 }],
    ['hevc.mp4', { width: 320, height: 180 }],
    ['ten-bit.mp4', { width: 320, height: 180 }],
    ['interlaced.mp4', { width: 320, height: 180 }],
    ['long-gop.mp4', { width: 320, height: 180 }],
    ['mp3.mp4', { width: 320, height: 180 }],
    ['plain.ts', { width: 320, height: 180 }],
    ['old.avi', { width: 320, height: 180 }],
    // It begins between two key frames: those before the cut must not show.
    ['edited.mp4', { width: 320, height: 180 }],
  ])('%s is transcoded to what browsers play', async (name, shown) => {
    const video = await process(clip(name))
    expect(video).toMatchObject({ state: 'ready', failure: null, ...shown })
    const { streams } = await ffprobe(hls(video))
    for (const stream of streams) {
      expect(['h264', 'aac']).toContain(stream.codec_name)
      if (stream.codec_name === 'h264') expect(stream).toMatchObject({ pix_fmt: 'yuv420p' })
    }
  })

  it.each<[ClipName, string]>([
    ['text.mp4', 'not_media'],
    ['empty.mp4', 'empty_file'],
    ['sound.m4a', 'no_video_track'],
    ['cut-tables.mp4', 'cut_short'],
    ['cut-media.mp4', 'cut_short'],
    ['no-size.mp4', 'dimensions'],
    ['huge-size.mp4', 'dimensions'],
  ])('%s fails with words, and leaves nothing behind', async (name, code) => {
    const video = await process(clip(name))
    expect(video).toMatchObject({ state: 'failed', play: null, size_bytes: 0, failure: { code } })
    expect(video.failure?.reason).toMatch(/\p{Script=Han}/u)
    const english = await app.call<OwnVideo>('GET', `/api/v1/videos/${video.id}`, {
      by: ann,
      headers: { 'accept-language': 'en' },
    })
    expect(english.data.failure?.reason).toMatch(/^[A-Z][ -~]+$/)
    const job = await app.call('GET', `/api/v1/videos/${video.id}/job`, { by: ann })
    expect(job.data).toMatchObject({ state: 'failed', error: video.failure?.reason })
    await sleep(100)
    expect(readdirSync(join(app.directory, 'uploads'))).toEqual([])
    expect((await app.blobs.list(`videos/${video.id}/`)).items).toEqual([])
  })

  it('reads no file and calls no address that a playlist names', async () => {
    const calls: string[] = []
    const listener = createServer((request, response) => {
      calls.push(request.url ?? '')
      response.end('x')
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const address = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
    const canary = join(app.directory, 'canary.ts')
    writeFileSync(canary, readFileSync(clip('plain.ts')))
    const playlist = (uri: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n${uri}\n#EXT-X-ENDLIST\n`
    const hostile: [string, string][] = [
      [playlist(`file://${canary}`), 'playlist_refused'],
      [playlist(`${address}/segment.ts`), 'playlist_refused'],
      [`ffconcat version 1.0\nfile ${canary}\n`, 'playlist_refused'],
      [`file '${canary}'\nfile '${address}/a.mp4'\n`, 'playlist_refused'],
      [`<?xml version="1.0"?><MPD><BaseURL>${address}/</BaseURL></MPD>`, 'playlist_refused'],
      [`XBIN\x1a${canary}`, 'not_media'],
      [`v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n`, 'not_media'],
    ]
    for (const [text, code] of hostile) {
      const path = join(app.directory, 'hostile.mp4')
      writeFileSync(path, text)
      const video = await process(path)
      expect([text, video.failure?.code]).toEqual([text, code])
    }
    expect(calls).toEqual([])
    listener.close()
  })

  it('shows progress, stops when the video is deleted and begins again when it is restored', async () => {
    const ben = await app.signUp()
    const id = await app.upload(ben, clip('slow.mp4'))
    const job = async (): Promise<VideoJob> =>
      (await app.call<VideoJob>('GET', `/api/v1/videos/${id}/job`, { by: ben })).data
    const until = async (isSo: (seen: VideoJob) => boolean): Promise<VideoJob> => {
      for (let i = 0; i < 600; i++) {
        const seen = await job()
        if (isSo(seen)) return seen
        await sleep(50)
      }
      throw new Error(`never so: ${JSON.stringify(await job())}`)
    }
    await until(({ step, progress }) => step === 'transcoding' && progress > 0)
    await app.call('DELETE', `/api/v1/videos/${id}`, { by: ben })
    const work = join(app.config.blobDir, '.unfinished', 'video')
    for (let i = 0; i < 200 && readdirSync(work).length > 0; i++) await sleep(50)
    expect(readdirSync(work)).toEqual([])
    await app.call('POST', `/api/v1/videos/${id}/restore`, { by: ben })
    expect((await app.settled(ben, id)).state).toBe('ready')
    expect(await job()).toEqual({ state: 'done', step: 'done', progress: 1, error: null })
  }, 90_000)

  it('charges what is stored, and makes frames to choose the cover from', async () => {
    const ben = await app.signUp()
    const id = await app.upload(ben, clip('plain.mp4'), { title: '一只猫' })
    await app.settled(ben, id)
    const mine = await app.call<{ items: OwnVideo[] }>('GET', '/api/v1/me/videos', { by: ben })
    const [video] = mine.data.items
    const storage = await app.call<{ used_bytes: number }>('GET', '/api/v1/me/storage', { by: ben })
    expect(storage.data.used_bytes).toBe(video?.size_bytes)
    const file = await fetch(app.base + (video?.play?.hls ?? '').replace('master.m3u8', 'video.mp4'))
    expect((await file.arrayBuffer()).byteLength).toBe(video?.size_bytes)

    let posters: { name: string; url: string }[] = []
    for (let i = 0; i < 100 && posters.length === 0; i++) {
      await sleep(100)
      posters = (
        await app.call<{ items: typeof posters }>('GET', `/api/v1/videos/${id}/posters`, { by: ben })
      ).data.items
    }
    expect(posters).toHaveLength(5)
    const chosen = await app.call<OwnVideo>('PUT', `/api/v1/videos/${id}/cover`, {
      by: ben,
      json: { poster: 'p3' },
    })
    expect(chosen.data.cover_url).toBe(posters[2]?.url)
    for (const url of [chosen.data.cover_url, chosen.data.thumbnail_url]) {
      const picture = await fetch(app.base + url)
      expect(picture.status).toBe(200)
      expect(picture.headers.get('content-type')).toBe('image/jpeg')
      expect(picture.headers.get('cache-control')).toContain('immutable')
    }
  })
})
