/** What happens in a room over HTTP and socket: gifts, likes, supporters, announced broadcasts, raids. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventOf } from '../../contract/events.ts'
import type { Gift } from '../../contract/gift.ts'
import type { Scheduled } from '../../contract/schedule.ts'
import { systemClock } from '../platform/clock/clock.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { explain } from '../platform/db/explain.ts'
import { testDatabases } from '../platform/db/testing.ts'
import type { Db } from '../platform/db/db.ts'
import * as gifts from './gift-store.ts'
import { createLiveApp, createPlayedIngest } from './live.fixture.ts'
import type { Person } from './live.fixture.ts'
import { countdownMs } from './raids.ts'

const setUp = async (db: Db, clock: Clock = systemClock) => {
  const ingest = createPlayedIngest(clock)
  const app = await createLiveApp({ db, openLink: ingest.openLink, clock })
  const keyOf = async (who: Person): Promise<string> =>
    (await app.call<{ stream_key: string }>('POST', '/me/room/stream_key', who)).data.stream_key
  const goLive = async (who: Person, key?: string): Promise<string> => {
    const answer = await ingest.authorise(key ?? (await keyOf(who)))
    if (!answer.ok) throw new Error(answer.reason)
    await ingest.tell(answer.sessionId, 'started')
    return answer.sessionId
  }
  const grant = (who: Person, amount: number) =>
    db.transaction((trx) =>
      app.coins.earn(trx, { userId: who.userId, reason: 'video_coined', amount, once: `test ${amount}` }),
    )
  return { app, ingest, goLive, keyOf, grant }
}

/** A clock that can be moved. */
const movable = () => {
  let aheadMs = 0
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs }
  return { clock, ahead: (ms: number) => void (aheadMs += ms) }
}

describe.each(testDatabases())('gifts on $name', ({ open }) => {
  // Making one costs more than all that is asked of it.
  let db: Db
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  it('are paid, shown, summed, and go on as a combo', async () => {
    const { app, goLive, grant } = await setUp(db)
    await using _app = app
    const [owner, giver] = [await app.signUp(), await app.signUp()]
    const path = `/live/${owner.roomId}/gifts`
    expect((await app.call('POST', path, giver, { gift: 'flower' })).error).toBe('room_not_live')
    await goLive(owner)
    await grant(giver, 100)
    using reader = await app.join(owner.roomId)
    const first = await app.call<{ gift: Gift; balance: number }>('POST', path, giver, {
      gift: 'coffee',
      count: 2,
      client_id: 'a',
    })
    expect(first.data.gift).toMatchObject({ gift: 'coffee', count: 2, combo: 2, coins: 10 })
    expect(await reader.next('gift')).toEqual({ type: 'gift', ...first.data.gift })
    // The same again is the same gift.
    const repeated = await app.call('POST', path, giver, { gift: 'coffee', count: 2, client_id: 'a' })
    expect(repeated.data).toEqual(first.data)
    const second = await app.call<{ gift: Gift }>('POST', path, giver, { gift: 'coffee' })
    expect(second.data.gift).toMatchObject({ combo: 3 })
    const other = await app.call<{ gift: Gift }>('POST', path, giver, { gift: 'flower' })
    expect(other.data.gift).toMatchObject({ combo: 1 })
    // 5 for registering and 1 for the day, once looked at.
    expect(await app.coins.balanceOf(giver.userId)).toBe(100 + 6 - 16)
    expect(await app.coins.balanceOf(owner.userId)).toBe(16)
    for (const scope of ['session', 'all']) {
      const top = await app.call('GET', `/live/${owner.roomId}/supporters?scope=${scope}`)
      expect(top.data).toMatchObject({ coins: 16, items: [{ user: { id: giver.userId }, coins: 16 }] })
    }
    using late = await app.join(owner.roomId)
    expect((await late.next('hello')).gifts).toHaveLength(3)
    expect((await app.call('POST', path, owner, { gift: 'flower' })).error).toBe('self_refused')
    await app.call('PUT', `/live/${owner.roomId}/bans/${giver.userId}`, owner)
    expect((await app.call('POST', path, giver, { gift: 'flower' })).error).toBe('banned_here')
  })

  it('of many at once never take more than there is, and the ledger adds up', async () => {
    const { app, goLive, grant } = await setUp(db)
    await using _app = app
    const [owner, giver] = [await app.signUp(), await app.signUp()]
    await goLive(owner)
    await app.coins.signIn(giver.userId)
    await grant(giver, 44)
    const path = `/live/${owner.roomId}/gifts`
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => app.call<{ gift: Gift }>('POST', path, giver, { gift: 'coffee' })),
    )
    const paid = answers.filter(({ status }) => status === 200)
    expect(paid).toHaveLength(10)
    expect(new Set(answers.flatMap(({ error }) => error ?? []))).toEqual(new Set(['coins_insufficient']))
    expect(await app.coins.balanceOf(giver.userId)).toBe(0)
    expect(paid.map(({ data }) => data.gift.combo).sort((a, b) => a - b)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ])
    const entries = await db.selectFrom('coin_entry').select(['user_id', 'amount']).execute()
    for (const who of [owner, giver]) {
      const sum = entries.filter((e) => e.user_id === who.userId).reduce((n, e) => n + e.amount, 0)
      expect(await app.coins.balanceOf(who.userId)).toBe(sum)
    }
    const plan = await explain(db, gifts.topQuery(db, owner.userId, 20))
    expect(plan, plan.text).toMatchObject({ fullScan: false, sorts: false })
  })

  it('and back, from both sides at once, end without a deadlock', async () => {
    const { app, goLive, grant } = await setUp(db)
    await using _app = app
    const [a, b] = [await app.signUp(), await app.signUp()]
    for (const who of [a, b]) {
      await goLive(who)
      await grant(who, 50)
    }
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => [
        app.call('POST', `/live/${b.roomId}/gifts`, a, { gift: 'flower' }),
        app.call('POST', `/live/${a.roomId}/gifts`, b, { gift: 'flower' }),
      ]).flat(),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(200))
    expect((await app.coins.balanceOf(a.userId)) + (await app.coins.balanceOf(b.userId))).toBe(100 + 12)
  })
})

describe.each(testDatabases())('likes on $name', ({ open }) => {
  // Making one costs more than all that is asked of it.
  let db: Db
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  it('are counted together, for those who are signed in, as fast as fingers', async () => {
    const { app, goLive } = await setUp(db)
    await using _app = app
    const [owner, viewer] = [await app.signUp(), await app.signUp()]
    await goLive(owner)
    using reader = await app.join(owner.roomId)
    using socket = await app.join(owner.roomId, viewer)
    reader.say({ type: 'like', count: 10 })
    socket.say({ type: 'like', count: 7 })
    expect(await reader.next('likes')).toEqual({ type: 'likes', likes: 7 })
    expect((await app.call('GET', `/live/${owner.roomId}`)).data).toMatchObject({ likes: 7 })
    for (let n = 0; n < 5; n++) socket.say({ type: 'like', count: 60 })
    const { likes } = await reader.next('likes')
    expect(likes).toBeGreaterThanOrEqual(60)
    expect(likes).toBeLessThan(120)
  })
})

describe.each(testDatabases())('announced broadcasts on $name', ({ open }) => {
  // Making one costs more than all that is asked of it.
  let db: Db
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  const reminded = async (of: Person) =>
    (
      await db
        .selectFrom('event')
        .select(['type', 'payload'])
        .where('type', '=', 'schedule.reminded')
        .execute()
    )
      .map(({ payload }) => JSON.parse(payload) as EventOf<'schedule.reminded'>['payload'])
      .filter(({ owner_id: ownerId }) => ownerId === of.userId)

  it('are shown, moved, and remind ten minutes before and at the start, each once', async () => {
    const { clock, ahead } = movable()
    const { app, goLive, keyOf } = await setUp(db, clock)
    await using _app = app
    const [owner, viewer, stranger] = [await app.signUp(), await app.signUp(), await app.signUp()]
    const at = (minutes: number) => new Date(clock.now() + minutes * 60_000).toISOString()
    const wrong = await app.call('POST', '/me/room/schedule', owner, { title: 'x', starts_at: at(-1) })
    expect(wrong.error).toBe('time_refused')
    const { data: made } = await app.call<Scheduled>('POST', '/me/room/schedule', owner, {
      title: '周五见',
      starts_at: at(30),
    })
    expect((await app.call('PATCH', `/me/room/schedule/${made.id}`, viewer, { title: 'mine' })).status).toBe(
      404,
    )
    expect((await app.call('PUT', `/schedule/${made.id}/reminder`)).status).toBe(401)
    for (let n = 0; n < 2; n++) {
      const on = await app.call<Scheduled>('PUT', `/schedule/${made.id}/reminder`, viewer)
      expect(on.data).toMatchObject({ reminders: 1, mine: { reminded: true } })
    }
    for (const [path, who] of [
      [`/live/${owner.roomId}/schedule`, viewer],
      ['/schedule', viewer],
      ['/schedule?mine=true', viewer],
    ] as const) {
      const { data } = await app.call<{ items: Scheduled[] }>('GET', path, who)
      expect(data.items, path).toMatchObject([{ id: made.id, title: '周五见', mine: { reminded: true } }])
    }
    expect((await app.call('GET', '/schedule?mine=true', stranger)).data).toEqual({ items: [] })

    // Tokens do not outlive the moves of the clock.
    const key = await keyOf(owner)
    await app.live.schedule.sweep()
    expect(await reminded(owner)).toEqual([])
    ahead(21 * 60_000)
    await Promise.all([app.live.schedule.sweep(), app.live.schedule.sweep()])
    await app.live.schedule.sweep()
    expect(await reminded(owner)).toMatchObject([
      { schedule_id: made.id, what: 'soon', user_ids: [viewer.userId], title: '周五见' },
    ])
    await goLive(owner, key)
    await Promise.all([app.live.schedule.sweep(), app.live.schedule.sweep()])
    await app.live.schedule.sweep()
    expect((await reminded(owner)).map(({ what }) => what)).toEqual(['soon', 'started'])
    const { data } = await app.call<{ items: Scheduled[] }>('GET', `/live/${owner.roomId}/schedule`)
    expect(data.items).toMatchObject([{ state: 'started', mine: { reminded: false } }])
  })

  it('that move remind anew, and those called off say so', async () => {
    const { clock, ahead } = movable()
    const { app } = await setUp(db, clock)
    await using _app = app
    const [owner, viewer] = [await app.signUp(), await app.signUp()]
    const at = (minutes: number) => new Date(clock.now() + minutes * 60_000).toISOString()
    const { data: made } = await app.call<Scheduled>('POST', '/me/room/schedule', owner, {
      title: 'a',
      starts_at: at(5),
    })
    await app.call('PUT', `/schedule/${made.id}/reminder`, viewer)
    await app.live.schedule.sweep()
    await app.call('PATCH', `/me/room/schedule/${made.id}`, owner, { starts_at: at(60) })
    ahead(52 * 60_000)
    await app.live.schedule.sweep()
    await app.live.schedule.cancel(owner.userId, made.id)
    expect((await reminded(owner)).map(({ what }) => what)).toEqual(['soon', 'soon', 'cancelled'])
    await expect(app.live.schedule.remind(viewer.userId, made.id, true)).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('are at most twenty at a time', async () => {
    const { app } = await setUp(db)
    await using _app = app
    const owner = await app.signUp()
    const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
    await Promise.all(
      Array.from({ length: 20 }, () =>
        app.call('POST', '/me/room/schedule', owner, { title: 'b', starts_at: at(600) }),
      ),
    )
    expect((await app.call('POST', '/me/room/schedule', owner, { title: 'c', starts_at: at(9) })).error).toBe(
      'too_many',
    )
  })
})

describe.each(testDatabases())('a raid on $name', ({ open }) => {
  // Making one costs more than all that is asked of it.
  let db: Db
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  it('counts down, takes along who does not stay, arrives once, and ends the session', async () => {
    const { clock, ahead } = movable()
    const { app, goLive } = await setUp(db, clock)
    await using _app = app
    const [owner, host] = [await app.signUp(), await app.signUp()]
    const raid = (body: object) => app.call<{ id: string }>('POST', '/me/room/raid', owner, body)
    expect((await raid({ room_id: host.roomId })).error).toBe('room_not_live')
    await goLive(owner)
    expect((await raid({ room_id: host.roomId })).error).toBe('room_not_live')
    await goLive(host)
    expect((await raid({ room_id: owner.roomId })).error).toBe('self_refused')

    using first = await app.join(owner.roomId)
    using stays = await app.join(owner.roomId, await app.signUp())
    using there = await app.join(host.roomId)
    const started = await raid({ room_id: host.roomId })
    expect(started.status).toBe(200)
    expect((await raid({ room_id: host.roomId })).error).toBe('raid_running')
    expect(await first.next('raid')).toMatchObject({ id: started.data.id, to: { id: host.roomId } })
    expect((await app.call('DELETE', '/me/room/raid', owner)).status).toBe(200)
    expect(await first.next('raid_cancelled')).toEqual({ type: 'raid_cancelled', id: started.data.id })
    expect((await app.call('DELETE', '/me/room/raid', owner)).status).toBe(404)

    const { data: again } = await raid({ room_id: host.roomId })
    using late = await app.join(owner.roomId)
    expect((await late.next('hello')).raid).toMatchObject({ id: again.id })
    stays.say({ type: 'stay', raid_id: again.id })
    await expect
      .poll(() => db.selectFrom('raid').select('stays').where('id', '=', again.id).executeTakeFirstOrThrow())
      .toMatchObject({ stays: 1 })
    ahead(countdownMs)
    await Promise.all([app.live.raids.sweep(), app.live.raids.sweep()])
    const arrived = await there.next('raided')
    expect(arrived).toMatchObject({ id: again.id, from: { id: owner.roomId }, viewers: 2 })
    expect(there.messages.filter(({ type }) => type === 'raided')).toHaveLength(1)
    await expect
      .poll(async () => (await app.call<{ state: string }>('GET', `/live/${owner.roomId}`)).data.state)
      .toBe('idle')
  })
})
