/** Uploads by tus: cut and resumed, hostile, foreign, too large; and what a kill leaves. */
import { readFileSync } from 'node:fs'
import { appendFile, readdir, stat } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Upload } from 'tus-js-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OwnVideo } from '../../contract/video.ts'
import { clip } from '../../tests/fixtures/clips.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { createVideoTestApp, encodeMetadata } from './testing.ts'
import type { Person, VideoTestApp } from './testing.ts'

const tus = { 'tus-resumable': '1.0.0' }

describe.each(testDatabases())('uploads on $name', (engine) => {
  let app: VideoTestApp
  let ann: Person
  let eve: Person
  beforeAll(async () => {
    app = await createVideoTestApp(engine, {
      environment: { VIREO_USER_QUOTA: '8M', VIREO_UPLOAD_MAX: '4M' },
    })
    ann = await app.signUp()
    eve = await app.signUp()
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const usedBy = async (by: Person): Promise<number> =>
    (await app.call<{ used_bytes: number }>('GET', '/api/v1/me/storage', { by })).data.used_bytes
  const offsetOf = async (by: Person, location: string): Promise<number> => {
    const head = await app.call('HEAD', location, { by, headers: tus })
    return Number(head.headers.get('upload-offset'))
  }

  it('takes a file from tus-js-client in pieces', async () => {
    const bytes = readFileSync(clip('plain.mp4'))
    const by = await app.signUp()
    let videoId = ''
    await new Promise<void>((resolve, reject) => {
      new Upload(bytes, {
        endpoint: `${app.base}/api/v1/uploads`,
        chunkSize: 50_000,
        metadata: { filename: '我的猫.mp4', category: 'animal', visibility: 'unlisted' },
        headers: { authorization: `Bearer ${by.token}` },
        onAfterResponse: (_request, response) => {
          videoId ||= response.getHeader('Vireo-Video-Id') ?? ''
        },
        onSuccess: () => resolve(),
        onError: reject,
      }).start()
    })
    const video = await app.settled(by, videoId)
    expect(video).toMatchObject({
      title: '我的猫',
      category: 'animal',
      visibility: 'unlisted',
      state: 'ready',
      publish_time: null,
    })
  })

  it('goes on after a cut, without a byte twice', async () => {
    const bytes = readFileSync(clip('plain.mp4'))
    const started = await app.startUpload(ann, bytes.length)
    expect(started.status).toBe(201)
    expect(started.location).toMatch(/^\/api\/v1\/uploads\/[\w-]{32}$/)
    await cutOff(started.location, bytes, 70_000)
    let offset = 0
    for (let i = 0; i < 50 && offset === 0; i++) {
      await sleep(50)
      offset = await offsetOf(ann, started.location)
    }
    expect(offset).toBeGreaterThan(0)
    expect(offset).toBeLessThanOrEqual(70_000)
    const job = await app.call('GET', `/api/v1/videos/${started.videoId}/job`, { by: ann })
    expect(job.data).toMatchObject({ state: 'running', step: 'uploading' })

    const wrong = await app.patch(ann, started.location, offset + 1, bytes.subarray(offset + 1))
    expect([wrong.status, wrong.error]).toEqual([409, 'conflict'])
    expect((await app.patch(ann, started.location, offset, bytes.subarray(offset))).status).toBe(204)
    expect((await app.settled(ann, started.videoId)).state).toBe('ready')
  })

  const cutOff = (location: string, bytes: Buffer, at: number): Promise<void> =>
    new Promise((resolve) => {
      const request = httpRequest(app.base + location, {
        method: 'PATCH',
        headers: {
          ...tus,
          authorization: `Bearer ${ann.token}`,
          'upload-offset': '0',
          'content-type': 'application/offset+octet-stream',
          'content-length': String(bytes.length),
        },
      })
      request.on('error', () => undefined)
      request.write(bytes.subarray(0, at), () => {
        setTimeout(() => {
          request.destroy()
          resolve()
        }, 200)
      })
    })

  it('fills a draft once; what comes after takes its place', async () => {
    const draft = await app.call<OwnVideo>('POST', '/api/v1/videos', {
      by: ann,
      json: { title: '草稿', tags: ['猫'] },
    })
    const size = (await stat(clip('silent.mp4'))).size
    const started = await app.startUpload(ann, size, { video: draft.data.id })
    expect(started.videoId).toBe(draft.data.id)
    expect((await app.startUpload(ann, size, { video: draft.data.id })).error).toBe('conflict')
    expect((await app.startUpload(eve, size, { video: draft.data.id })).error).toBe('not_found')
    await app.patch(ann, started.location, 0, readFileSync(clip('silent.mp4')))
    const video = await app.settled(ann, draft.data.id)
    expect(video).toMatchObject({ title: '草稿', tags: ['猫'], state: 'ready' })
    expect((await app.startUpload(eve, size, { video: draft.data.id })).error).toBe('not_found')
    expect((await app.startUpload(ann, size, { video: draft.data.id })).videoId).toBe(draft.data.id)
    expect((await app.startUpload(ann, size, { video: draft.data.id })).error).toBe('conflict')
  })

  it('is its owner’s alone', async () => {
    const { location } = await app.startUpload(ann, 1000)
    const before = await offsetOf(ann, location)
    for (const by of [undefined, eve]) {
      const status = by ? 404 : 401
      const given = { ...(by && { by }), headers: tus }
      expect((await app.call('HEAD', location, given)).status).toBe(status)
      expect((await app.patch(by, location, 0, Buffer.alloc(10))).status).toBe(status)
      expect((await app.call('DELETE', location, given)).status).toBe(status)
    }
    expect((await app.startUpload(undefined, 10)).status).toBe(401)
    expect(await offsetOf(ann, location)).toBe(before)
    expect((await app.call('DELETE', location, { by: ann, headers: tus })).status).toBe(204)
    expect((await app.call('HEAD', location, { by: ann, headers: tus })).status).toBe(404)
  })

  it('holds the bounds of size and quota, and gives back what is not used', async () => {
    const ben = await app.signUp()
    expect(await app.startUpload(ben, 5_000_000)).toMatchObject({ status: 413, error: 'body_too_large' })
    const first = await app.startUpload(ben, 4_000_000)
    const second = await app.startUpload(ben, 4_000_000)
    expect([first.status, second.status]).toEqual([201, 201])
    expect(await app.startUpload(ben, 4_000_000)).toMatchObject({ status: 507, error: 'quota_exceeded' })
    expect(await usedBy(ben)).toBe(8_000_000)
    const many = await Promise.all(Array.from({ length: 10 }, () => app.startUpload(ben, 200_000)))
    expect(many.filter((answer) => answer.status === 201)).toHaveLength(1)

    // More bytes than were declared.
    const tooMuch = await app.patch(ben, first.location, 0, Buffer.alloc(4_000_001))
    expect(tooMuch).toMatchObject({ status: 413, error: 'body_too_large' })
    await app.call('DELETE', first.location, { by: ben, headers: tus })
    await app.call('DELETE', second.location, { by: ben, headers: tus })
    expect(await usedBy(ben)).toBe(200_000)
    const mine = await app.call<{ items: OwnVideo[] }>('GET', '/api/v1/me/videos', { by: ben })
    expect(mine.data.items).toHaveLength(1)
  })

  it('bounds how many are under way', async () => {
    const kim = await app.signUp()
    const answers = await Promise.all(Array.from({ length: 25 }, () => app.startUpload(kim, 10)))
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(20)
    expect(answers.find((answer) => answer.status !== 201)).toMatchObject({ error: 'rate_limited' })
  })

  it('refuses bad words about an upload, never with 500', async () => {
    const base64 = (bytes: string) => Buffer.from(bytes, 'latin1').toString('base64')
    const metadata = [
      'title !!!',
      `title ${base64('\xff\xfe')}`,
      `title ${base64('a')},title ${base64('b')}`,
      `category ${base64('nonsense')}`,
      `visibility ${base64('secret')}`,
      `video ${base64('../../etc/passwd')}`,
      `video ${base64('nobody')}`,
      `title ${base64('a')} ${base64('b')}`,
      'x'.repeat(9000),
    ]
    for (const value of metadata) {
      const answer = await app.startUpload(ann, 10, {}, { 'upload-metadata': value })
      expect([value.slice(0, 40), answer.status]).toEqual([
        value.slice(0, 40),
        value.includes(base64('nobody')) ? 404 : 400,
      ])
      expect(answer.error).toBeDefined()
    }
    for (const size of ['-1', '1.5', 'abc', '', '99999999999999999999', '0x10'])
      expect((await app.startUpload(ann, size)).status).toBe(400)
    expect((await app.startUpload(ann, 10, {}, { 'tus-resumable': '0.2.0' })).status).toBe(400)
    expect((await app.startUpload(ann, 10, {}, { 'upload-concat': 'partial' })).status).toBe(400)
  })

  it('makes no path of what a client says', async () => {
    const names = ['../../../canary.mp4', '/etc/passwd', 'a\0b.mp4', '..\\..\\x.mp4', '<script>.mp4']
    for (const filename of names) expect((await app.startUpload(ann, 10, { filename })).status).toBe(201)
    for (const name of await readdir(join(app.directory, 'uploads'))) expect(name).toMatch(/^[\w-]{32}$/)
    for (const id of ['..%2f..%2fvireo.db', '%2e%2e', '%00', 'x', '..%5c..%5cx', '__proto__'])
      expect((await app.call('HEAD', `/api/v1/uploads/${id}`, { by: ann, headers: tus })).status).toBe(404)
  })

  it('mends what a kill between the last byte and its bookkeeping left', async () => {
    const bytes = readFileSync(clip('silent.mp4'))
    for (const mend of ['head', 'sweep']) {
      const by = await app.signUp()
      const { location, videoId } = await app.startUpload(by, bytes.length)
      await appendFile(join(app.directory, 'uploads', location.split('/').at(-1) ?? ''), bytes)
      if (mend === 'head') expect(await offsetOf(by, location)).toBe(bytes.length)
      else await app.service.upkeep.run()
      expect((await app.settled(by, videoId)).state).toBe('ready')
    }
  })

  it('answers for OPTIONS', async () => {
    const answer = await app.call('OPTIONS', '/api/v1/uploads')
    expect(answer.status).toBe(204)
    expect(answer.headers.get('tus-max-size')).toBe(String(4 * 1024 * 1024))
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe.each(testDatabases())('uploads and time on $name', (engine) => {
  it('drops what is not finished in a day, and its video with it', async () => {
    const clock = createManualClock(Date.now())
    await using app = await createVideoTestApp(engine, { clock })
    const ann = await app.signUp()
    const { location } = await app.startUpload(ann, 1000)
    const draft = await app.call<OwnVideo>('POST', '/api/v1/videos', { by: ann, json: { title: 'kept' } })
    await app.startUpload(ann, 500, { video: draft.data.id })
    clock.advance(25 * 3600_000)
    await app.service.upkeep.run()
    const again = await app.users.row(ann.id)
    expect(again).toBeDefined()
    expect((await app.service.storageOf(ann.id)).used_bytes).toBe(0)
    expect(await readdir(join(app.directory, 'uploads'))).toEqual([])
    const rows = await app.db.selectFrom('video').select('title').execute()
    expect(rows).toEqual([{ title: 'kept' }])
    expect(location).not.toBe('')
  })

  it('refuses before the disk is full', async () => {
    await using app = await createVideoTestApp(engine, { environment: { VIREO_DISK_RESERVE: '900T' } })
    const ann = await app.signUp()
    const answer = await app.startUpload(ann, 10, { filename: encodeMetadata({ a: 'b' }) })
    expect(answer).toMatchObject({ status: 507, error: 'storage_full' })
    expect((await app.call('GET', '/api/v1/me/videos', { by: ann })).data).toMatchObject({ items: [] })
  })
})
