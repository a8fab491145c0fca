/** Feed, posts, notifications, private messages, their socket and reports, over HTTP on both engine pairs. */
import { sql } from 'kysely'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import type { FeedItem, Post, PostPicture } from '../../contract/feed.ts'
import type {
  Conversation,
  Notification,
  PrivateMessage,
  Unread,
  UserSocketServer,
} from '../../contract/message.ts'
import type { OwnCase, ReportCase } from '../../contract/report.ts'
import { createTestApp, enginePairs, freshMobile } from '../../tests/app.ts'
import type { SignedUp, TestApp } from '../../tests/app.ts'
import { openDatabase } from '../platform/db/db.ts'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { sortableId } from '../platform/ids/ids.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { silentLog } from '../platform/log/log.ts'
import * as privates from './private-store.ts'
import * as store from './store.ts'
import './tables.ts'

interface Page<T> {
  items: T[]
  next_cursor: string | null
}

describe.each(enginePairs())('messages on $name', (pair) => {
  let test: TestApp
  let ann: SignedUp
  let bob: SignedUp
  let adminToken: string
  beforeAll(async () => {
    test = await createTestApp({ pair })
    ann = await test.signUp({ nickname: '安安' })
    bob = await test.signUp({ nickname: '波波' })
    const setup = { token: await test.app.newSetupToken(), mobile: freshMobile(), password: 'a-Good-one-9' }
    const made = await test.call('POST', '/api/v1/setup', { json: setup })
    adminToken = (made.body.data as { access_token: string }).access_token
  })
  afterAll(() => test[Symbol.asyncDispose]())

  const send = async <T = never>(method: string, path: string, by?: SignedUp | string, json?: unknown) => {
    const token = typeof by === 'string' ? by : by?.token
    const { status, body } = await test.call(method, `/api/v1${path}`, {
      ...(token !== undefined && { token }),
      ...(json !== undefined && { json }),
    })
    return { status, error: body.error, data: body.data as T }
  }
  const follow = (by: SignedUp, whom: SignedUp) => send('PUT', `/users/${whom.userId}/follow`, by)
  const unread = async (by: SignedUp) => (await send<Unread>('GET', '/messages/unread', by)).data
  const news = async (by: SignedUp, type = '') =>
    (await send<Page<Notification>>('GET', `/messages?kind=notification${type && `&type=${type}`}`, by)).data
  const write = (by: SignedUp, whom: SignedUp, text: string, client_id?: string) =>
    send<PrivateMessage>('POST', `/users/${whom.userId}/messages`, by, { text, client_id })
  const post = async (by: SignedUp, text: string) => (await send<Post>('POST', '/posts', by, { text })).data

  const upload = async (by: SignedUp, picture: Buffer) => {
    const form = new FormData()
    form.append('file', new Blob([new Uint8Array(picture)]), 'a.png')
    const response = await fetch(`${test.base}/api/v1/posts/pictures`, {
      method: 'POST',
      headers: { authorization: `Bearer ${by.token}` },
      body: form,
    })
    return { status: response.status, ...((await response.json()) as { data: PostPicture; error?: string }) }
  }

  const listen = async (by: SignedUp) => {
    const { data } = await send<{ ticket: string }>('POST', '/socket_ticket', by, {})
    const address = `${test.base.replace('http', 'ws')}/api/v1/socket`
    const socket = new WebSocket(address, ['vireo.1', `ticket.${data.ticket}`])
    const heard: UserSocketServer[] = []
    socket.on('message', (frame) => heard.push(JSON.parse((frame as Buffer).toString()) as UserSocketServer))
    await vi.waitFor(() => expect(heard[0]?.type).toBe('hello'), 5000)
    return { heard, [Symbol.dispose]: () => socket.terminate() }
  }

  it('shows in the feed what the followed post, whole pictures re-encoded, until it is deleted', async () => {
    const [reader, writer] = [await test.signUp(), await test.signUp()]
    await follow(reader, writer)
    const drawn = sharp({ create: { width: 600, height: 300, channels: 3, background: '#369' } })
    const picture = await upload(writer, await drawn.png().toBuffer())
    expect(picture.data).toMatchObject({ width: 600, height: 300 })
    expect((await fetch(test.base + picture.data.url)).headers.get('content-type')).toBe('image/webp')
    expect((await upload(writer, Buffer.from('<svg/>'))).error).toBe('image_invalid')
    // Nobody else's picture, and none twice.
    const mine = { text: '看\u202e这个', pictures: [picture.data.id] }
    expect((await send('POST', '/posts', reader, mine)).error).toBe('not_found')
    const made = await send<Post>('POST', '/posts', writer, mine)
    expect(made.data).toMatchObject({ text: '看这个', pictures: [{ width: 600 }], counts: { likes: 0 } })
    expect((await send('POST', '/posts', writer, mine)).error).toBe('not_found')
    expect((await send('POST', '/posts', writer, { text: ' ' })).error).toBe('text_invalid')
    expect((await send('POST', '/posts', writer, { text: 'x'.repeat(1001) })).status).toBe(400)
    for (let n = 0; n < 4; n++) await post(writer, `post ${n}`)
    const seen: FeedItem[] = []
    let cursor = ''
    do {
      const page = (await send<Page<FeedItem>>('GET', `/feed?limit=2${cursor}`, reader)).data
      seen.push(...page.items)
      cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`
    } while (cursor !== '')
    expect(seen.map((item) => item.kind === 'post' && item.post.text)).toEqual([
      'post 3',
      'post 2',
      'post 1',
      'post 0',
      '看这个',
    ])
    expect((await send<Page<FeedItem>>('GET', '/feed?kind=video', reader)).data.items).toEqual([])
    expect((await send<Page<FeedItem>>('GET', '/feed', bob)).data.items).toEqual([])
    const path = `/posts/${made.data.id}`
    expect((await send('DELETE', path, reader)).status).toBe(403)
    expect((await send('DELETE', path, writer)).status).toBe(200)
    for (const method of ['GET', 'DELETE']) expect((await send(method, path, writer)).status).toBe(404)
    expect((await send('PUT', `${path}/like`, reader)).status).toBe(404)
    expect((await send<Page<FeedItem>>('GET', '/feed', reader)).data.items).toHaveLength(4)
    expect((await send<Page<Post>>('GET', `/users/${writer.userId}/posts`)).data.items).toHaveLength(4)
  })

  it('counts likes of a post exactly under 50 at once and merges them into one notification', async () => {
    const writer = await test.signUp()
    const { id } = await post(writer, '点赞')
    const fans = await Promise.all(Array.from({ length: 5 }, () => test.signUp()))
    const storm = Array.from({ length: 50 }, (_, n) =>
      send('PUT', `/posts/${id}/like`, fans[n % 5] as SignedUp),
    )
    for (const { status } of await Promise.all(storm)) expect(status).toBe(200)
    expect((await send<Post>('GET', `/posts/${id}`, fans[0])).data).toMatchObject({
      counts: { likes: 5 },
      mine: { liked: true },
    })
    await vi.waitFor(async () => {
      const { items } = await news(writer, 'like')
      expect(items).toMatchObject([{ action: 'liked', others: 3, text: '点赞', read: false }])
      expect(items[0]?.actors).toHaveLength(2)
    }, 8000)
    expect(await unread(writer)).toMatchObject({ total: 1, by_type: { like: 1 } })
    // Taken back and given again by the same: no second time while it is unread.
    await send('DELETE', `/posts/${id}/like`, fans[0])
    await send('PUT', `/posts/${id}/like`, fans[0])
    await send('POST', '/messages/read', writer, { kind: 'notification', all: true })
    const late = await test.signUp()
    await send('PUT', `/posts/${id}/like`, late)
    await vi.waitFor(async () => expect(await unread(writer)).toMatchObject({ total: 1 }), 8000)
    const { items } = await news(writer, 'like')
    expect(items).toHaveLength(2)
    expect(items[0]).toMatchObject({ read: false, others: 0 })
    expect(items[1]).toMatchObject({ read: true })
  })

  it('tells of a follow over the socket, with the count, and of nothing by who is blocked', async () => {
    const star = await test.signUp()
    using ear = await listen(star)
    await follow(ann, star)
    await vi.waitFor(() => {
      const told = ear.heard.find((message) => message.type === 'notification')
      expect(told).toMatchObject({
        notification: { type: 'follow', actors: [{ id: ann.userId }] },
        unread: { total: 1, by_kind: { notification: 1, private: 0 }, by_type: { follow: 1 } },
      })
    }, 8000)
    const told = ear.heard.find((message) => message.type === 'notification')
    const id = told?.type === 'notification' ? told.notification.id : ''
    expect((await news(star)).items.map((one) => one.id)).toEqual([id])
    expect((await send<Unread>('POST', '/messages/read', ann, { ids: [id] })).status).toBe(200)
    expect((await unread(star)).total).toBe(1)
    expect((await send<Unread>('POST', '/messages/read', star, { ids: [id] })).data.total).toBe(0)
    await vi.waitFor(() => expect(ear.heard.at(-1)).toMatchObject({ type: 'unread', unread: { total: 0 } }))
    const { id: postId } = await post(star, 'x')
    await send('PUT', `/users/${bob.userId}/block`, star)
    expect((await send('PUT', `/posts/${postId}/like`, bob)).error).toBe('blocked')
  })

  it('stores a private message once, counts it, and pushes it to both', async () => {
    const [one, two] = [await test.signUp(), await test.signUp()]
    using ear = await listen(two)
    using own = await listen(one)
    const sent = await Promise.all(Array.from({ length: 10 }, () => write(one, two, '你好', 'c1')))
    expect(new Set(sent.map(({ data }) => data.id)).size).toBe(1)
    expect((await write(one, two, '第二句')).status).toBe(200)
    expect(await unread(two)).toMatchObject({ total: 2, by_kind: { private: 2 } })
    await vi.waitFor(() => {
      for (const { heard } of [ear, own]) {
        const texts = heard.flatMap((message) => (message.type === 'message' ? [message.message.text] : []))
        expect(texts).toEqual(['你好', '第二句'])
      }
    }, 5000)
    const list = (await send<Page<Conversation>>('GET', '/messages?kind=private', two)).data.items
    expect(list).toMatchObject([{ user: { id: one.userId }, unread: 2, last: { text: '第二句' } }])
    const ids = [list[0]?.id ?? '']
    // Somebody else's conversation is not theirs to read.
    await send('POST', '/messages/read', ann, { ids })
    expect((await unread(two)).total).toBe(2)
    expect((await send<Unread>('POST', '/messages/read', two, { ids })).data.total).toBe(0)
    await write(two, one, '回复')
    const talk = (await send<Page<PrivateMessage>>('GET', `/users/${one.userId}/messages?limit=2`, two)).data
    expect(talk.items.map(({ text }) => text)).toEqual(['回复', '第二句'])
    const next = `/users/${one.userId}/messages?cursor=${talk.next_cursor}`
    expect((await send<Page<PrivateMessage>>('GET', next, two)).data.items).toMatchObject([{ text: '你好' }])
    expect((await send('GET', next, ann)).error).toBe('cursor_invalid')
    await send('PUT', `/users/${one.userId}/messages/mute`, two)
    await write(one, two, '静音')
    expect((await unread(two)).total).toBe(0)
    expect((await send('PUT', `/users/${ann.userId}/messages/mute`, two)).status).toBe(404)
  })

  it('lets nobody write past a block, a choice, or ten messages without an answer', async () => {
    const [host, guest] = [await test.signUp(), await test.signUp()]
    for (let n = 0; n < 10; n++) expect((await write(guest, host, `嗨 ${n}`)).status).toBe(200)
    expect((await write(guest, host, '又')).error).toBe('answer_awaited')
    await write(host, guest, '在')
    expect((await write(guest, host, '又')).status).toBe(200)
    const stranger = await test.signUp()
    const choose = (messages_from: string) => send('PATCH', '/me/privacy', host, { messages_from })
    await choose('followed')
    expect((await write(stranger, host, '?')).error).toBe('messages_refused')
    await follow(host, stranger)
    expect((await write(stranger, host, '!')).status).toBe(200)
    await choose('nobody')
    expect((await write(stranger, host, '?')).error).toBe('messages_refused')
    expect((await send('GET', `/users/${host.userId}/messages`, stranger)).data).toMatchObject({
      refusal: 'messages_refused',
    })
    await choose('everyone')
    await send('PUT', `/users/${stranger.userId}/block`, host)
    expect((await write(stranger, host, '?')).error).toBe('blocked')
    expect((await write(host, stranger, '?')).error).toBe('blocked')
    expect((await write(host, host, '?')).error).toBe('self_refused')
    expect((await send('POST', '/users/nobody/messages', host, { text: 'x' })).status).toBe(404)
  })

  it('refuses a socket without a ticket', async () => {
    const socket = new WebSocket(`${test.base.replace('http', 'ws')}/api/v1/socket`, ['vireo.1'])
    const status = await new Promise((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
      socket.on('error', () => undefined)
    })
    expect(status).toBe(401)
  })

  it('takes a report through decision and one appeal, and tells everybody concerned', async () => {
    const [writer, one, two] = [await test.signUp(), await test.signUp(), await test.signUp()]
    const { id } = await post(writer, '广告广告')
    const report = (by: SignedUp, subject: object) =>
      send('POST', '/reports', by, { kind: 'post', id, reason: 'spam', ...subject })
    expect((await report(writer, {})).error).toBe('self_refused')
    expect((await report(one, { id: 'nothing' })).error).toBe('not_found')
    await Promise.all([report(one, { text: '刷屏' }), report(one, {}), report(two, { reason: 'illegal' })])
    expect((await send('GET', '/admin/reports', one)).status).toBe(403)
    const queue = (await send<Page<ReportCase>>('GET', '/admin/reports?limit=100', adminToken)).data.items
    const found = queue.find((item) => item.subject_id === id)
    expect(found).toMatchObject({ count: 2, user: { id: writer.userId }, snapshot: { text: '广告广告' } })
    const path = `/admin/reports/${found?.id}`
    expect((await send('GET', `/reports/${found?.id}`, writer)).status).toBe(404)
    expect((await send('POST', `${path}/decision`, adminToken, { decision: 'ban' })).error).toBe(
      'params_missing',
    )
    const given = { decision: 'remove', note: '请勿发广告' }
    expect((await send('POST', `${path}/decision`, adminToken, given)).data).toMatchObject({
      state: 'decided',
    })
    expect((await send('POST', `${path}/decision`, adminToken, given)).error).toBe('conflict')
    expect((await send('GET', `/posts/${id}`)).status).toBe(404)
    expect((await news(writer, 'system')).items[0]).toMatchObject({
      notice: { code: 'content_removed', params: { note: '请勿发广告' } },
      subject: { kind: 'report', id: found?.id },
    })
    for (const reporter of [one, two])
      expect((await news(reporter, 'system')).items[0]).toMatchObject({ notice: { code: 'report_upheld' } })
    expect((await send('GET', `/reports/${found?.id}`, one)).status).toBe(404)
    const appeal = () => send<OwnCase>('POST', `/reports/${found?.id}/appeal`, writer, { text: '不是广告' })
    expect((await appeal()).data).toMatchObject({ state: 'appealed', appeal: { upheld: null } })
    expect((await appeal()).error).toBe('conflict')
    await send('POST', `${path}/appeal`, adminToken, { uphold: false })
    expect((await send('GET', `/posts/${id}`)).status).toBe(200)
    expect((await news(writer, 'system')).items[0]).toMatchObject({ notice: { code: 'appeal_overturned' } })
    const log = await send<Page<{ action: string }>>('GET', '/admin/audit?limit=10', adminToken)
    expect(log.data.items.map(({ action }) => action)).toContain('report.appeal_overturned')
  })

  it('bans for days whoever a message was reported of', async () => {
    const [bad, good] = [await test.signUp(), await test.signUp()]
    const { data } = await write(bad, good, '骂人的话')
    expect(
      (await send('POST', '/reports', ann, { kind: 'message', id: data.id, reason: 'hate' })).status,
    ).toBe(404)
    await send('POST', '/reports', good, { kind: 'message', id: data.id, reason: 'harassment' })
    const queue = (await send<Page<ReportCase>>('GET', '/admin/reports?limit=100', adminToken)).data.items
    const found = queue.find((item) => item.subject_id === data.id)
    await send('POST', `/admin/reports/${found?.id}/decision`, adminToken, { decision: 'ban', days: 3 })
    expect((await send('GET', '/me', bad)).status).toBe(401)
    const talk = await send<Page<PrivateMessage>>('GET', `/users/${bad.userId}/messages`, good)
    expect(talk.data.items).toMatchObject([{ removed: true, text: '' }])
  })

  // SQLite is opened by one process only, and the event is written from beside the app.
  const writesBeside = pair.name === 'mariadb + redis'
  if (writesBeside)
    it('tells of live starts without a row for each follower', async () => {
      const [star, fan] = [await test.signUp(), await test.signUp()]
      await follow(fan, star)
      using ear = await listen(fan)
      // As the live feature writes it.
      await using db = await openDatabase({ config: test.config.db, log: silentLog, clock: systemClock })
      const payload = { session_id: 'session00001', user_id: star.userId, room_id: star.roomId }
      await db
        .insertInto('event')
        .values({ type: 'live.started', payload: JSON.stringify(payload), at_ms: Date.now() })
        .execute()
      await vi.waitFor(
        () =>
          expect(ear.heard.find((message) => message.type === 'notification')).toMatchObject({
            notification: { type: 'live', subject: { kind: 'room', id: star.roomId } },
            unread: { by_type: { live: 1 } },
          }),
        8000,
      )
      expect((await news(fan)).items).toMatchObject([{ id: 'live-session00001', read: false }])
      expect((await unread(bob)).by_type.live).toBe(0)
      await send('POST', '/messages/read', fan, { kind: 'notification', all: true })
      expect((await unread(fan)).total).toBe(0)
      const rows = await db
        .selectFrom('notification')
        .select('id')
        .where('user_id', '=', fan.userId)
        .execute()
      expect(rows).toEqual([])
    })
})

describe.each(testDatabases())('lists of messages on $name', (engine) => {
  it('are found and ordered by an index', async () => {
    await using db = await engine.open()
    const people = Array.from({ length: 30 }, () => sortableId(Date.now()))
    await db.transaction(async (trx) => {
      for (let n = 0; n < 600; n++) {
        const id = sortableId(Date.now())
        const user = people[n % 30] ?? ''
        const peer = people[(n * 7 + 1) % 30] ?? ''
        await store.insertNotification(trx, {
          id,
          user_id: user,
          type: Math.floor(n / 30) % 2 ? 'reply' : 'like',
          action: 'liked',
          open_key: null,
          actor_id: peer,
          former_actor_id: null,
          actors: 1,
          subject_kind: null,
          subject_id: null,
          video_id: null,
          notice: null,
          is_read: Math.floor(n / 30) % 3 === 0 ? 1 : 0,
          sort_key: id,
          at_ms: n,
        })
        await privates.insertMessage(trx, {
          id,
          pair: privates.pairOf(user, peer),
          sender_id: user,
          receiver_id: peer,
          client_id: null,
          text: 'x',
          removed: 0,
          at_ms: n,
        })
        const thread = { id, user_id: user, peer_id: peer, last_key: id, muted: 0 }
        await privates.putReceived(trx, { ...thread, unread: 1, wrote: 0, unanswered: 0 })
      }
    })
    if (engine.name === 'mariadb')
      await sql`analyze table notification, private_message, private_thread`.execute(db)
    const [one = '', two = ''] = people
    const before = sortableId(Date.now())
    const queries = [
      ...[undefined, 'reply' as const].flatMap((type) =>
        [undefined, before].map((place) =>
          store.notificationsQuery(db, one, { type, before: place, limit: 21 }),
        ),
      ),
      ...[undefined, before].flatMap((place) => [
        privates.messagesQuery(db, privates.pairOf(one, two), place, 21),
        privates.threadsQuery(db, one, place, 21),
      ]),
      privates.unreadPrivateQuery(db, one),
    ]
    for (const query of queries) {
      const plan = await explain(db, query)
      expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
    }
    const { rows } = await store
      .unreadQuery(
        db,
        one,
        [
          { type: 'like', key: '' },
          { type: 'reply', key: '' },
        ],
        5,
      )
      .execute(db)
    expect(rows.map((row) => Number(row.n)).sort()).toEqual([5, 5])
  })
})
