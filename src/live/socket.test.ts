/** The room's socket: who may open one, what it says, and that nothing a peer sends harms anybody. */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Bus } from '../platform/bus/bus.ts'
import { createMemoryBus } from '../platform/bus/memory.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { testDatabases } from '../platform/db/testing.ts'
import type { Db } from '../platform/db/db.ts'
import { silentLog } from '../platform/log/log.ts'
import { createLiveApp, createPlayedIngest, openSocket } from './live.fixture.ts'
import type { LiveApp, Person } from './live.fixture.ts'

const setUp = async (db: Db, more: { perAddress?: number; bus?: Bus } = {}) => {
  const ingest = createPlayedIngest(systemClock)
  const app = await createLiveApp({ db, openLink: ingest.openLink, ...more })
  const owner = await app.signUp()
  const goLive = async (): Promise<string> => {
    const { data } = await app.call<{ stream_key: string }>('POST', '/me/room/stream_key', owner)
    const answer = await ingest.authorise(data.stream_key)
    if (!answer.ok) throw new Error(answer.reason)
    await ingest.tell(answer.sessionId, 'started')
    return answer.sessionId
  }
  return { app, ingest, owner, goLive }
}

const urlOf = (app: LiveApp, room: Person): string => `${app.base}/api/v1/live/${room.roomId}/socket`

describe.each(testDatabases())('the socket of a room on $name', ({ open }) => {
  it('greets, echoes what is stored, and shows it to the others', async () => {
    await using db = await open()
    const { app, owner, goLive, ingest } = await setUp(db)
    await using _app = app
    const sessionId = await goLive()
    const writer = await app.signUp()
    using reader = await app.join(owner.roomId)
    using socket = await app.join(owner.roomId, writer)
    expect(await reader.next('hello')).toMatchObject({
      history: [],
      can_write: false,
      can_moderate: false,
      room: { id: owner.roomId, state: 'live', session_id: sessionId },
    })
    expect(await socket.next('hello')).toMatchObject({ can_write: true, can_moderate: false })
    socket.say({ type: 'danmaku', text: '  你好\u202e  ', color: '#FF00aa', mode: 'top', client_id: 'c1' })
    const echo = await socket.next('danmaku')
    expect(echo).toMatchObject({
      text: '你好',
      color: '#ff00aa',
      mode: 'top',
      size: 'normal',
      client_id: 'c1',
      media_time: 60,
      owner: false,
      user: { id: writer.userId },
    })
    const seen = await reader.next('danmaku')
    expect(seen).toEqual({ ...echo, client_id: undefined })
    expect(socket.messages.filter(({ type }) => type === 'danmaku')).toHaveLength(1)
    expect(await db.selectFrom('danmaku').select(['id', 'timeline_id', 'media_ms']).execute()).toEqual([
      { id: echo.id, timeline_id: sessionId, media_ms: 60_000 },
    ])
    using late = await app.join(owner.roomId)
    expect((await late.next('hello')).history.map(({ id }) => id)).toEqual([echo.id])
    // Far behind the edge: the replay's business, and an answer to the one who wrote it.
    ingest.state.edgeMs = 100_000
    socket.say({ type: 'danmaku', text: 'late', playing_date: new Date(1_005_000).toISOString() })
    expect(await socket.next('danmaku')).toMatchObject({ text: 'late', media_time: 5 })
    socket.say({ type: 'danmaku', text: 'now', playing_date: new Date(9_000_000).toISOString() })
    expect(await reader.next('danmaku')).toMatchObject({ text: 'now', media_time: 100 })
    expect(app.counted.get(sessionId)).toBe(3)
  })

  it('tells the state, the viewers and what was deleted', async () => {
    await using db = await open()
    const { app, owner, goLive, ingest } = await setUp(db)
    await using _app = app
    using reader = await app.join(owner.roomId)
    expect((await reader.next('hello')).room.state).toBe('idle')
    const sessionId = await goLive()
    expect((await reader.next('state')).room).toMatchObject({ state: 'live' })
    const viewer = await app.signUp()
    using one = await app.join(owner.roomId, viewer)
    using _two = await app.join(owner.roomId, viewer)
    using _three = await app.join(owner.roomId)
    // The same user twice is one.
    await expect
      .poll(() => reader.messages.findLast(({ type }) => type === 'viewers'), { timeout: 6000 })
      .toEqual({
        type: 'viewers',
        viewers: 3,
      })
    await expect
      .poll(() => db.selectFrom('live_session').select(['viewers', 'peak_viewers']).executeTakeFirstOrThrow())
      .toEqual({ viewers: 3, peak_viewers: 3 })
    one.say({ type: 'danmaku', text: 'x' })
    const { id } = await one.next('danmaku')
    expect(await app.call('DELETE', `/danmaku/${id}`, owner)).toMatchObject({ status: 200 })
    expect(await reader.next('deleted')).toEqual({ type: 'deleted', id })
    using late = await app.join(owner.roomId)
    expect((await late.next('hello')).history).toEqual([])
    await ingest.tell(sessionId, 'vanished', 5000)
    await expect
      .poll(() => reader.messages.findLast(({ type }) => type === 'state'))
      .toMatchObject({
        room: { state: 'reconnecting' },
      })
    // Nobody publishes, but the session is on: people go on talking.
    one.say({ type: 'danmaku', text: 'still here' })
    await one.next('danmaku')
    await ingest.tell(sessionId, 'stopped', 5000)
    one.say({ type: 'danmaku', text: 'too late', client_id: 'c9' })
    expect(await one.next('error')).toMatchObject({ error: 'room_not_live', client_id: 'c9' })
  })

  it('loses and repeats nothing for who joins while others talk', async () => {
    await using db = await open()
    const { app, owner, goLive } = await setUp(db)
    await using _app = app
    await goLive()
    const writers = await Promise.all(Array.from({ length: 8 }, () => app.signUp()))
    const sockets = await Promise.all(writers.map((writer) => app.join(owner.roomId, writer)))
    const joining: Promise<Awaited<ReturnType<LiveApp['join']>>>[] = []
    for (let round = 0; round < 5; round++) {
      for (const [n, socket] of sockets.entries()) socket.say({ type: 'danmaku', text: `${round} ${n}` })
      for (let n = 0; n < 4; n++) joining.push(app.join(owner.roomId))
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
    const readers = await Promise.all(joining)
    await expect.poll(async () => (await db.selectFrom('danmaku').select('id').execute()).length).toBe(40)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const stored = (await db.selectFrom('danmaku').select('id').execute()).map(({ id }) => id).sort()
    for (const reader of readers) {
      const seen = reader.messages.flatMap((message) => {
        if (message.type === 'hello') return message.history.map(({ id }) => id)
        return message.type === 'danmaku' ? [message.id] : []
      })
      expect(seen.sort()).toEqual(stored)
    }
    for (const socket of [...sockets, ...readers]) socket[Symbol.dispose]()
  })

  it('#55 opens once per ticket, and never with a wrong, used or foreign one', async () => {
    await using db = await open()
    const { app, owner } = await setUp(db)
    await using _app = app
    const person = await app.signUp()
    expect((await app.call('POST', '/socket_ticket')).status).toBe(401)
    const ticket = await app.ticketOf(person)
    const tries = await Promise.allSettled(
      Array.from({ length: 50 }, () => openSocket(urlOf(app, owner), ['vireo.1', `ticket.${ticket}`])),
    )
    const opened = tries.filter((result) => result.status === 'fulfilled')
    expect(opened).toHaveLength(1)
    expect(opened[0]?.value.socket.protocol).toBe('vireo.1')
    expect(
      new Set(tries.flatMap((t) => (t.status === 'rejected' ? [(t.reason as Error).message] : []))),
    ).toEqual(new Set(['refused: 401']))
    for (const wrong of [ticket, '', 'x', randomBytes(24).toString('base64url'), person.token]) {
      await expect(openSocket(urlOf(app, owner), ['vireo.1', `ticket.${wrong}`])).rejects.toThrow(
        /refused: 40[01]/,
      )
    }
    await expect(openSocket(urlOf(app, owner), ['other.1'])).rejects.toThrow('refused: 400')
    await expect(openSocket(`${app.base}/api/v1/live/nosuch/socket`, ['vireo.1'])).rejects.toThrow(
      'refused: 404',
    )
    // A ticket of a session that ended meanwhile.
    const late = await app.ticketOf(person)
    await app.passport.sessions.revoke(person, '127.0.0.1')
    await expect(openSocket(urlOf(app, owner), ['vireo.1', `ticket.${late}`])).rejects.toThrow('refused: 401')
    // Without any subprotocol it reads.
    using plain = await openSocket(urlOf(app, owner), [])
    expect(await plain.next('hello')).toMatchObject({ can_write: false })
  })

  it('#55 refuses pages of other origins', async () => {
    await using db = await open()
    const { app, owner } = await setUp(db)
    await using _app = app
    for (const origin of [
      'https://evil.example',
      'null',
      'http://127.0.0.1:1',
      `${app.base}.evil.example`,
      'x',
    ]) {
      await expect(openSocket(urlOf(app, owner), ['vireo.1'], { origin })).rejects.toThrow('refused: 403')
    }
    for (const origin of [app.base, 'https://vireo.example']) {
      using socket = await openSocket(urlOf(app, owner), ['vireo.1'], { origin })
      await socket.next('hello')
    }
    expect((await fetch(urlOf(app, owner))).status).toBe(404)
  })

  it('security.md #30: is closed within five seconds of signing out or a ban', async () => {
    await using db = await open()
    const { app, owner } = await setUp(db)
    await using _app = app
    const [leaving, banned, staying] = await Promise.all([app.signUp(), app.signUp(), app.signUp()])
    using a = await app.join(owner.roomId, leaving)
    using b = await app.join(owner.roomId, banned)
    using c = await app.join(owner.roomId, staying)
    const beganMs = Date.now()
    await app.passport.sessions.revoke(leaving, '127.0.0.1')
    await db.updateTable('user').set({ banned_ms: 1 }).where('id', '=', banned.userId).execute()
    expect(await Promise.all([a.closed, b.closed])).toEqual([1008, 1008])
    expect(Date.now() - beganMs).toBeLessThan(5000)
    expect(c.socket.readyState).toBe(c.socket.OPEN)
  })

  it('#56 paces writers, refuses repetitions, the muted and who is not signed in', async () => {
    await using db = await open()
    const { app, owner, goLive } = await setUp(db)
    await using _app = app
    await goLive()
    const writer = await app.signUp()
    using reader = await app.join(owner.roomId)
    using socket = await app.join(owner.roomId, writer)
    reader.say({ type: 'danmaku', text: 'x', client_id: 'r' })
    expect(await reader.next('error')).toMatchObject({ error: 'unauthenticated', client_id: 'r' })
    for (let n = 0; n < 12; n++) socket.say({ type: 'danmaku', text: `t${n}` })
    await expect.poll(() => socket.messages.filter(({ type }) => type === 'danmaku').length).toBe(5)
    expect(await socket.next('error')).toMatchObject({ error: 'rate_limited', retry_after: 5 })
    const other = await app.signUp()
    using second = await app.join(owner.roomId, other)
    second.say({ type: 'danmaku', text: 'same Text' })
    second.say({ type: 'danmaku', text: 'SAME text' })
    expect(await second.next('error')).toMatchObject({ error: 'rate_limited' })
    expect((await app.call('PUT', `/live/${owner.roomId}/mutes/${other.userId}`, owner)).status).toBe(200)
    second.say({ type: 'danmaku', text: 'muted' })
    expect(await second.next('error')).toMatchObject({ error: 'muted' })
  })

  it('#56 answers nonsense with errors and then with the door, and harms nobody', async () => {
    await using db = await open()
    const { app, owner, goLive } = await setUp(db)
    await using _app = app
    await goLive()
    const writer = await app.signUp()
    using steady = await app.join(owner.roomId, writer)
    const socketFor = () => app.join(owner.roomId)
    const nonsense = ['', '{', 'null', '[]', '"x"', '1', '{"type":"x"}', '{"__proto__":{"type":"danmaku"}}']
    {
      using socket = await socketFor()
      for (const text of nonsense) socket.say(text)
      expect(await socket.closed).toBe(1008)
      expect(socket.messages.filter(({ type }) => type === 'error')).toHaveLength(5)
    }
    {
      using socket = await socketFor()
      socket.socket.send(Buffer.from('{"type":"heartbeat"}'), { binary: true })
      expect(await socket.closed).toBe(1003)
    }
    {
      using socket = await socketFor()
      socket.say('x'.repeat(5000))
      expect(await socket.closed).toBe(1009)
    }
    {
      using socket = await socketFor()
      // Not UTF-8, in a text frame.
      socket.socket.send(Buffer.from([0xc3, 0x28]), { binary: false })
      expect(await socket.closed).toBe(1007)
    }
    {
      using socket = await socketFor()
      for (let n = 0; n < 200; n++) socket.say({ type: 'heartbeat' })
      expect(await socket.closed).toBe(1008)
    }
    {
      // Bytes that are no frame at all.
      const { port } = new URL(app.base)
      const raw = connect(Number(port), '127.0.0.1')
      raw.on('error', () => undefined)
      raw.write(
        `GET /api/v1/live/${owner.roomId}/socket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
      )
      await new Promise((resolve) => raw.once('data', resolve))
      raw.write(randomBytes(4096))
      await new Promise((resolve) => raw.once('close', resolve))
    }
    for (const message of [
      { type: 'danmaku', text: ' \u200b ' },
      { type: 'danmaku', text: 'x'.repeat(101) },
      { type: 'danmaku' },
    ]) {
      steady.say(message)
      expect(await steady.next('error')).toMatchObject({ error: 'text_invalid' })
    }
    steady.say({ type: 'danmaku', text: 'x', color: 'red; background: url(x)' })
    expect(await steady.next('error')).toMatchObject({ error: 'params_invalid' })
    steady.say({ type: 'danmaku', text: '<img src=x onerror=alert(1)>' })
    expect(await steady.next('danmaku')).toMatchObject({ text: '<img src=x onerror=alert(1)>' })
    await expect.poll(() => app.sockets.count).toBe(1)
  })

  it('has room for so many sockets of one address', async () => {
    await using db = await open()
    const { app, owner } = await setUp(db, { perAddress: 3 })
    await using _app = app
    const first = await Promise.all([1, 2, 3].map(() => app.join(owner.roomId)))
    await expect(app.join(owner.roomId)).rejects.toThrow('refused: 429')
    first[0]?.[Symbol.dispose]()
    await expect.poll(() => app.sockets.count).toBe(2)
    const again = await app.join(owner.roomId)
    for (const socket of [...first, again]) socket[Symbol.dispose]()
  })

  it('#56 drops a reader that does not read, and the others go on', async () => {
    await using db = await open()
    const { app, owner, goLive } = await setUp(db)
    await using _app = app
    await goLive()
    using slow = await app.join(owner.roomId)
    using quick = await app.join(owner.roomId)
    await slow.next('hello')
    slow.socket.pause()
    const hub = await app.live.hubs.get(owner.roomId)
    const filler = 'x'.repeat(60_000)
    for (let n = 0; n < 200 && app.sockets.count > 1; n++) {
      for (const peer of hub?.peers ?? [])
        peer.send(Buffer.from(JSON.stringify({ type: 'notice', text: filler })))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await expect.poll(() => app.sockets.count).toBe(1)
    expect(quick.socket.readyState).toBe(quick.socket.OPEN)
  })

  it('is one room over several processes', async () => {
    await using db = await open()
    await using bus = createMemoryBus({ log: silentLog })
    const { app, owner, goLive } = await setUp(db, { bus })
    await using _app = app
    await goLive()
    // Its own kv, HTTP server and sockets; database and bus are shared.
    const elsewhere = createPlayedIngest(systemClock)
    await using second = await createLiveApp({ db, bus, openLink: elsewhere.openLink })
    const writer = await app.signUp()
    using here = await app.join(owner.roomId, writer)
    using there = await openSocket(urlOf(second, owner), ['vireo.1'])
    expect(await there.next('hello')).toMatchObject({ room: { state: 'live' }, history: [] })
    here.say({ type: 'danmaku', text: 'over there' })
    const { id } = await here.next('danmaku')
    expect(await there.next('danmaku')).toMatchObject({ id, text: 'over there' })
    const seen = (socket: typeof here) => socket.messages.findLast(({ type }) => type === 'viewers')
    await expect
      .poll(() => [seen(here), seen(there)], { timeout: 8000 })
      .toMatchObject([{ viewers: 2 }, { viewers: 2 }])
    await app.call('DELETE', `/danmaku/${id}`, writer)
    expect(await there.next('deleted')).toEqual({ type: 'deleted', id })
    await app.call('PATCH', '/me/room', owner, { title: 'new title' })
    expect((await there.next('state')).room.title).toBe('new title')
  })

  it('keeps what was acknowledged', async () => {
    await using db = await open()
    const { app, owner, goLive } = await setUp(db)
    await using _app = app
    await goLive()
    const writer = await app.signUp()
    using socket = await app.join(owner.roomId, writer)
    for (let n = 0; n < 5; n++) socket.say({ type: 'danmaku', text: `word ${n}` })
    await expect.poll(() => socket.messages.filter(({ type }) => type === 'danmaku').length).toBe(5)
    const acknowledged = socket.messages.flatMap((m) => (m.type === 'danmaku' ? [m.id] : []))
    const stored = (await db.selectFrom('danmaku').select('id').execute()).map(({ id }) => id)
    expect(stored.sort()).toEqual(acknowledged.sort())
  })
})
