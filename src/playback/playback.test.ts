/** The bytes below /play: ranges, signed addresses, hostile paths, recordings, pictures; over HTTP on both engines. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OwnVideo, Video } from '../../contract/video.ts'
import { clip } from '../../tests/fixtures/clips.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { createVideoTestApp } from '../video/testing.ts'
import type { Person, VideoTestApp } from '../video/testing.ts'

describe.each(testDatabases())('playback on $name', (engine) => {
  const clock = createManualClock(Date.now())
  let app: VideoTestApp
  let ann: Person
  let id: string
  let bytes: Buffer
  const media = () => `/play/videos/${id}/video.mp4`

  beforeAll(async () => {
    app = await createVideoTestApp(engine, { clock })
    ann = await app.signUp()
    id = await app.upload(ann, clip('plain.mp4'))
    await app.settled(ann, id)
    bytes = Buffer.from(await (await fetch(app.base + media())).arrayBuffer())
    writeFileSync(join(app.directory, 'canary.mp4'), 'CANARY')
    writeFileSync(join(app.config.blobDir, 'canary.mp4'), 'CANARY')
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const fetchMedia = (headers: Record<string, string>, method = 'GET') =>
    fetch(app.base + media(), { method, headers })
  const show = async (path: string): Promise<number> => {
    const answer = await fetch(app.base + path)
    expect(await answer.text()).not.toContain('CANARY')
    return answer.status
  }
  const setVisibility = async (visibility: string): Promise<Video> =>
    (await app.call<OwnVideo>('PATCH', `/api/v1/videos/${id}`, { by: ann, json: { visibility } })).data

  it('serves single ranges', async () => {
    const size = bytes.length
    const cases: [string, number, number][] = [
      ['bytes=0-0', 0, 0],
      ['bytes=10-19', 10, 19],
      [`bytes=${size - 5}-`, size - 5, size - 1],
      ['bytes=-7', size - 7, size - 1],
      [`bytes=5-${size * 2}`, 5, size - 1],
      [`bytes=-${size * 2}`, 0, size - 1],
    ]
    for (const [range, start, end] of cases) {
      const answer = await fetchMedia({ range })
      expect([range, answer.status]).toEqual([range, 206])
      expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end}/${size}`)
      expect(answer.headers.get('content-length')).toBe(String(end - start + 1))
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(start, end + 1))).toBe(true)
    }
  })

  it('ignores what is no single range, and refuses what is not there', async () => {
    for (const range of [
      'bytes=',
      'bytes=-',
      'bytes=5-2',
      'bytes=0-1,3-4',
      'items=0-1',
      'bytes=a-b',
      'x'.repeat(5000),
    ]) {
      const answer = await fetchMedia({ range })
      await answer.arrayBuffer()
      expect([range.slice(0, 20), answer.status]).toEqual([range.slice(0, 20), 200])
    }
    for (const range of [`bytes=${bytes.length}-`, 'bytes=999999999999-', 'bytes=-0']) {
      const answer = await fetchMedia({ range })
      expect([range, answer.status]).toEqual([range, 416])
      expect(answer.headers.get('content-range')).toBe(`bytes */${bytes.length}`)
    }
  })

  it('heeds conditions and HEAD', async () => {
    const head = await fetchMedia({}, 'HEAD')
    expect(head.status).toBe(200)
    expect(head.headers.get('content-length')).toBe(String(bytes.length))
    expect(head.headers.get('content-type')).toBe('video/mp4')
    expect(head.headers.get('accept-ranges')).toBe('bytes')
    expect(head.headers.get('x-content-type-options')).toBe('nosniff')
    const etag = head.headers.get('etag') ?? ''
    expect((await fetchMedia({ 'if-none-match': `"x", ${etag}` })).status).toBe(304)
    const part = await fetchMedia({ range: 'bytes=0-3', 'if-range': etag })
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 4])
    const whole = await fetchMedia({ range: 'bytes=0-3', 'if-range': '"other"' })
    expect([whole.status, (await whole.arrayBuffer()).byteLength]).toEqual([200, bytes.length])
  })

  it('closes its files when a client leaves', async () => {
    const openFiles = (): number =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).endsWith('video.mp4')
        } catch {
          return false
        }
      }).length
    for (let i = 0; i < 20; i++)
      await new Promise<void>((resolve) => {
        const request = httpRequest(app.base + media(), (response) => {
          response.once('data', () => {
            request.destroy()
            resolve()
          })
        })
        request.end()
      })
    for (let i = 0; i < 50 && openFiles() > 0; i++) await sleep(50)
    expect(openFiles()).toBe(0)
  })

  it('gives playlists whose relative addresses work', async () => {
    const master = await (await fetch(`${app.base}/play/videos/${id}/master.m3u8`)).text()
    expect(master).toMatch(
      /#EXT-X-STREAM-INF:BANDWIDTH=\d+,CODECS="avc1\.[0-9a-f]+,mp4a\.40\.2",RESOLUTION=320x180\nmedia\.m3u8/,
    )
    const answer = await fetch(`${app.base}/play/videos/${id}/media.m3u8`)
    expect(answer.headers.get('content-type')).toBe('application/vnd.apple.mpegurl')
    const text = await answer.text()
    const ranges = [...text.matchAll(/BYTERANGE[:=]"?(\d+)@(\d+)/g)].map((m) => [Number(m[2]), Number(m[1])])
    let expected = 0
    for (const [offset, length] of ranges as [number, number][]) {
      expect(offset).toBe(expected)
      expected = offset + length
    }
    expect(expected).toBeLessThanOrEqual(bytes.length)
    expect(bytes.toString('latin1', ranges[1]?.[0] ?? 0, (ranges[1]?.[0] ?? 0) + 8)).toContain('moof')
  })

  it('asks for a proof where a video is not public, and ends what was handed out', async () => {
    const plain = `/play/videos/${id}/`
    const files = ['master.m3u8', 'media.m3u8', 'video.mp4']
    const statuses = (prefix: string) => Promise.all(files.map((file) => show(prefix + file)))
    expect(await statuses(plain)).toEqual([200, 200, 200])

    const unlisted = (await setVisibility('unlisted')).play?.hls.replace('master.m3u8', '') ?? ''
    expect(unlisted).toMatch(/^\/play\/s\/\d+\.[\w-]{22}\/videos\//)
    expect(await statuses(plain)).toEqual([404, 404, 404])
    expect(await statuses(unlisted)).toEqual([200, 200, 200])
    const [, grant = ''] = /\/s\/([^/]+)\//.exec(unlisted) ?? []
    const [expires = '', signature = ''] = grant.split('.')
    const forged = [
      `${Number(expires) + 3600}.${signature}`,
      `${expires}.${signature.slice(0, -1)}${signature.endsWith('A') ? 'B' : 'A'}`,
      `${expires}.`,
      `${expires}.${'A'.repeat(22)}`,
      `0${expires}x.${signature}`,
    ]
    for (const wrong of forged) expect(await show(`/play/s/${wrong}/videos/${id}/video.mp4`)).toBe(404)
    const other = await app.upload(ann, clip('silent.mp4'), { visibility: 'unlisted' })
    await app.settled(ann, other)
    expect(await show(`/play/s/${grant}/videos/${other}/video.mp4`)).toBe(404)

    const own = (await setVisibility('private')).play?.hls.replace('master.m3u8', '') ?? ''
    expect(await statuses(unlisted)).toEqual([404, 404, 404])
    expect(await statuses(own)).toEqual([200, 200, 200])
    clock.advance(8 * 3600_000)
    expect(await statuses(own)).toEqual([404, 404, 404])
    clock.advance(-8 * 3600_000)
    await setVisibility('public')
    expect(await statuses(plain)).toEqual([200, 200, 200])
    await app.call('DELETE', `/api/v1/videos/${id}`, { by: ann })
    expect(await statuses(plain)).toEqual([404, 404, 404])
    await app.call('POST', `/api/v1/videos/${id}/restore`, { by: ann })
    expect(await statuses(plain)).toEqual([200, 200, 200])
  })

  it('makes no path of a hostile address', async () => {
    const names = [
      '..%2f..%2f..%2fcanary.mp4',
      '%2e%2e%2fcanary.mp4',
      '..%5ccanary.mp4',
      '%2e%2e',
      'canary.mp4',
      'video.mp4%00.jpg',
      'video.mp4%2f..',
      'b0.mp4',
      '.hidden',
      'constructor',
    ]
    for (const name of names) {
      expect([name, await show(`/play/videos/${id}/${name}`)]).toEqual([name, 404])
      expect([name, await show(`/play/videos/${name}/video.mp4`)]).toEqual([name, 404])
      expect([name, await show(`/play/images/covers/${name}`)]).toEqual([name, 404])
      expect([name, await show(`/play/images/${name}/aaaaaaaaaaaa.jpg`)]).toEqual([name, 404])
    }
    // As a client that does not tidy its paths would send them.
    for (const path of [
      '/play/videos/../../canary.mp4',
      `/play/videos/${id}/../../../canary.mp4`,
      '/play/%',
    ]) {
      const answer = await raw(path)
      expect(answer).toMatch(/^HTTP\/1\.1 40[04] /)
      expect(answer).not.toContain('CANARY')
    }
  })

  const raw = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(app.base)
      const socket = connect(Number(port), hostname)
      let text = ''
      socket.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)))
      socket.on('end', () => resolve(text)).on('error', reject)
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    })

  it('plays a recording where ingest wrote it', async () => {
    const sessionId = `session-${engine.name}`
    const directory = join(app.config.recordingsDir, sessionId)
    mkdirSync(directory, { recursive: true })
    // An upload's own file is fragments with their init, as a bundle is.
    const text = await (await fetch(`${app.base}/play/videos/${id}/media.m3u8`)).text()
    const ranges = [...text.matchAll(/BYTERANGE[:=]"?(\d+)@(\d+)/g)].map((m) => ({
      l: Number(m[1]),
      o: Number(m[2]),
    }))
    writeFileSync(join(directory, 'b1.mp4'), bytes)
    const startedMs = clock.now()
    const [init, ...parts] = ranges
    const lines = [
      { t: 'open', v: 1, sessionId, roomId: 'room', startedAtMs: startedMs },
      { t: 'init', n: 1, b: 1, ...init, tracks: [] },
      ...parts.map((part, i) => ({
        t: 'part',
        s: i,
        p: 0,
        i: 1,
        b: 1,
        ...part,
        d: 3000,
        m: i * 3000,
        pdt: startedMs + i * 3000,
        k: 1,
      })),
      { t: 'end', atMs: startedMs + 6000 },
    ]
    writeFileSync(
      join(directory, 'journal.jsonl'),
      lines.map((line) => JSON.stringify(line)).join('\n') + '\n',
    )

    const { service, db } = app
    const replay = await db.transaction(async (trx) => {
      const made = await service.createReplay(trx, {
        ownerId: ann.id,
        roomTitle: '晚上好',
        category: 'game',
        sessionId,
        visibility: 'public',
        startedMs,
        danmaku: 7,
      })
      expect(made.state).toBe('processing')
      await service.updateReplay(trx, sessionId, {
        durationMs: 6000,
        sizeBytes: bytes.length,
        width: 320,
        height: 180,
      })
      return made
    })
    expect(await service.findReplay(sessionId)).toMatchObject({ videoId: replay.videoId, state: 'ready' })
    const { data } = await app.call<Video>('GET', `/api/v1/videos/${replay.videoId}`)
    expect(data).toMatchObject({
      title: '晚上好',
      live_session_id: sessionId,
      duration: 6,
      counts: { danmaku: 7 },
    })
    const base = `/play/videos/${replay.videoId}`
    expect(await show(`${base}/master.m3u8`)).toBe(200)
    const playlist = await (await fetch(`${app.base}${base}/media.m3u8`)).text()
    expect(playlist).toContain('#EXT-X-ENDLIST')
    expect(playlist).toContain('\nb1.mp4\n')
    const bundle = await fetch(`${app.base}${base}/b1.mp4`, { headers: { range: 'bytes=0-99' } })
    expect(Buffer.from(await bundle.arrayBuffer()).equals(bytes.subarray(0, 100))).toBe(true)
    expect(await show(`${base}/journal.jsonl`)).toBe(404)
    expect(await show(`${base}/video.mp4`)).toBe(404)

    await service.setReplayCover(
      sessionId,
      await (
        await import('sharp')
      )
        .default({ create: { width: 640, height: 360, channels: 3, background: 'blue' } })
        .jpeg()
        .toBuffer(),
    )
    expect((await app.call<Video>('GET', `/api/v1/videos/${replay.videoId}`)).data.cover_url).toMatch(
      /^\/play\/images\//,
    )
    await app.call('DELETE', `/api/v1/videos/${replay.videoId}`, { by: ann })
    expect(await show(`${base}/b1.mp4`)).toBe(404)
    clock.advance(31 * 24 * 3600_000)
    await service.upkeep.run()
    expect(() => readFileSync(join(directory, 'b1.mp4'))).toThrow()
    clock.advance(-31 * 24 * 3600_000)
  })
})
