/** The routes of rooms: what they answer, to whom, and by which index. */
import { sql } from 'kysely'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Danmaku } from '../../contract/danmaku.ts'
import { room as roomSchema } from '../../contract/live.ts'
import type { OwnRoom, Room } from '../../contract/live.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import type { Db } from '../platform/db/db.ts'
import { publicId, sortableId } from '../platform/ids/ids.ts'
import { createLiveApp, createPlayedIngest } from './live.fixture.ts'
import type { LiveApp, Person } from './live.fixture.ts'
import { inSession } from './playback.ts'
import { rtmpServer } from './server-address.ts'
import * as store from './store.ts'
import type { SessionRow } from './store.ts'

const setUp = async (db: Db) => {
  const ingest = createPlayedIngest(systemClock)
  const app = await createLiveApp({ db, openLink: ingest.openLink })
  const goLive = async (owner: Person): Promise<string> => {
    const { data } = await app.call<{ stream_key: string }>('POST', '/me/room/stream_key', owner)
    const answer = await ingest.authorise(data.stream_key)
    if (!answer.ok) throw new Error(answer.reason)
    await ingest.tell(answer.sessionId, 'started')
    return answer.sessionId
  }
  return { app, ingest, goLive }
}

const say = async (app: LiveApp, owner: Person, writer: Person, text: string): Promise<string> => {
  using socket = await app.join(owner.roomId, writer)
  socket.say({ type: 'danmaku', text })
  return (await socket.next('danmaku')).id
}

const onAirRow = (viewers: number, category: string, nowMs: number): SessionRow => {
  const userId = sortableId(nowMs)
  return {
    id: publicId(),
    sort_key: sortableId(nowMs),
    user_id: userId,
    room_id: publicId(),
    title: 't',
    category,
    replay: 'none',
    state: 'live',
    on_air: 1,
    running_key: userId,
    recorded: 0,
    created_ms: nowMs,
    started_ms: nowMs,
    left_ms: null,
    ended_ms: null,
    media_ms: 0,
    viewers,
    peak_viewers: viewers,
    video_id: null,
    cover_key: null,
    recording_due_ms: null,
  }
}

describe.each(testDatabases())('rooms on $name', ({ open }) => {
  it('exist from registration on, and are changed by their owner', async () => {
    await using db = await open()
    const { app, goLive } = await setUp(db)
    await using _app = app
    const owner = await app.signUp()
    const path = `/live/${owner.roomId}`
    const first = await app.call<Room>('GET', path)
    expect(first).toMatchObject({ status: 200, data: { state: 'idle', play: null, last_session: null } })
    expect(roomSchema.parse(first.data)).toEqual(first.data)
    expect(await db.selectFrom('room').selectAll().execute()).toEqual([])
    expect((await app.call('GET', '/live/nosuch')).status).toBe(404)
    const change = { title: ' 新\u202e标题 ', category: 'game', announcement: 'a\nb', replay: 'public' }
    expect((await app.call<OwnRoom>('PATCH', '/me/room', owner, change)).data).toMatchObject({
      title: '新标题',
      category: 'game',
      announcement: 'a\nb',
      replay: 'public',
      has_stream_key: false,
    })
    for (const bad of [
      { title: '' },
      { category: 'x' },
      { state: 'live' },
      { stream_key: 'x' },
      { replay: 'x' },
    ])
      expect([bad, (await app.call('PATCH', '/me/room', owner, bad)).status]).toEqual([bad, 400])
    const key = await app.call<{ server: string; stream_key: string }>('POST', '/me/room/stream_key', owner)
    expect(key.data).toEqual({
      server: 'rtmp://127.0.0.1/live',
      stream_key: expect.stringMatching(/^[\w-]{32}$/) as string,
    })
    const mine = await app.call('GET', '/me/room', owner)
    expect(JSON.stringify(mine)).not.toContain(key.data.stream_key)
    expect(mine.data).toMatchObject({ has_stream_key: true, health: null })
    // A running session follows what its room is called.
    await goLive(owner)
    await app.call('PATCH', '/me/room', owner, { category: 'music' })
    expect((await app.call<{ items: Room[] }>('GET', '/live?category=music')).data.items).toHaveLength(1)
    expect((await app.call<{ items: Room[] }>('GET', '/live?category=game')).data.items).toHaveLength(0)
  })

  it('take a cover, re-encoded', async () => {
    await using db = await open()
    const { app } = await setUp(db)
    await using _app = app
    const owner = await app.signUp()
    const post = async (bytes: Buffer) => {
      const form = new FormData()
      form.set('file', new Blob([new Uint8Array(bytes)]), 'x.png')
      const headers = { authorization: `Bearer ${owner.token}` }
      const answer = await fetch(`${app.base}/api/v1/me/room/cover`, { method: 'POST', headers, body: form })
      return { status: answer.status, body: (await answer.json()) as { data: OwnRoom } }
    }
    const png = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#123456' } })
      .png()
      .toBuffer()
    const done = await post(png)
    expect(done.status).toBe(200)
    const shown = await fetch(`${app.base}${done.body.data.cover_url}`)
    expect(shown.headers.get('content-type')).toBe('image/jpeg')
    const again = await post(png)
    expect(again.body.data.cover_url).not.toBe(done.body.data.cover_url)
    expect((await post(Buffer.from('<svg/>'))).status).toBe(400)
  })

  it('answer each caller what is theirs to ask, and nothing else changes', async () => {
    await using db = await open()
    const { app, goLive } = await setUp(db)
    await using _app = app
    const [owner, other, writer, moderator, admin] = await Promise.all([
      app.signUp(),
      app.signUp(),
      app.signUp(),
      app.signUp('moderator'),
      app.signUp('admin'),
    ])
    await goLive(owner)
    const room = `/live/${owner.roomId}`
    const mute = `${room}/mutes/${writer.userId}`
    const anyone = { anonymous: undefined, owner, other, moderator, admin }
    const expected = { anonymous: 401, owner: 200, other: 403, moderator: 200, admin: 200 }
    const table: [string, string, unknown, Record<keyof typeof anyone, number>][] = [
      ['GET', room, undefined, { anonymous: 200, owner: 200, other: 200, moderator: 200, admin: 200 }],
      [
        'GET',
        `${room}/danmaku`,
        undefined,
        { anonymous: 200, owner: 200, other: 200, moderator: 200, admin: 200 },
      ],
      ['GET', '/me/room', undefined, { anonymous: 401, owner: 200, other: 200, moderator: 200, admin: 200 }],
      [
        'POST',
        '/socket_ticket',
        undefined,
        { anonymous: 401, owner: 200, other: 200, moderator: 200, admin: 200 },
      ],
      ['PUT', mute, {}, expected],
      ['GET', `${room}/mutes`, undefined, expected],
      ['DELETE', mute, undefined, expected],
      [
        'PUT',
        `/live/nosuch/mutes/${writer.userId}`,
        {},
        { anonymous: 401, owner: 404, other: 404, moderator: 404, admin: 404 },
      ],
      [
        'PUT',
        `${room}/mutes/nosuch`,
        {},
        { anonymous: 401, owner: 404, other: 403, moderator: 404, admin: 404 },
      ],
      [
        'PUT',
        `${room}/mutes/${owner.userId}`,
        {},
        { anonymous: 401, owner: 403, other: 403, moderator: 403, admin: 403 },
      ],
      [
        'PUT',
        `${room}/mutes/${admin.userId}`,
        {},
        { anonymous: 401, owner: 403, other: 403, moderator: 403, admin: 403 },
      ],
      [
        'DELETE',
        '/danmaku/nosuch',
        undefined,
        { anonymous: 401, owner: 404, other: 404, moderator: 404, admin: 404 },
      ],
      ['POST', '/me/room/end', {}, { anonymous: 401, other: 409, moderator: 409, admin: 409, owner: 200 }],
    ]
    for (const [method, path, json, wanted] of table) {
      for (const [who, status] of Object.entries(wanted)) {
        const answer = await app.call(method, path, anyone[who as keyof typeof anyone], json)
        expect([method, path, who, answer.status]).toEqual([method, path, who, status])
      }
    }
    expect(await db.selectFrom('room_mute').selectAll().execute()).toEqual([])
  })

  it('have danmaku that their writer, the owner and moderators may delete', async () => {
    await using db = await open()
    const { app, goLive } = await setUp(db)
    await using _app = app
    const [owner, other, moderator] = await Promise.all([app.signUp(), app.signUp(), app.signUp('moderator')])
    await goLive(owner)
    for (const may of [owner, moderator, undefined]) {
      const writer = await app.signUp()
      const id = await say(app, owner, writer, 'x')
      expect(await app.call('DELETE', `/danmaku/${id}`, other)).toMatchObject({ status: 403 })
      expect(await app.call('DELETE', `/danmaku/${id}`)).toMatchObject({ status: 401 })
      const list = () => app.call<{ items: Danmaku[] }>('GET', `/live/${owner.roomId}/danmaku`)
      expect((await list()).data.items.map((item) => item.id)).toEqual([id])
      expect(await app.call('DELETE', `/danmaku/${id}`, may ?? writer)).toMatchObject({ status: 200 })
      expect((await list()).data.items).toEqual([])
      expect(await app.call('DELETE', `/danmaku/${id}`, may ?? writer)).toMatchObject({ status: 404 })
    }
  })

  it('are listed by viewers or age, page by page, each once and by an index', async () => {
    await using db = await open()
    const { app } = await setUp(db)
    await using _app = app
    const people = await Promise.all(Array.from({ length: 7 }, () => app.signUp()))
    for (const [n, person] of people.entries()) {
      const row = onAirRow(n % 3, n % 2 ? 'game' : 'music', Date.now() + n)
      const own = { user_id: person.userId, room_id: person.roomId, running_key: person.userId }
      await store.insertSession(db, { ...row, ...own })
    }
    const pages = async (query: string): Promise<Room[]> => {
      const rooms: Room[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const path: string = `/live?limit=2&${query}${cursor ? `&cursor=${cursor}` : ''}`
        const answer = await app.call<{ items: Room[]; next_cursor: string | null }>('GET', path)
        expect(answer.status).toBe(200)
        rooms.push(...answer.data.items)
        cursor = answer.data.next_cursor
      }
      return rooms
    }
    const byViewers = await pages('sort=viewers')
    expect(byViewers.map(({ viewers }) => viewers)).toEqual([2, 2, 1, 1, 0, 0, 0])
    expect(new Set(byViewers.map(({ id }) => id)).size).toBe(7)
    const newest = people.map(({ roomId }) => roomId).reverse()
    expect((await pages('sort=newest')).map(({ id }) => id)).toEqual(newest)
    expect(await pages('category=game')).toHaveLength(3)
    expect(await app.call('GET', '/live?cursor=x')).toMatchObject({ status: 400, error: 'cursor_invalid' })

    const rows = Array.from({ length: 3000 }, (_, n) => ({
      ...onAirRow(n % 47, Math.floor(n / 10) % 2 ? 'game' : 'music', Date.now()),
      on_air: n % 10 === 0 ? 1 : 0,
      running_key: null,
      state: n % 10 === 0 ? ('live' as const) : ('ended' as const),
    }))
    for (let n = 0; n < rows.length; n += 500)
      await db
        .insertInto('live_session')
        .values(rows.slice(n, n + 500))
        .execute()
    if (db.engine === 'mysql') await sql`analyze table live_session`.execute(db)
    for (const sort of ['viewers', 'newest'] as const) {
      for (const category of [undefined, 'game']) {
        for (const after of [undefined, { viewers: 20, sortKey: sortableId(Date.now()) }]) {
          const plan = await explain(db, store.onAirQuery(db, { category, sort, after, limit: 20 }))
          expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
        }
      }
    }
    for (const query of [
      store.abandonedQuery(db, 1),
      store.endingQuery(db),
      store.dueRecordingsQuery(db, 1),
    ]) {
      const plan = await explain(db, query)
      expect(plan, plan.text).toMatchObject({ fullScan: false })
    }
  })

  it('play through one address per session, and one wait for all who ask the same', async () => {
    await using db = await open()
    const { app, goLive } = await setUp(db)
    await using _app = app
    const owner = await app.signUp()
    const play = `${app.base}/play/live/${owner.roomId}`
    expect((await fetch(`${play}/ll.m3u8`)).status).toBe(404)
    expect((await fetch(`${play}/cover.jpg`)).status).toBe(404)
    const session = await goLive(owner)
    const text = await (await fetch(`${play}/ll.m3u8`)).text()
    expect(text).toContain(`\n${session}/s3.mp4`)
    const file = await fetch(`${play}/${session}/p3.1.mp4`)
    expect(await file.text()).toBe('p3.1.mp4')
    expect(file.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    expect((await fetch(`${play}/s3.mp4`)).status).toBe(404)
    await app.call('POST', '/me/room/end', owner, {})
    expect((await fetch(`${play}/ll.m3u8`)).status).toBe(404)
  })
})

describe('addresses', () => {
  it('of a session go into its playlist and stay relative', () => {
    const given =
      '#EXT-X-MAP:URI="init-2.mp4"\n#EXTINF:2,\ns12.mp4\n#EXT-X-PART:DURATION=1,URI="p13.0.mp4"\n# s1.mp4x\n'
    expect(inSession(given, 'abc')).toBe(
      '#EXT-X-MAP:URI="abc/init-2.mp4"\n#EXTINF:2,\nabc/s12.mp4\n#EXT-X-PART:DURATION=1,URI="abc/p13.0.mp4"\n# s1.mp4x\n',
    )
  })

  it.each([
    ['https://live.example/x', '10.0.0.1', { rtmpPort: 1935 }, 'rtmp://live.example/live'],
    [undefined, '::ffff:192.168.1.5', { rtmpPort: 1937 }, 'rtmp://192.168.1.5:1937/live'],
    [undefined, '2001:db8::1', { rtmpPort: 1935 }, 'rtmp://[2001:db8::1]/live'],
    [undefined, undefined, { rtmpPort: 1935 }, 'rtmp://localhost/live'],
    [
      'https://live.example:8443',
      '10.0.0.1',
      { rtmpPort: 1935, rtmpsPort: 1936 },
      'rtmps://live.example:1936/live',
    ],
  ])('of the RTMP server: %s, %s', (publicUrl, local, ports, expected) => {
    expect(rtmpServer(publicUrl, local, ports)).toBe(expected)
  })
})
