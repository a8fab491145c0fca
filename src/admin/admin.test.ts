/** Owns the tests of administration over HTTP on both pairs of engines. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, enginePairs, freshMobile } from '../../tests/app.ts'
import type { SignedUp, TestApp } from '../../tests/app.ts'

const users = '/api/v1/admin/users'

interface Person {
  id: string
  nickname: string
  mobile: string
  banned: { reason: string; until: string | null } | null
}
interface Items<T> {
  items: T[]
  next_cursor: string | null
}

describe.each(enginePairs())('administration on $name', (pair) => {
  let test: TestApp
  let admin: { token: string; userId: string }
  beforeAll(async () => {
    test = await createTestApp({ pair, environment: { VIREO_USER_QUOTA: '2G' } })
    const json = { token: await test.app.newSetupToken(), mobile: freshMobile(), password: 'a-Good-one-9' }
    const made = await test.call('POST', '/api/v1/setup', { json })
    const data = made.body.data as { access_token: string; user: { id: string } }
    admin = { token: data.access_token, userId: data.user.id }
  })
  afterAll(() => test[Symbol.asyncDispose]())

  const ask = async <T>(method: string, path: string, json?: object, token = admin.token) => {
    const answer = await test.call(method, path, { token, ...(json && { json }) })
    return { status: answer.status, error: answer.body.error, data: answer.body.data as T }
  }
  const found = async (q: string): Promise<string[]> =>
    (await ask<Items<Person>>('GET', `${users}?q=${encodeURIComponent(q)}`)).data.items.map(({ id }) => id)
  const audited = async (subject: string): Promise<string[]> =>
    (await ask<Items<{ action: string }>>('GET', `/api/v1/admin/audit?subject=${subject}`)).data.items.map(
      ({ action }) => action,
    )
  const draft = async (owner: SignedUp, title: string): Promise<string> =>
    (await ask<{ id: string }>('POST', '/api/v1/videos', { title }, owner.token)).data.id

  it('finds people by nickname, user name, id, number and its last four digits, and masks the number', async () => {
    const someone = await test.signUp({ nickname: 'Élan 白鹭', username: 'white_egret' })
    for (const q of ['élan', 'ÉLAN 白', 'white_eg', '@white_egret', someone.userId, someone.mobile])
      expect(await found(q), q).toContain(someone.userId)
    expect(await found(someone.mobile.slice(-4))).toContain(someone.userId)
    expect(await found('nobody is called so')).toEqual([])
    const { data } = await ask<Person>('GET', `${users}/${someone.userId}`)
    expect(data.mobile).not.toBe(someone.mobile)
    expect(data.mobile).toContain('****')
  })

  it('finds a changed nickname, and pages through people without losing or repeating one', async () => {
    const made: string[] = []
    for (let n = 0; n < 7; n++) made.push((await test.signUp({ nickname: `翠鸟${n}` })).userId)
    for (const query of ['?limit=3', `?limit=3&q=${encodeURIComponent('翠鸟')}`, '?limit=2&role=user']) {
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
        const { data } = await ask<Items<Person>>('GET', `${users}${query}${more}`)
        seen.push(...data.items.map(({ id }) => id))
        cursor = data.next_cursor
      } while (cursor !== null)
      expect(new Set(seen).size, query).toBe(seen.length)
      expect(seen, query).toEqual(expect.arrayContaining(made))
    }
  })

  it('bans: signs out everywhere, refuses signing in, is undone by lifting, and stands in the log', async () => {
    const someone = await test.signUp()
    const ban = await ask<Person>('PUT', `${users}/${someone.userId}/ban`, { reason: '刷屏', until: null })
    expect(ban.data.banned).toMatchObject({ reason: '刷屏', until: null })
    const refresh = { json: { refresh_token: someone.refreshToken } }
    expect((await ask('GET', '/api/v1/me', undefined, someone.token)).status).toBe(401)
    expect((await test.call('POST', '/passport/refresh', refresh)).status).toBe(401)
    const login = { json: { account: someone.mobile, password: someone.password } }
    expect((await test.call('POST', '/passport/login', login)).body.error).toBe('user_banned')
    const listed = await ask<Items<Person>>('GET', `${users}?banned=true`)
    expect(listed.data.items.map(({ id }) => id)).toContain(someone.userId)

    expect((await ask('DELETE', `${users}/${someone.userId}/ban`)).status).toBe(200)
    // The sessions from before stay ended.
    expect((await ask('GET', '/api/v1/me', undefined, someone.token)).status).toBe(401)
    expect((await test.call('POST', '/passport/login', login)).status).toBe(200)
    expect(await audited(someone.userId)).toEqual(['user.unbanned', 'user.banned', 'user.registered'])
  })

  it('ends a ban by itself when its time is over', async () => {
    const someone = await test.signUp()
    const until = new Date(Date.now() + 700).toISOString()
    expect((await ask('PUT', `${users}/${someone.userId}/ban`, { reason: 'x', until })).status).toBe(200)
    await expect
      .poll(async () => (await ask<Person>('GET', `${users}/${someone.userId}`)).data.banned, {
        timeout: 15_000,
      })
      .toBeNull()
    expect(await audited(someone.userId)).toEqual(['user.unbanned', 'user.banned', 'user.registered'])
    const past = { reason: 'x', until: '2020-01-01T00:00:00.000Z' }
    expect((await ask('PUT', `${users}/${someone.userId}/ban`, past)).error).toBe('params_invalid')
  })

  it('lists and ends the devices of somebody, and only theirs', async () => {
    const [someone, other] = [await test.signUp(), await test.signUp()]
    const listOf = async (id: string) =>
      (await ask<Items<{ id: string }>>('GET', `${users}/${id}/sessions`)).data.items
    const [session] = await listOf(someone.userId)
    const wrong = await ask('DELETE', `${users}/${other.userId}/sessions/${session?.id}`)
    expect(wrong.error).toBe('not_found')
    expect((await ask('GET', '/api/v1/me', undefined, someone.token)).status).toBe(200)
    expect((await ask('DELETE', `${users}/${someone.userId}/sessions/${session?.id}`)).status).toBe(200)
    expect((await ask('GET', '/api/v1/me', undefined, someone.token)).status).toBe(401)
    expect(await listOf(someone.userId)).toEqual([])
    expect((await ask('DELETE', `${users}/${other.userId}/sessions`)).data).toEqual({ ended: 1 })
    expect((await ask('GET', '/api/v1/me', undefined, other.token)).status).toBe(401)
  })

  it('never leaves the site without an administrator, even if two demote each other at once', async () => {
    expect((await ask('PUT', `${users}/${admin.userId}/role`, { role: 'user' })).error).toBe('last_admin')
    expect((await ask('PUT', `${users}/${admin.userId}/ban`, { reason: 'x' })).error).toBe('forbidden')
    const second = await test.signUp()
    await ask('PUT', `${users}/${second.userId}/role`, { role: 'admin' })
    const answers = await Promise.all([
      ask('PUT', `${users}/${admin.userId}/role`, { role: 'user' }, second.token),
      ask('PUT', `${users}/${second.userId}/role`, { role: 'user' }, admin.token),
    ])
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const left = answers[0]?.status === 200 ? second.token : admin.token
    const back = await ask('PUT', `${users}/${admin.userId}/role`, { role: 'admin' }, left)
    expect(back.status).toBe(200)
    expect(await audited(second.userId)).toContain('user.role_changed')
  })

  it('lets moderators see videos and broadcasts, and nothing of people, jobs, settings and log', async () => {
    const moderator = await test.signUp()
    await ask('PUT', `${users}/${moderator.userId}/role`, { role: 'moderator' })
    for (const area of ['videos', 'live', 'live/closed', 'stats'])
      expect((await ask('GET', `/api/v1/admin/${area}`, undefined, moderator.token)).status, area).toBe(200)
    for (const area of ['users', 'jobs', 'settings', 'audit'])
      expect((await ask('GET', `/api/v1/admin/${area}`, undefined, moderator.token)).status, area).toBe(403)
  })

  it('takes a video down and puts it back; deletes and restores one; each stands in the log', async () => {
    const owner = await test.signUp()
    const id = await draft(owner, '要下架的视频')
    const one = `/api/v1/admin/videos/${id}`
    const mine = async () =>
      (
        await ask<{ taken_down: object | null; delete_time: string | null }>(
          'GET',
          `/api/v1/me/videos?limit=1`,
          undefined,
          owner.token,
        )
      ).data as unknown as Items<{ taken_down: { reason: string } | null }>
    const shelf = async (query: string) =>
      (await ask<Items<{ id: string }>>('GET', `/api/v1/admin/videos?${query}`)).data.items.map((v) => v.id)

    expect((await ask('PUT', `${one}/take_down`, { reason: '侵权' })).status).toBe(200)
    expect((await mine()).items[0]?.taken_down).toEqual({ reason: '侵权' })
    expect(await shelf('state=taken_down')).toContain(id)
    expect(await shelf(`q=${encodeURIComponent('要下架')}`)).toContain(id)
    expect(await shelf(`q=${id}`)).toEqual([id])
    expect(await shelf(`user=${owner.userId}`)).toEqual([id])
    expect((await ask('DELETE', `${one}/take_down`)).status).toBe(200)
    expect((await mine()).items[0]?.taken_down).toBeNull()
    expect((await ask('DELETE', one)).status).toBe(200)
    expect((await mine()).items).toEqual([])
    expect(await shelf('state=deleted')).toContain(id)
    // Its owner may take it out of the trash: it stays taken down.
    expect((await ask('POST', `/api/v1/videos/${id}/restore`, {}, owner.token)).status).toBe(200)
    expect((await mine()).items[0]?.taken_down).not.toBeNull()
    expect((await ask('DELETE', one)).status).toBe(200)
    expect((await ask('POST', `${one}/restore`)).status).toBe(200)
    expect((await mine()).items[0]?.taken_down).toBeNull()
    expect((await ask('POST', `${one}/retry`)).error).toBe('conflict')
    expect((await ask('PUT', '/api/v1/admin/videos/zzzzzzzzzzzz/take_down', { reason: '' })).status).toBe(404)
    expect(await audited(id)).toEqual([
      'video.restored',
      'video.removed',
      'video.removed',
      'video.put_back',
      'video.taken_down',
    ])
  })

  it('closes a room and opens it again', async () => {
    const owner = await test.signUp()
    const room = `/api/v1/admin/live/${owner.roomId}`
    const closed = async () =>
      (await ask<Items<{ id: string; reason: string }>>('GET', '/api/v1/admin/live/closed')).data.items
    expect((await ask('POST', `${room}/cut`)).error).toBe('room_not_live')
    expect((await ask('PUT', `${room}/close`, { reason: '违规' })).status).toBe(200)
    expect(await closed()).toContainEqual(expect.objectContaining({ id: owner.roomId, reason: '违规' }))
    expect((await ask('DELETE', `${room}/close`)).status).toBe(200)
    expect((await closed()).map(({ id }) => id)).not.toContain(owner.roomId)
    expect(await audited(owner.roomId)).toEqual(['room.opened', 'room.closed'])
  })

  it('changes settings that everybody sees at once; what the environment fixes stays', async () => {
    const before = await ask<{ fixed: { key: string }[]; values: { user_quota_bytes: number } }>(
      'GET',
      '/api/v1/admin/settings',
    )
    expect(before.data.fixed).toEqual([{ key: 'user_quota_bytes', setting: 'VIREO_USER_QUOTA' }])
    expect(before.data.values.user_quota_bytes).toBe(2 * 1024 ** 3)
    const change = {
      site_name: '青鸟',
      icp_number: '京ICP备12345678号',
      keywords: ['坏 词'],
      registration: 'closed',
    }
    expect((await ask('PATCH', '/api/v1/admin/settings', change)).status).toBe(200)
    await expect
      .poll(async () => (await test.call('GET', '/api/v1/site')).body.data)
      .toMatchObject({ name: '青鸟', icp_number: '京ICP备12345678号', registration: 'closed' })
    await expect(test.signUp()).rejects.toThrow('registration_closed')
    const fixed = await ask('PATCH', '/api/v1/admin/settings', { user_quota_bytes: 5_000_000_000 })
    expect(fixed.error).toBe('setting_fixed')
    const back = { site_name: null, registration: null }
    expect(
      (await ask<{ values: object }>('PATCH', '/api/v1/admin/settings', back)).data.values,
    ).toMatchObject({
      site_name: 'Vireo',
      registration: 'open',
      keywords: ['坏 词'],
    })
    const log = await ask<Items<object>>('GET', '/api/v1/admin/audit?action=settings.changed')
    expect(log.data.items).toHaveLength(2)
  })

  it('counts the day', async () => {
    const { data } = await ask<{ today: { users: number }; disk: { total_bytes: number } }>(
      'GET',
      '/api/v1/admin/stats',
    )
    expect(data.today.users).toBeGreaterThan(5)
    expect(data.disk.total_bytes).toBeGreaterThan(0)
  })

  it('lists jobs in each state, and refuses what can not be done with one', async () => {
    for (const state of ['queued', 'running', 'done', 'failed', 'cancelled'])
      expect((await ask('GET', `/api/v1/admin/jobs?state=${state}`)).status, state).toBe(200)
    expect((await ask('POST', '/api/v1/admin/jobs/00000000000000000000000000/retry')).error).toBe('not_found')
    expect((await ask('POST', '/api/v1/admin/jobs/00000000000000000000000000/cancel')).error).toBe(
      'not_found',
    )
    const { data } = await ask<Items<{ id: string }>>('GET', '/api/v1/admin/jobs?state=done')
    for (const { id } of data.items.slice(0, 1)) {
      expect((await ask('POST', `/api/v1/admin/jobs/${id}/retry`)).error).toBe('conflict')
      expect((await ask('POST', `/api/v1/admin/jobs/${id}/cancel`)).error).toBe('conflict')
    }
  })
})
