/** Order in a room over HTTP and socket: who may what, what a refused writer hears, and what vanishes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pinned } from '../../contract/room.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { testDatabases } from '../platform/db/testing.ts'
import type { Db } from '../platform/db/db.ts'
import { createLiveApp, createPlayedIngest } from './live.fixture.ts'

const setUp = async (db: Db) => {
  const ingest = createPlayedIngest(systemClock)
  const app = await createLiveApp({ db, openLink: ingest.openLink })
  const owner = await app.signUp()
  const { data } = await app.call<{ stream_key: string }>('POST', '/me/room/stream_key', owner)
  const answer = await ingest.authorise(data.stream_key)
  if (!answer.ok) throw new Error(answer.reason)
  await ingest.tell(answer.sessionId, 'started')
  const room = `/live/${owner.roomId}`
  return { app, owner, room, sessionId: answer.sessionId }
}

describe.each(testDatabases())('order in a room on $name', ({ open }) => {
  // Making one costs more than all that is asked of it.
  let db: Db
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  it('is kept by the owner and by the moderators whom the owner appoints, and by nobody else', async () => {
    const { app, owner, room } = await setUp(db)
    await using _app = app
    const [helper, viewer] = [await app.signUp(), await app.signUp()]
    using socket = await app.join(owner.roomId, helper)
    expect(await socket.next('hello')).toMatchObject({ can_moderate: false })
    for (const [method, path, body] of [
      ['GET', '/rules'],
      ['PATCH', '/rules', { slow_seconds: 5 }],
      ['GET', '/mutes'],
      ['GET', '/bans'],
      ['PUT', `/bans/${viewer.userId}`],
      ['POST', `/purges/${viewer.userId}`],
      ['PUT', '/pin', { text: 'x' }],
      ['DELETE', '/pin'],
      ['PUT', `/moderators/${helper.userId}`],
    ] as const)
      expect((await app.call(method, room + path, helper, body)).status, `${method} ${path}`).toBe(403)

    const appoint = `${room}/moderators/${helper.userId}`
    expect((await app.call('PUT', appoint, owner)).status).toBe(200)
    expect((await app.call('PUT', appoint, owner)).status).toBe(200)
    const standing = () => socket.messages.findLast(({ type }) => type === 'standing')
    await expect.poll(standing).toMatchObject({ can_write: true, can_moderate: true })
    const { data } = await app.call<{ items: { id: string }[] }>('GET', `${room}/moderators`)
    expect(data.items.map(({ id }) => id)).toEqual([helper.userId])
    expect((await app.call('PATCH', `${room}/rules`, helper, { slow_seconds: 5 })).data).toMatchObject({
      slow_seconds: 5,
    })
    socket.say({ type: 'danmaku', text: 'one' })
    socket.say({ type: 'danmaku', text: 'two' })
    expect(await socket.next('danmaku')).toMatchObject({ moderator: true, owner: false })
    await socket.next('danmaku')
    // Neither over the owner nor over each other.
    const second = await app.signUp()
    await app.call('PUT', `${room}/moderators/${second.userId}`, owner)
    expect((await app.call('PUT', `${room}/bans/${owner.userId}`, helper)).status).toBe(403)
    expect((await app.call('PUT', `${room}/bans/${second.userId}`, helper)).status).toBe(403)
    expect((await app.call('PUT', `${room}/moderators/${viewer.userId}`, helper)).status).toBe(403)
    // A moderator may delete what others wrote; and step down.
    using writer = await app.join(owner.roomId, viewer)
    writer.say({ type: 'danmaku', text: 'spam' })
    const { id } = await writer.next('danmaku')
    expect((await app.call('DELETE', `/danmaku/${id}`, helper)).status).toBe(200)
    expect((await app.call('DELETE', `${room}/moderators/${helper.userId}`, viewer)).status).toBe(403)
    expect((await app.call('DELETE', `${room}/moderators/${helper.userId}`, helper)).status).toBe(200)
    await expect.poll(standing).toMatchObject({ can_moderate: false })
    expect((await app.call('GET', `${room}/rules`, helper)).status).toBe(403)
  })

  it('slow mode tells the seconds that are left, and a refused message costs no turn', async () => {
    const { app, owner, room } = await setUp(db)
    await using _app = app
    const viewer = await app.signUp()
    using socket = await app.join(owner.roomId, viewer)
    using boss = await app.join(owner.roomId, owner)
    await app.call('PATCH', `${room}/rules`, owner, { slow_seconds: 30, words: ['讨厌 鬼'] })
    expect(await socket.next('rules')).toMatchObject({ rules: { slow_seconds: 30 } })
    socket.say({ type: 'danmaku', text: '讨.厌.鬼！' })
    expect(await socket.next('error')).toMatchObject({ error: 'text_refused' })
    socket.say({ type: 'danmaku', text: 'first' })
    await socket.next('danmaku')
    socket.say({ type: 'danmaku', text: 'second', client_id: 'c2' })
    const refused = await socket.next('error')
    expect(refused).toMatchObject({ error: 'slow_mode', client_id: 'c2' })
    expect(refused.retry_after).toBeGreaterThan(20)
    expect(refused.retry_after).toBeLessThanOrEqual(30)
    expect(refused.msg).toContain(String(refused.retry_after))
    for (const text of ['讨厌鬼', 'b', 'c']) {
      boss.say({ type: 'danmaku', text })
      expect(await boss.next('danmaku')).toBeTruthy()
    }
  })

  it('lets only followers of some minutes speak', async () => {
    const { app, owner, room } = await setUp(db)
    await using _app = app
    const viewer = await app.signUp()
    using socket = await app.join(owner.roomId, viewer)
    await app.call('PATCH', `${room}/rules`, owner, { followers_minutes: 10 })
    await socket.next('rules')
    socket.say({ type: 'danmaku', text: 'a' })
    expect(await socket.next('error')).toMatchObject({ error: 'followers_only' })
    await app.relations.follow(viewer.userId, owner.userId, undefined)
    socket.say({ type: 'danmaku', text: 'b' })
    const early = await socket.next('error')
    expect(early).toMatchObject({ error: 'followers_wait' })
    expect(early.retry_after).toBeGreaterThan(580)
    await app.call('PATCH', `${room}/rules`, owner, { followers_minutes: 0 })
    await socket.next('rules')
    socket.say({ type: 'danmaku', text: 'c' })
    await socket.next('danmaku')
    await app.call('PATCH', `${room}/rules`, owner, { followers_minutes: null })
    expect((await app.call('GET', `${room}/rules`, owner)).data).toMatchObject({ followers_minutes: null })
  })

  it('mutes for a time and bans until it is lifted, and says which', async () => {
    const { app, owner, room } = await setUp(db)
    await using _app = app
    const viewer = await app.signUp()
    using socket = await app.join(owner.roomId, viewer)
    await socket.next('hello')
    await app.call('PUT', `${room}/mutes/${viewer.userId}`, owner, { minutes: 10 })
    const silenced = await socket.next('standing')
    expect(silenced).toMatchObject({ can_write: false, banned: false })
    expect(Date.parse(silenced.muted_until ?? '')).toBeGreaterThan(Date.now() + 590_000)
    socket.say({ type: 'danmaku', text: 'a' })
    const muted = await socket.next('error')
    expect(muted).toMatchObject({ error: 'muted' })
    expect(muted.msg).toMatch(/9:\d\d|10:00/)
    expect(muted.retry_after).toBeGreaterThan(590)
    await app.call('PUT', `${room}/bans/${viewer.userId}`, owner)
    socket.say({ type: 'danmaku', text: 'b' })
    expect(await socket.next('error')).toMatchObject({ error: 'banned_here' })
    // A mute would lift it when it ends.
    expect((await app.call('PUT', `${room}/mutes/${viewer.userId}`, owner, { minutes: 1 })).error).toBe(
      'banned_here',
    )
    expect((await app.call<{ items: unknown[] }>('GET', `${room}/mutes`, owner)).data.items).toEqual([])
    expect((await app.call('GET', `${room}/bans`, owner)).data).toMatchObject({
      items: [{ user: { id: viewer.userId } }],
    })
    using again = await app.join(owner.roomId, viewer)
    expect(await again.next('hello')).toMatchObject({ can_write: false, banned: true, muted_until: null })
    await app.call('DELETE', `${room}/bans/${viewer.userId}`, owner)
    expect(await again.next('standing')).toMatchObject({ can_write: true })
    again.say({ type: 'danmaku', text: 'thank you' })
    await again.next('danmaku')
  })

  it('purges a spammer in one go: for all who watch, for who comes later, and in what is kept', async () => {
    const { app, owner, room, sessionId } = await setUp(db)
    await using _app = app
    const [spammer, friend] = [await app.signUp(), await app.signUp()]
    using reader = await app.join(owner.roomId)
    using spam = await app.join(owner.roomId, spammer)
    using other = await app.join(owner.roomId, friend)
    for (let n = 0; n < 4; n++) spam.say({ type: 'danmaku', text: `buy ${n}` })
    other.say({ type: 'danmaku', text: 'hello' })
    await expect.poll(() => app.counted.get(sessionId)).toBe(5)
    const [first] = spam.messages.flatMap((m) => (m.type === 'danmaku' ? [m.id] : []))
    await app.call('PUT', `${room}/pin`, owner, { danmaku_id: first })
    const answer = await app.call('POST', `${room}/purges/${spammer.userId}`, owner, { ban: true })
    expect(answer.data).toEqual({ deleted: 4 })
    expect(await reader.next('purged')).toEqual({ type: 'purged', user_id: spammer.userId })
    expect(app.counted.get(sessionId)).toBe(1)
    spam.say({ type: 'danmaku', text: 'again' })
    expect(await spam.next('error')).toMatchObject({ error: 'banned_here' })
    using late = await app.join(owner.roomId)
    expect(await late.next('hello')).toMatchObject({ history: [{ text: 'hello' }], pinned: null })
    const kept = await db.selectFrom('danmaku').select('text').where('timeline_id', '=', sessionId).execute()
    expect(kept).toEqual([{ text: 'hello' }])
    expect((await app.call('POST', `${room}/purges/${owner.userId}`, owner)).status).toBe(403)
  })

  it('pins a message or a text, and announces', async () => {
    const { app, owner, room } = await setUp(db)
    await using _app = app
    const viewer = await app.signUp()
    using socket = await app.join(owner.roomId, viewer)
    socket.say({ type: 'danmaku', text: 'good point' })
    const { id } = await socket.next('danmaku')
    const pinned = await app.call<Pinned>('PUT', `${room}/pin`, owner, { danmaku_id: id })
    expect(pinned.data).toMatchObject({ text: 'good point', user: { id: viewer.userId } })
    expect(await socket.next('pinned')).toMatchObject({ pinned: { text: 'good point' } })
    expect((await app.call('PUT', `${room}/pin`, owner, { danmaku_id: 'nosuch' })).status).toBe(404)
    // What is deleted is pinned no longer.
    await app.call('DELETE', `/danmaku/${id}`, viewer)
    expect(await socket.next('pinned')).toEqual({ type: 'pinned', pinned: null })
    await app.call('PUT', `${room}/pin`, owner, { text: 'be kind' })
    expect(await socket.next('pinned')).toMatchObject({ pinned: { text: 'be kind' } })
    await app.call('DELETE', `${room}/pin`, owner)
    expect(await socket.next('pinned')).toMatchObject({ pinned: null })
    await app.call('PATCH', `${room}/rules`, owner, { announcement: 'tonight: songs' })
    expect((await socket.next('state')).room.announcement).toBe('tonight: songs')
  })
})
