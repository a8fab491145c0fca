/**
 * Owns the table of who may do what: every endpoint of the contract × nobody, its owner, somebody else, a moderator, an
 * administrator. An endpoint without a row fails.
 */
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Endpoint } from '../contract/endpoint.ts'
import { createTestApp, enginePairs, freshMobile } from './app.ts'
import type { Answer, EnginePair, SignedUp, TestApp } from './app.ts'
import { clip } from './fixtures/clips.ts'
import { until } from './machine.ts'
import { uploadFilm } from './upload.ts'

type Params = Record<string, string>

interface World {
  owner: SignedUp
  video: string
  secret: string
  comment: string
  danmaku: string
  post: string
  playlist: string
  folder: string
  nobody: string
  session: string
  peer: string
  hook: string
}

/**
 * `open` nobody's in particular. `own` the caller's own, whoever that is. `staff` as its access says. `shown` somebody's,
 * for all to see or to react to. `kept` somebody's, which others may not change. `hidden` somebody's that others may not
 * even know of: for them it is as if it were not there.
 */
type Kind = 'open' | 'own' | 'staff' | 'shown' | 'kept' | 'hidden'
interface Row {
  kind: Kind
  params?: (world: World) => Params
  body?: object
  /** Staff have a hand in it too. */
  moderated?: boolean
}

const open: Row = { kind: 'open' }
const own: Row = { kind: 'own' }
const staff: Row = { kind: 'staff', params: (w) => ({ id: w.nobody, session: w.nobody }) }
const id =
  (pick: (world: World) => string) =>
  (world: World): Params => ({ id: pick(world) })
const ofUser = (kind: Kind, body?: object): Row => ({
  kind,
  params: (w) => ({ id: w.owner.userId }),
  ...(body && { body }),
})
const ofVideo = (kind: Kind, body?: object): Row => ({
  kind,
  params: id((w) => w.video),
  ...(body && { body }),
})
const ofSecret = (body?: object): Row => ({
  kind: 'hidden',
  params: id((w) => w.secret),
  ...(body && { body }),
})
const ofComment = (kind: Kind, body?: object): Row => ({
  kind,
  params: id((w) => w.comment),
  ...(body && { body }),
})
const ofPost = (kind: Kind, body?: object): Row => ({
  kind,
  params: id((w) => w.post),
  ...(body && { body }),
})
const ofPlaylist = (body?: object): Row => ({
  kind: 'hidden',
  params: (w) => ({ id: w.playlist, video_id: w.video }),
  ...(body && { body }),
})
const ofDanmaku: Row = { kind: 'kept', params: id((w) => w.danmaku), moderated: true }
const ofRoom: Row = {
  kind: 'kept',
  params: (w) => ({ id: w.owner.roomId, user: w.peer }),
  body: { minutes: 5 },
  moderated: true,
}

const ofShownRoom: Row = { kind: 'shown', params: id((w) => w.owner.roomId) }

const rows: Readonly<Record<string, Row>> = {
  // passport and account
  ...Object.fromEntries(
    [
      'checkMobile',
      'emailCode',
      'login',
      'logout',
      'passkeySignIn',
      'passkeySignInOptions',
      'refresh',
      'register',
    ]
      .concat([
        'resetConfirm',
        'resetRequest',
        'smsCode',
        'twoStep',
        'twoStepPasskeyOptions',
        'getSite',
        'setup',
      ])
      .concat(['hotSearches', 'suggestSearches', 'listCategories', 'listVideos', 'listLive'])
      .map((name) => [name, open]),
  ),
  ...Object.fromEntries(
    ['confirmTotp', 'deleteMe', 'deleteSessions', 'deleteTotp', 'forgetDevices', 'getPasskeys', 'getSecurity']
      .concat(['getSessions', 'passkeyOptions', 'putEmail', 'putMobile', 'putPassword', 'registerPasskey'])
      .concat([
        'renewRecoveryCodes',
        'startTotp',
        'getMe',
        'patchMe',
        'postAvatar',
        'listBlocks',
        'socketTicket',
      ])
      .concat(['listMyCoins', 'createPost', 'getFeed', 'uploadPostPicture', 'clearHistory', 'createPlaylist'])
      .concat([
        'listHistory',
        'listMyPlaylists',
        'listWatchLater',
        'patchHistory',
        'endStream',
        'getMyRoom',
        'getMyHealth',
      ])
      .concat(['patchMyRoom', 'postRoomCover', 'rotateStreamKey', 'getPrivacy', 'getUnread', 'listMessages'])
      .concat(['patchPrivacy', 'readMessages', 'createReport', 'batchVideos', 'createFolder', 'createVideo'])
      .concat(['getMyStorage', 'listFavourites', 'listFolders', 'listMyVideos', 'addWatchLater'])
      .map((name) => [name, own]),
  ),
  deleteSession: { kind: 'hidden', params: id((w) => w.session) },
  deletePasskey: { ...own, params: id((w) => w.nobody) },
  patchPasskey: { ...own, params: id((w) => w.nobody) },
  // administration
  ...Object.fromEntries(
    [
      'deleteInvite',
      'getInvites',
      'postInvite',
      'cancelJob',
      'closeRoom',
      'cutLive',
      'deleteBan',
      'deleteUserSession',
    ]
      .concat([
        'deleteUserSessions',
        'getAdminUser',
        'getSettings',
        'getStats',
        'listAdminLive',
        'listAdminUsers',
      ])
      .concat(['listAdminVideos', 'listAudit', 'listClosedRooms', 'listJobs', 'listUserSessions', 'openRoom'])
      .concat([
        'patchSettings',
        'putBackVideo',
        'putBan',
        'putRole',
        'removeVideo',
        'restoreAnyVideo',
        'retryJob',
      ])
      .concat(['retryVideo', 'takeDownVideo', 'decideAppeal', 'decideReport', 'listReports'])
      .map((name) => [name, staff]),
  ),
  // videos
  getVideo: ofSecret(),
  relatedVideos: ofSecret(),
  playVideo: ofSecret({ position: 1 }),
  patchVideo: ofSecret({ title: 'mine now' }),
  getVideoJob: ofSecret(),
  listPosters: ofSecret(),
  choosePoster: { kind: 'hidden', params: id((w) => w.secret), body: { poster: 'p1' } },
  uploadCover: ofSecret(),
  uploadCaption: ofSecret(),
  deleteCaption: { kind: 'hidden', params: (w) => ({ id: w.secret, lang: 'en' }) },
  restoreVideo: ofSecret({}),
  likeVideo: ofSecret({}),
  unlikeVideo: ofSecret(),
  favouriteVideo: ofSecret({}),
  unfavouriteVideo: ofSecret(),
  coinVideo: ofSecret({ amount: 1 }),
  tripleVideo: ofSecret({}),
  shareVideo: ofSecret({}),
  deleteVideo: ofSecret(),
  listUserVideos: ofUser('shown'),
  renameFolder: { kind: 'hidden', params: id((w) => w.folder), body: { name: 'mine now' } },
  deleteFolder: { kind: 'hidden', params: id((w) => w.folder) },
  // danmaku
  getDensity: ofSecret(),
  getClipSource: ofSecret(),
  listVideoDanmaku: ofSecret(),
  postVideoDanmaku: ofSecret({ text: 'x', time: 0 }),
  listOwnDanmaku: { ...ofVideo('kept'), moderated: true },
  importDanmaku: { ...ofVideo('kept'), moderated: true },
  lockDanmaku: { ...ofVideo('kept', {}), moderated: true },
  unlockDanmaku: { ...ofVideo('kept'), moderated: true },
  protectDanmaku: ofDanmaku,
  unprotectDanmaku: ofDanmaku,
  deleteDanmaku: ofDanmaku,
  listLiveDanmaku: { kind: 'shown', params: id((w) => w.owner.roomId) },
  // comments
  listComments: ofSecret(),
  postComment: ofSecret({ text: 'x' }),
  listPostComments: ofPost('shown'),
  commentOnPost: ofPost('shown', { text: '好的' }),
  getComment: ofComment('shown'),
  listReplies: ofComment('shown'),
  postReply: ofComment('shown', { text: '好的' }),
  likeComment: ofComment('shown', {}),
  unlikeComment: ofComment('shown'),
  patchComment: ofComment('kept', { text: 'mine now' }),
  pinComment: ofComment('kept', {}),
  unpinComment: ofComment('kept'),
  deleteComment: { ...ofComment('kept'), moderated: true },
  // library
  getProgress: ofSecret(),
  removeWatchLater: { ...own, params: id((w) => w.video) },
  getPlaylist: ofPlaylist(),
  listPlaylistVideos: ofPlaylist(),
  patchPlaylist: ofPlaylist({ title: 'mine now' }),
  addPlaylistVideo: ofPlaylist({}),
  movePlaylistVideo: ofPlaylist({ after: null }),
  removePlaylistVideo: ofPlaylist(),
  deletePlaylist: ofPlaylist(),
  listUserPlaylists: ofUser('shown'),
  // people
  getUser: ofUser('shown'),
  listFollowers: ofUser('shown'),
  listFollowing: ofUser('shown'),
  followUser: ofUser('shown', {}),
  unfollowUser: ofUser('shown'),
  blockUser: { ...own, params: id((w) => w.nobody) },
  unblockUser: { ...own, params: id((w) => w.nobody) },
  listUserPosts: ofUser('shown'),
  getPost: ofPost('shown'),
  likePost: ofPost('shown'),
  unlikePost: ofPost('shown'),
  deletePost: { ...ofPost('kept'), moderated: true },
  listPrivateMessages: ofUser('shown'),
  sendPrivateMessage: ofUser('shown', { text: '你好', client_id: '00000000-0000-4000-8000-000000000000' }),
  muteConversation: ofUser('shown', {}),
  unmuteConversation: ofUser('shown'),
  appealCase: { ...own, params: id((w) => w.nobody) },
  getOwnCase: { ...own, params: id((w) => w.nobody) },
  // webhooks
  listWebhooks: own,
  createWebhook: own,
  patchWebhook: { kind: 'hidden', params: id((w) => w.hook), body: { active: false } },
  pingWebhook: { kind: 'hidden', params: id((w) => w.hook), body: {} },
  listDeliveries: { kind: 'hidden', params: id((w) => w.hook) },
  retryDelivery: { kind: 'hidden', params: (w) => ({ id: w.hook, delivery: w.nobody }), body: {} },
  deleteWebhook: { kind: 'hidden', params: id((w) => w.hook) },
  // rooms
  listGifts: open,
  openOverlay: open,
  listSchedule: open,
  ...Object.fromEntries(
    ['listSupporters', 'sendGift', 'listModerators', 'listRoomSchedule', 'listPeaks', 'makeClip'].map(
      (name) => [name, ofShownRoom],
    ),
  ),
  ...Object.fromEntries(
    ['addDestination', 'getMyOverlay', 'listDestinations', 'renewOverlay', 'cancelRaid', 'startRaid']
      .concat(['announceBroadcast', 'changeDestination', 'removeDestination', 'cancelBroadcast'])
      .concat(['changeBroadcast', 'remindMe', 'forgetReminder'])
      .map((name) => [name, { ...own, params: id((w) => w.nobody) }]),
  ),
  ...Object.fromEntries(
    ['banUser', 'liftBan', 'listBans', 'getRoomRules', 'purgeUser', 'appointModerator', 'dismissModerator']
      .concat(['unpinMessage'])
      .map((name) => [name, { ...ofRoom, body: {} }]),
  ),
  patchRoomRules: { ...ofRoom, body: { slow_seconds: 3 } },
  pinMessage: { ...ofRoom, body: { text: '置顶' } },
  getRoom: ofShownRoom,
  listMutes: ofRoom,
  muteUser: ofRoom,
  unmuteUser: ofRoom,
}

type Named = [name: string, endpoint: Endpoint]
const endpoints: Named[] = []
for (const file of readdirSync('contract')) {
  const module = (await import(`../contract/${file.slice(0, -3)}.ts`)) as Record<string, unknown>
  for (const [name, value] of Object.entries(module))
    if (
      typeof value === 'object' &&
      value !== null &&
      'method' in value &&
      'path' in value &&
      'access' in value
    )
      endpoints.push([name, value as Endpoint])
}

it('names every endpoint of the contract, and none that is not there', () => {
  expect(Object.keys(rows).sort()).toEqual(endpoints.map(([name]) => name).sort())
})

// The rules are the same on both: what they ask of the database is proven on both elsewhere.
describe.each(enginePairs().slice(0, 1))('access on $name', (pair: EnginePair) => {
  let test: TestApp
  let world: World
  let other: SignedUp
  let staffTokens: { moderator: string; admin: string }

  const call = (
    endpoint: Endpoint,
    params: Params,
    body: object | undefined,
    token?: string,
  ): Promise<Answer> => {
    const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? 'zzzzzzzzzzzz')
    const query = endpoint.path.endsWith('/captions') ? '?lang=en' : ''
    const json = endpoint.method === 'GET' || endpoint.multipart ? undefined : (body ?? undefined)
    return test.call(endpoint.method, path + query, {
      ...(json && { json }),
      ...(token !== undefined && { token }),
    })
  }

  const makeWorld = async (): Promise<World> => {
    const owner = await test.signUp()
    const make = async (path: string, json: object): Promise<string> => {
      const { status, body } = await test.call('POST', path, { token: owner.token, json })
      expect(status, `${path}: ${JSON.stringify(body)}`).toBe(200)
      return (body.data as { id: string }).id
    }
    const machine = {
      base: test.base,
      request: async (method: string, path: string, token?: string) => {
        const { status, body } = await test.call(method, path, token === undefined ? {} : { token })
        return { status, data: body.data as unknown, error: body.error }
      },
    }
    const video = await uploadFilm(machine, owner, clip('silent.mp4'), '大家的')
    // It comes a little later, perhaps between two looks that must show the same.
    await until('the storyboard is drawn', async () => {
      const { data } = await machine.request('GET', `/api/v1/videos/${video}`)
      return (data as { play: { storyboard: string | null } | null }).play?.storyboard !== null
    })
    const sessions = await test.call('GET', '/api/v1/passport/sessions', { token: owner.token })
    return {
      owner,
      peer: (await test.signUp()).userId,
      video,
      secret: await make('/api/v1/videos', { title: '秘密', visibility: 'private' }),
      comment: await make(`/api/v1/videos/${video}/comments`, { text: '第一' }),
      danmaku: await make(`/api/v1/videos/${video}/danmaku`, { text: '第一', time: 1 }),
      post: await make('/api/v1/posts', { text: '动态' }),
      playlist: await make('/api/v1/playlists', { title: '秘密', visibility: 'private' }),
      folder: await make('/api/v1/me/favourites/folders', { name: '秘密' }),
      nobody: 'zzzzzzzzzzzz',
      hook: await make('/api/v1/me/webhooks', { url: 'https://hooks.example/x', events: ['video.ready'] }),
      session: (sessions.body.data as { items: { id: string }[] }).items[0]?.id ?? '',
    }
  }

  beforeAll(async () => {
    test = await createTestApp({ pair })
    const setup = { token: await test.app.newSetupToken(), mobile: freshMobile(), password: 'a-Good-one-9' }
    const made = await test.call('POST', '/api/v1/setup', { json: setup })
    const admin = (made.body.data as { access_token: string }).access_token
    world = await makeWorld()
    other = await test.signUp()
    const moderator = await test.signUp()
    const json = { role: 'moderator' }
    await test.call('PUT', `/api/v1/admin/users/${moderator.userId}/role`, { token: admin, json })
    staffTokens = { moderator: moderator.token, admin }
  }, 120_000)
  afterAll(() => test[Symbol.asyncDispose]())

  /** All that is the owner's, as the owner sees it. */
  const belongings = async (): Promise<string> => {
    const { token } = world.owner
    const paths = [
      `/videos/${world.secret}`,
      `/videos/${world.video}/danmaku/all`,
      `/playlists/${world.playlist}`,
    ]
      .concat([
        '/me/favourites/folders',
        '/me/room',
        `/live/${world.owner.roomId}/mutes`,
        '/me/videos?state=draft',
      ])
      .concat([`/posts/${world.post}`, `/playlists/${world.playlist}/videos`])
    const seen = []
    for (const path of paths) {
      const { status, body } = await test.call('GET', `/api/v1${path}`, { token })
      seen.push([path, status, body.data as unknown])
    }
    const { body } = await test.call('GET', `/api/v1/comments/${world.comment}`, { token })
    const { comment } = body.data as { comment: { text: string; pinned: boolean; deleted: boolean } }
    // The folder that is always there is made when it is first needed.
    return JSON.stringify([seen, comment.text, comment.pinned, comment.deleted]).replace(
      /"create_time":"[^"]*"/g,
      '',
    )
  }

  const withoutId = ({ body }: Answer): object => ({ ...body, request_id: '' })

  it.each(endpoints)('%s lets in whom it should, and nobody else', async (name, endpoint) => {
    const row = rows[name] ?? open
    const params = row.params?.(world) ?? {}
    const nothing = Object.fromEntries(Object.keys(params).map((key) => [key, 'zzzzzzzzzzzz']))
    const what = `${name} ${endpoint.method} ${endpoint.path}`
    const as = (token?: string) => call(endpoint, params, row.body, token)
    const needsSomebody = endpoint.access !== 'none' && endpoint.access !== 'optional'
    const { moderator, admin } = staffTokens
    const before = row.kind === 'kept' || row.kind === 'hidden' ? await belongings() : ''

    const stranger = await as()
    if (needsSomebody) expect(stranger.status, what).toBe(401)
    else if (row.kind === 'hidden') expect(stranger.status, what).toBe(404)
    else expect(stranger.status, what).toBeLessThan(500)

    // One's own sessions are all that these end: done as anybody they end the test's.
    if (['deleteSessions', 'logout', 'deleteMe'].includes(name)) return
    const foreign = await as(other.token)
    expect(foreign.status, `${what}: ${JSON.stringify(foreign.body)}`).toBeLessThan(500)
    if (row.kind === 'staff') expect(foreign.status, what).toBe(403)
    if (row.kind === 'kept')
      expect([403, 404], `${what}: ${JSON.stringify(foreign.body)}`).toContain(foreign.status)
    if (row.kind === 'hidden') {
      // What is private answers as what is not there; what is idempotent may say that nothing is there in both cases.
      const absent = await call(
        endpoint,
        { ...params, ...nothing, ...(params['lang'] && { lang: 'en' }) },
        row.body,
        other.token,
      )
      expect(withoutId(foreign), what).toEqual(withoutId(absent))
      if (name !== 'deleteSession') expect(foreign.status, what).toBe(404)
    }
    if (['own', 'open', 'shown'].includes(row.kind)) expect(foreign.body.error, what).not.toBe('forbidden')
    if (before !== '') expect(await belongings(), what).toBe(before)

    const byModerator = await as(moderator)
    if (endpoint.access === 'admin') expect(byModerator.status, what).toBe(403)
    else if (row.kind === 'staff') expect([401, 403], what).not.toContain(byModerator.status)
    else if (row.kind === 'hidden' && name !== 'deleteSession') expect(byModerator.status, what).toBe(404)
    else if (row.kind === 'kept' && row.moderated !== true) expect(byModerator.status, what).toBe(403)
    else expect(byModerator.status, what).toBeLessThan(500)

    if (row.kind === 'staff') expect([401, 403], what).not.toContain((await as(admin)).status)
    if (row.kind === 'hidden' && name !== 'deleteSession') expect((await as(admin)).status, what).toBe(404)

    // What staff have deleted is not its owner's to delete any more; what ended a session is not asked again.
    const isGone = row.kind === 'kept' && endpoint.method === 'DELETE' && byModerator.status === 200
    if (isGone) world = await makeWorld()
    if (isGone || name === 'deleteSession') return
    if (row.kind === 'hidden' || row.kind === 'kept') {
      const mine = await as(world.owner.token)
      const allowed = [
        'restoreVideo',
        'choosePoster',
        'deleteCaption',
        'removePlaylistVideo',
        'movePlaylistVideo',
        'retryDelivery',
        'pinMessage',
        'unpinMessage',
        'purgeUser',
      ]
      expect(
        [401, 403, ...(allowed.includes(name) ? [] : [404])],
        `${what}: ${JSON.stringify(mine.body)}`,
      ).not.toContain(mine.status)
      expect(mine.status, what).toBeLessThan(500)
    }
    if (['deleteVideo', 'deletePlaylist', 'deleteFolder', 'deleteWebhook'].includes(name))
      world = await makeWorld()
  })
})
