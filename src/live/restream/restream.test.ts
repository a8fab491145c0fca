/** Passing a stream on: a real server receives it, each destination fails alone, and no key ever comes out. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Destination } from '../../../contract/restream.ts'
import { createIngestLink } from '../../ingest/index.ts'
import { startIngest, until } from '../../ingest/testing/ingest-fixture.ts'
import type { IngestFixture } from '../../ingest/testing/ingest-fixture.ts'
import { createFlvReader } from '../../media/flv/tags.ts'
import { systemClock } from '../../platform/clock/clock.ts'
import { testDatabases } from '../../platform/db/testing.ts'
import { silentLog } from '../../platform/log/log.ts'
import { createLiveApp, createPlayedIngest } from '../live.fixture.ts'
import type { LiveApp, Person } from '../live.fixture.ts'
import { isPublicAddress, readTarget, resolveTarget } from './address.ts'
import { listParts } from './follow.ts'
import { waitAfter } from './keeper.ts'

const run = promisify(execFile)

describe('addresses of destinations', () => {
  it('are public ones', () => {
    for (const address of ['8.8.8.8', '1.1.1.1', '2606:4700::1111', '::ffff:8.8.8.8'])
      expect(isPublicAddress(address), address).toBe(true)
    for (const address of [
      ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'],
      ...['224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fc00::1', 'ff02::1', '::ffff:127.0.0.1'],
      ...['::ffff:7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::', '2001:db8::1', 'no address', ''],
    ])
      expect(isPublicAddress(address), address).toBe(false)
  })

  it('are RTMP applications without tricks', async () => {
    expect(readTarget('rtmps://live.example.com/app/')).toEqual({
      secure: true,
      host: 'live.example.com',
      port: 443,
      app: 'app',
      tcUrl: 'rtmps://live.example.com/app',
    })
    expect(readTarget('rtmp://[2606:4700::1]:1936/a/b')).toMatchObject({ host: '2606:4700::1', port: 1936 })
    for (const wrong of [
      'http://x.example/app',
      'rtmp://x.example',
      'rtmp://u:p@x.example/app',
      'rtmp:///app',
      'x',
    ])
      expect(readTarget(wrong), wrong).toBeUndefined()
    for (const host of ['localhost', '127.0.0.1', '::1'])
      await expect(resolveTarget(host, false), host).rejects.toMatchObject({ problem: 'address_refused' })
    expect(await resolveTarget('127.0.0.1', true)).toEqual(['127.0.0.1'])
  })

  it('wait longer with each failure, and never longer than a minute', () => {
    expect([1, 2, 3, 6, 50].map(waitAfter)).toEqual([2_000, 4_000, 8_000, 60_000, 60_000])
  })
})

describe('reading a session', () => {
  it('finds parts with the init that they need', () => {
    const playlist = [
      '#EXT-X-MAP:URI="init-0.mp4"',
      '#EXT-X-PART:DURATION=0.5,URI="p3.0.mp4",INDEPENDENT=YES',
      '#EXT-X-PART:DURATION=0.5,URI="p3.1.mp4"',
      '#EXTINF:1,',
      's3.mp4',
      '#EXT-X-DISCONTINUITY',
      '#EXT-X-MAP:URI="init-1.mp4"',
      '#EXT-X-PART:DURATION=0.5,URI="p4.0.mp4",INDEPENDENT=YES',
      '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p4.1.mp4"',
    ]
    expect(listParts(playlist.join('\n'))).toMatchObject([
      { init: 'init-0.mp4', name: 'p3.0.mp4', independent: true },
      { init: 'init-0.mp4', name: 'p3.1.mp4', independent: false },
      { init: 'init-1.mp4', name: 'p4.0.mp4', msn: 4, part: 0 },
    ])
  })

  it('cuts FLV into tags at any byte, and refuses what is none', () => {
    const tag = (type: number, ms: number, body: Buffer): Buffer => {
      const head = Buffer.alloc(11)
      head[0] = type
      head.writeUIntBE(body.length, 1, 3)
      head.writeUIntBE(ms & 0xffffff, 4, 3)
      head[7] = ms >>> 24
      return Buffer.concat([head, body, Buffer.alloc(4)])
    }
    const bodies = [randomBytes(5), randomBytes(70_000), Buffer.alloc(0)]
    const file = Buffer.concat([
      Buffer.from('FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00', 'latin1'),
      ...bodies.map((body, n) => tag(9, n * 20_000_000, body)),
    ])
    for (const step of [1, 7, 4096, file.length]) {
      const read = createFlvReader()
      const got = []
      for (let at = 0; at < file.length; at += step) got.push(...read(file.subarray(at, at + step)))
      expect(got.map(({ timestampMs }) => timestampMs)).toEqual([0, 20_000_000, 40_000_000])
      expect(got.every(({ body }, n) => body.equals(bodies[n] ?? Buffer.alloc(1)))).toBe(true)
    }
    expect(() => createFlvReader()(Buffer.from('not an FLV file at all'))).toThrow('not FLV')
  })
})

describe.each(testDatabases())('destinations on $name', ({ open }) => {
  const given = (url: string) => ({ name: 'there', url, stream_key: 'my-secret-key' })
  const path = '/me/room/destinations'

  it('refuse private addresses, never show a key, and ask for it again with another address', async () => {
    await using db = await open()
    const ingest = createPlayedIngest(systemClock)
    await using app = await createLiveApp({ db, openLink: ingest.openLink })
    const [owner, other] = [await app.signUp(), await app.signUp()]
    for (const url of [
      ...[
        'rtmp://127.0.0.1/app',
        'rtmp://localhost/app',
        'rtmp://[::1]/app',
        'rtmp://[::ffff:127.0.0.1]/app',
      ],
      ...['rtmp://169.254.169.254/app', 'rtmp://10.0.0.1/app', 'rtmp://0/app', 'rtmp://2130706433/app'],
      ...['http://8.8.8.8/app', 'rtmp://8.8.8.8'],
    ])
      expect((await app.call('POST', path, owner, given(url))).error, url).toBe('destination_refused')
    const { data: made } = await app.call<Destination>('POST', path, owner, given('rtmp://8.8.8.8/app'))
    expect(made).toMatchObject({ state: 'idle', enabled: true, url: 'rtmp://8.8.8.8/app' })
    const one = `${path}/${made.id}`
    expect((await app.call('PATCH', one, other, { name: 'x' })).status).toBe(404)
    expect((await app.call('DELETE', one, other)).status).toBe(404)
    expect((await app.call('PATCH', one, owner, { url: 'rtmp://9.9.9.9/app' })).error).toBe('params_missing')
    expect((await app.call('PATCH', one, owner, { url: 'rtmp://10.0.0.1/app' })).error).toBe(
      'destination_refused',
    )
    expect((await app.call('PATCH', one, owner, { enabled: false })).data).toMatchObject({ state: 'off' })
    const listed = await app.call('GET', path, owner)
    expect(JSON.stringify(listed.data)).not.toContain('my-secret-key')
    const rows = JSON.stringify(await db.selectFrom('destination').selectAll().execute())
    expect(rows).not.toContain('my-secret-key')
    await Promise.all(
      Array.from({ length: 8 }, () => app.call('POST', path, owner, given('rtmp://8.8.8.8/app'))),
    )
    expect((await app.call('POST', path, owner, given('rtmp://8.8.8.8/app'))).error).toBe('too_many')
    expect((await app.call<{ items: [] }>('GET', path, owner)).data.items.length).toBe(5)
  })
})

describe('a stream that is passed on', () => {
  let source: IngestFixture
  let target: IngestFixture
  beforeAll(async () => {
    const keys = new Map<string, string>()
    source = await startIngest()
    target = await startIngest({
      authorise: (key) => {
        keys.set(key, key)
        return key === 'far key'
          ? { ok: true, roomId: 'far', sessionId: 'far-session', record: false, recordingQuotaBytes: 0 }
          : { ok: false, reason: 'wrong' }
      },
    })
  }, 60_000)
  afterAll(async () => {
    await source[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
  })

  const [sqlite] = testDatabases()
  const destinationsOf = async (app: LiveApp, owner: Person) =>
    (await app.call<{ items: Destination[] }>('GET', '/me/room/destinations', owner)).data.items

  it('is received by a real server, whatever becomes of the other destinations, and starts again after a break', async () => {
    if (sqlite === undefined) throw new Error('no database')
    await using db = await sqlite.open()
    await source.link.close()
    await using app = await createLiveApp({
      db,
      hasFfmpeg: true,
      privateDestinations: true,
      openLink: (on) =>
        createIngestLink({ address: `${source.dir}/link.sock`, log: silentLog, clock: systemClock, ...on }),
    })
    const owner = await app.signUp()
    const add = async (name: string, url: string, key: string): Promise<string> =>
      (await app.call<Destination>('POST', '/me/room/destinations', owner, { name, url, stream_key: key }))
        .data.id
    // One that answers nothing that makes sense, one that is not there, one that refuses the key, and a good one.
    const silly = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\n\r\n'))
    await new Promise<void>((resolve) => silly.listen(0, '127.0.0.1', resolve))
    const sillyPort = (silly.address() as AddressInfo).port
    const ids = {
      silly: await add('silly', `rtmp://127.0.0.1:${sillyPort}/live`, 'k'),
      gone: await add('gone', 'rtmp://127.0.0.1:9/live', 'k'),
      refuses: await add('refuses', `rtmp://127.0.0.1:${target.rtmpPort}/live`, 'wrong key'),
      good: await add('good', `rtmp://127.0.0.1:${target.rtmpPort}/live`, 'far key'),
    }
    const { data } = await app.call<{ stream_key: string }>('POST', '/me/room/stream_key', owner)
    await until(async () => app.live.isIngestUp() || undefined)
    const publisher = source.publish({ key: data.stream_key, gop: 30 })
    const stateOf = async (id: string) => (await destinationsOf(app, owner)).find((one) => one.id === id)
    await until(async () => ((await stateOf(ids.good))?.state === 'live' ? true : undefined), 40_000)
    await until(() => target.events.find(({ type }) => type === 'started'), 20_000)
    // What arrived there can be played: the same codecs, moving on.
    const file = await target.link.keyframe('far-session')
    expect(file).toBeDefined()
    const before = target.link.publications().find(({ sessionId }) => sessionId === 'far-session')
    expect(before?.state).toBe('live')
    const health = await until(
      () =>
        target.events.findLast((event) => event.type === 'health' && event.health.audio !== null) as
          { health: { video: { codec: string; width: number } } } | undefined,
    )
    expect(health.health).toMatchObject({ video: { width: 320 }, audio: { sampleRate: 48_000 } })
    // No argument of any process names a key.
    const { stdout } = await run('ps', ['-eo', 'args'])
    expect(stdout).not.toContain('far key')
    expect(await stateOf(ids.silly)).toMatchObject({ state: 'retrying', problem: 'refused' })
    expect(await stateOf(ids.gone)).toMatchObject({ state: 'retrying', problem: 'unreachable' })
    expect(await stateOf(ids.refuses)).toMatchObject({ state: 'retrying', problem: 'refused' })
    expect((await stateOf(ids.gone))?.failures).toBeGreaterThanOrEqual(1)

    // The far server dies: its creator sees it, and it is sent to again when it is back.
    await target.kill('SIGKILL')
    await until(async () => ((await stateOf(ids.good))?.state === 'retrying' ? true : undefined), 20_000)
    expect((await stateOf(ids.good))?.problem).toMatch(/closed|unreachable/)
    const heard = target.events.length
    await target.start()
    await until(async () => ((await stateOf(ids.good))?.state === 'live' ? true : undefined), 40_000)
    await until(
      () => target.events.slice(heard).find(({ type }) => type === 'started' || type === 'resumed'),
      20_000,
    )
    // Switched off: it stops within seconds, and the far server hears a goodbye.
    await app.call('PATCH', `/me/room/destinations/${ids.good}`, owner, { enabled: false })
    await until(() => target.events.slice(heard).find(({ type }) => type === 'stopped'), 20_000)
    expect(await stateOf(ids.good)).toMatchObject({ state: 'off' })
    await publisher.stop()
    silly.close()
  }, 180_000)
})
