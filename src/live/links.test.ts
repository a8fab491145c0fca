/** What a room is connected to, over HTTP: the profile for OBS and the secret address of the overlay. */
import { describe, expect, it } from 'vitest'
import { systemClock } from '../platform/clock/clock.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { createLiveApp, createPlayedIngest } from './live.fixture.ts'
import type { LiveApp, Person } from './live.fixture.ts'

const kitOf = async (app: LiveApp, who: Person | undefined, rotate: string): Promise<Response> =>
  fetch(`${app.base}/api/v1/me/room/obs_kit?rotate=${rotate}`, {
    method: 'POST',
    ...(who && { headers: { authorization: `Bearer ${who.token}` } }),
  })

/** The files of a zip whose entries are stored as they are, by their central directory (APPNOTE 4.3.12). */
const unzip = (zip: Buffer): Map<string, string> => {
  const files = new Map<string, string>()
  for (let at = zip.indexOf('PK\x01\x02', 'latin1'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 4, 'latin1')) {
    expect(zip.readUInt16LE(at + 10)).toBe(0)
    const size = zip.readUInt32LE(at + 24)
    const nameLength = zip.readUInt16LE(at + 28)
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    const local = zip.readUInt32LE(at + 42)
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    files.set(name, zip.toString('utf8', from, from + size))
  }
  return files
}

describe.each(testDatabases())('a room and OBS on $name', ({ open }) => {
  it('are set up by a profile: server, two seconds between keyframes, and a fresh key only when asked for', async () => {
    await using db = await open()
    const ingest = createPlayedIngest(systemClock)
    await using app = await createLiveApp({ db, openLink: ingest.openLink })
    const owner = await app.signUp()
    expect((await kitOf(app, undefined, 'false')).status).toBe(401)
    expect((await kitOf(app, owner, 'maybe')).status).toBe(400)
    const { data } = await app.call<{ stream_key: string }>('POST', '/me/room/stream_key', owner)

    const plain = await kitOf(app, owner, 'false')
    expect(plain.headers.get('content-type')).toBe('application/zip')
    expect(plain.headers.get('cache-control')).toBe('no-store')
    const files = unzip(Buffer.from(await plain.arrayBuffer()))
    expect([...files.keys()]).toEqual([
      'Vireo/basic.ini',
      'Vireo/service.json',
      'Vireo/streamEncoder.json',
      'README.txt',
    ])
    const service = JSON.parse(files.get('Vireo/service.json') ?? '') as { settings: Record<string, string> }
    expect(service).toMatchObject({ type: 'rtmp_custom', settings: { key: 'PASTE-YOUR-STREAM-KEY' } })
    expect(service.settings['server']).toMatch(/^rtmp:\/\/127\.0\.0\.1\/live$/)
    expect(JSON.parse(files.get('Vireo/streamEncoder.json') ?? '')).toMatchObject({ keyint_sec: 2 })
    expect(files.get('Vireo/basic.ini')).toContain('[General]\nName=Vireo\n')
    // The key that there was goes on working.
    expect(await ingest.authorise(data.stream_key)).toMatchObject({ ok: true })

    const fresh = unzip(Buffer.from(await (await kitOf(app, owner, 'true')).arrayBuffer()))
    const { settings } = JSON.parse(fresh.get('Vireo/service.json') ?? '') as typeof service
    expect(await ingest.authorise(settings['key'] ?? '')).toMatchObject({ ok: true })
    expect(await ingest.authorise(data.stream_key)).toMatchObject({ ok: false })
  })

  it('share an overlay whose address is secret and can be renewed', async () => {
    await using db = await open()
    const ingest = createPlayedIngest(systemClock)
    await using app = await createLiveApp({ db, openLink: ingest.openLink })
    const [owner, other] = [await app.signUp(), await app.signUp()]
    const path = '/me/room/overlay'
    expect((await app.call(`GET`, path, owner)).data).toEqual({ path: null })
    const made = await app.call<{ path: string }>('POST', path, owner)
    expect(made.data.path).toMatch(/^\/overlay#[\w-]{32}$/)
    expect((await app.call('GET', path, owner)).data).toEqual(made.data)
    expect((await app.call('GET', path, other)).data).toEqual({ path: null })
    const secretOf = ({ path: given }: { path: string }) => given.split('#')[1]
    const show = (secret: string | undefined) => app.call('POST', '/overlay', undefined, { secret })
    expect((await show(secretOf(made.data))).data).toEqual({ room_id: owner.roomId })
    const renewed = await app.call<{ path: string }>('POST', path, owner)
    expect((await show(secretOf(made.data))).status).toBe(404)
    expect((await show(secretOf(renewed.data))).status).toBe(200)
    expect((await show('x')).status).toBe(400)
    const rows = JSON.stringify(await db.selectFrom('room_overlay').selectAll().execute())
    expect(rows).not.toContain(secretOf(renewed.data))
  })
})
