/** Owns the matrix of security requirement 44 and 45: every route for nobody, its owner, somebody else and an administrator. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, enginePairs, freshMobile } from './app.ts'
import type { SignedUp, TestApp } from './app.ts'

interface OpenApi {
  paths: Record<string, Record<string, { security?: Record<string, string[]>[] }>>
}

describe.each(enginePairs())('authorization on $name', (pair) => {
  let test: TestApp
  let owner: SignedUp
  let other: SignedUp
  let adminToken: string
  let videoId: string
  let scheduleId: string
  let destinationId: string
  beforeAll(async () => {
    test = await createTestApp({ pair })
    owner = await test.signUp()
    other = await test.signUp()
    const setup = { token: await test.app.newSetupToken(), mobile: freshMobile(), password: 'a-Good-one-9' }
    adminToken = (
      (await test.call('POST', '/api/v1/setup', { json: setup })).body.data as { access_token: string }
    ).access_token
    const draft = await test.call('POST', '/api/v1/videos', {
      token: owner.token,
      json: { title: '秘密', visibility: 'private' },
    })
    videoId = (draft.body.data as { id: string }).id
    const ofOwner = async (path: string, json: object): Promise<string> => {
      const made = await test.call('POST', `/api/v1/me/room/${path}`, { token: owner.token, json })
      return (made.body.data as { id: string }).id
    }
    const starts_at = new Date(Date.now() + 3600_000).toISOString()
    scheduleId = await ofOwner('schedule', { title: 'x', starts_at })
    destinationId = await ofOwner('destinations', {
      name: 'x',
      url: 'rtmp://8.8.8.8/app',
      stream_key: 'key-of-elsewhere',
    })
  })
  afterAll(() => test[Symbol.asyncDispose]())

  /** All that the owner has, to compare before and after. */
  const belongings = async (): Promise<string> => {
    const seen = []
    for (const path of [
      '/api/v1/me',
      '/api/v1/me/room',
      '/api/v1/me/videos',
      '/api/v1/me/videos?trash=true',
      `/api/v1/videos/${videoId}`,
      `/api/v1/live/${owner.roomId}/mutes`,
      `/api/v1/live/${owner.roomId}/bans`,
      `/api/v1/live/${owner.roomId}/rules`,
      `/api/v1/live/${owner.roomId}/moderators`,
      `/api/v1/live/${owner.roomId}/schedule`,
      '/api/v1/me/room/destinations',
      '/api/v1/me/room/overlay',
    ]) {
      const { status, body } = await test.call('GET', path, { token: owner.token })
      seen.push({ path, status, data: body.data as unknown })
    }
    return JSON.stringify(seen)
  }

  it('answers 401 to nobody on every route that needs somebody', async () => {
    const document = (await (await fetch(`${test.base}/openapi.json`)).json()) as OpenApi
    let routes = 0
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, { security }] of Object.entries(operations)) {
        const needsSomebody = security !== undefined && !security.some((way) => Object.keys(way).length === 0)
        if (!needsSomebody) continue
        routes++
        const address = path.replace(/\{\w+\}/g, 'xxxxxxxxxxxx')
        const answer = await test.call(method.toUpperCase(), address, method === 'get' ? {} : { json: {} })
        expect(answer.status, `${method} ${address}`).toBe(401)
        expect(answer.body.error).toBe('unauthenticated')
      }
    }
    expect(routes).toBeGreaterThan(20)
  })

  it('refuses somebody else, says nothing of what is private, and changes nothing', async () => {
    const before = await belongings()
    const video = `/api/v1/videos/${videoId}`
    const room = `/api/v1/live/${owner.roomId}`
    const attempts: [method: string, path: string, json?: object][] = [
      ['GET', video],
      ['PATCH', video, { title: 'mine now', visibility: 'public' }],
      ['DELETE', video],
      ['POST', `${video}/restore`],
      ['GET', `${video}/related`],
      ['GET', `${video}/posters`],
      ['PUT', `${video}/cover`, { poster: 'p0' }],
      ['GET', `${video}/job`],
      ['POST', `${video}/plays`, {}],
      ['PUT', `${video}/like`],
      ['DELETE', `${video}/like`],
      ['PUT', `${video}/favourite`],
      ['POST', `${video}/coin`, { amount: 1 }],
      ['POST', `${video}/triple`, {}],
      ['POST', `${video}/share`, {}],
      ['GET', `${video}/comments`],
      ['POST', `${video}/comments`, { text: 'x' }],
      ['GET', `${video}/progress`],
      ['POST', '/api/v1/me/watch_later', { video_id: videoId }],
      ['GET', `${video}/danmaku`],
      ['POST', `${video}/danmaku`, { text: 'x', time: 0 }],
      ['PUT', `/api/v1/live/${owner.roomId}/mutes/${other.userId}`, { minutes: 5 }],
      ['DELETE', `/api/v1/live/${owner.roomId}/mutes/${other.userId}`],
      ['GET', `/api/v1/live/${owner.roomId}/mutes`],
      ['GET', `${room}/rules`],
      ['PATCH', `${room}/rules`, { slow_seconds: 5 }],
      ['GET', `${room}/bans`],
      ['PUT', `${room}/bans/${owner.userId}`],
      ['DELETE', `${room}/bans/${other.userId}`],
      ['PUT', `${room}/moderators/${other.userId}`],
      ['DELETE', `${room}/moderators/${owner.userId}`],
      ['POST', `${room}/purges/${owner.userId}`],
      ['PUT', `${room}/pin`, { text: 'x' }],
      ['DELETE', `${room}/pin`],
      ['PATCH', `/api/v1/me/room/schedule/${scheduleId}`, { title: 'mine now' }],
      ['DELETE', `/api/v1/me/room/schedule/${scheduleId}`],
      ['PATCH', `/api/v1/me/room/destinations/${destinationId}`, { name: 'mine now' }],
      ['DELETE', `/api/v1/me/room/destinations/${destinationId}`],
    ]
    for (const [method, path, json] of attempts) {
      const given = json === undefined ? {} : { json }
      const foreign = await test.call(method, path, { token: other.token, ...given })
      expect([403, 404], `${method} ${path}: ${JSON.stringify(foreign.body)}`).toContain(foreign.status)
      // What is private answers exactly as what is not there.
      const nothing = await test.call(method, path.replace(videoId, 'zzzzzzzzzzzz'), {
        token: other.token,
        ...given,
      })
      expect({ ...foreign.body, request_id: '' }, `${method} ${path}`).toEqual({
        ...nothing.body,
        request_id: '',
      })
      const nobody = await test.call(method, path, given)
      expect([401, 404], `${method} ${path}`).toContain(nobody.status)
    }
    expect(await belongings()).toBe(before)
  })

  it('lets an administrator moderate a room without owning it', async () => {
    const mute = `/api/v1/live/${owner.roomId}/mutes/${other.userId}`
    expect((await test.call('PUT', mute, { token: adminToken, json: { minutes: 5 } })).status).toBe(200)
    expect((await test.call('DELETE', mute, { token: adminToken })).status).toBe(200)
  })

  it('hands out what users brought so that it can do nothing as a page', async () => {
    for (const path of [
      '/play/videos/xxxxxxxxxxxx/master.m3u8',
      `/play/live/${owner.roomId}/cover.jpg`,
      '/play/images/covers/x.jpg',
    ]) {
      const { headers } = await fetch(`${test.base}${path}`)
      expect(headers.get('content-security-policy'), path).toBe(
        "default-src 'none'; sandbox; frame-ancestors 'none'",
      )
      expect(headers.get('x-content-type-options'), path).toBe('nosniff')
    }
  })

  it('never shows a hash, a key, a token or a whole number', async () => {
    const key = await test.call('POST', '/api/v1/me/room/stream_key', { token: owner.token, json: {} })
    const secret = (key.body.data as { stream_key: string }).stream_key
    for (const token of [owner.token, other.token, adminToken]) {
      for (const path of [
        '/api/v1/me',
        '/api/v1/me/room',
        '/api/v1/me/room/destinations',
        `/api/v1/users/${owner.userId}`,
        `/api/v1/live/${owner.roomId}`,
        '/api/v1/live',
        '/api/v1/videos',
        '/api/v1/site',
      ]) {
        const text = JSON.stringify((await test.call('GET', path, { token })).body)
        for (const hidden of [
          secret,
          'key-of-elsewhere',
          owner.mobile,
          owner.refreshToken,
          'argon2',
          'salt',
          'hash',
        ])
          expect(text, path).not.toContain(hidden)
      }
    }
  })
})
