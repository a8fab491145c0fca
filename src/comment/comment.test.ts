/** Comments on videos and posts over HTTP on both engines: threads, likes, pins, deletion, the guard against spam. */
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Comment } from '../../contract/comment.ts'
import type { EventOf } from '../../contract/events.ts'
import type { Video } from '../../contract/video.ts'
import { createAudit } from '../audit/index.ts'
import { createPostSubject } from '../feed/commented.ts'
import { findPost } from '../feed/post-store.ts'
import { createPosts } from '../feed/posts.ts'
import type { Posts } from '../feed/posts.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { explain } from '../platform/db/explain.ts'
import { migrate } from '../platform/db/migrate.ts'
import { migrations } from '../platform/db/migrations/index.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { createVideoTestApp } from '../video/testing.ts'
import type { Person, VideoTestApp } from '../video/testing.ts'
import { createComments, createVideoSubject, deleteCommentsOf, mountCommentRoutes } from './index.ts'
import type { CommentService } from './index.ts'
import { mentionsIn } from './rules.ts'
import * as store from './store.ts'

interface Page {
  items: Comment[]
  next_cursor: string | null
  total: number
}

describe('the rules of comments', () => {
  it('reads mentions, not addresses', () => {
    expect(mentionsIn('@Lark_1 你好 @wren, mail a@robin.org @ab @@swan @lark_1')).toEqual(['lark_1', 'wren'])
  })
})

const subjects = testDatabases().flatMap((engine) =>
  (['video', 'post'] as const).map((kind) => ({ name: `${kind}s on ${engine.name}`, engine, kind })),
)

describe.each(subjects)('comments on $name', ({ engine, kind }) => {
  const clock = createManualClock(Date.UTC(2026, 10, 22, 4))
  const refused: string[] = []
  let app: VideoTestApp
  let comments: CommentService
  let posts: Posts
  let ann: Person
  let bob: Person
  /** The id of a video or a post of Ann's. */
  let subject: string
  beforeAll(async () => {
    app = await createVideoTestApp(engine, {
      clock,
      also: ({ router, limits, videos, ...deps }) => {
        const audit = createAudit(deps)
        const isForbidden = async (text: string) => refused.some((word) => text.includes(word))
        // No pictures here.
        posts = createPosts({ ...deps, blobs: undefined as never, images: undefined as never })
        comments = createComments({
          ...{ ...deps, audit, isForbidden },
          subjects: { video: createVideoSubject(videos), post: createPostSubject(deps) },
        })
        videos.upkeep.alsoPurge(deleteCommentsOf)
        mountCommentRoutes({ router, service: comments, limits })
      },
    })
  })
  beforeEach(async () => {
    ann = await app.signUp()
    bob = await app.signUp()
    subject =
      kind === 'video'
        ? await app.addVideo(ann)
        : (await posts.create(ann.id, { text: 'a post', pictures: [] })).id
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const base = () => `/api/v1/${kind}s/${subject}/comments`
  let said = 0
  const say = async (by: Person, text = `words ${said++}`, parent?: string) => {
    clock.advance(100)
    return app.call<Comment>('POST', parent === undefined ? base() : `/api/v1/comments/${parent}/replies`, {
      by,
      json: { text },
    })
  }
  const list = async (query = '', by?: Person) =>
    (await app.call<Page>('GET', `${base()}?${query}`, by ? { by } : {})).data
  const countOf = async () =>
    kind === 'video'
      ? (await app.call<Video>('GET', `/api/v1/videos/${subject}`)).data.counts.comments
      : (await posts.get(subject, undefined)).counts.comments
  const hide = async () =>
    kind === 'video'
      ? app.call('PATCH', `/api/v1/videos/${subject}`, { by: ann, json: { visibility: 'private' } })
      : posts.remove(subject, { userId: ann.id, role: 'user' })
  const isModerator = async (person: Person) => {
    await app.db.updateTable('user').set({ role: 'moderator' }).where('id', '=', person.id).execute()
  }

  it('keeps threads of two levels, answered by name, page by page', async () => {
    const top = (await say(bob, '第一！ <b>x</b>\u202e')).data
    expect(top).toMatchObject({ text: '第一！ <b>x</b>', root_id: null, by_owner: false, pinned: false })
    expect([top.video_id, top.post_id]).toEqual(kind === 'video' ? [subject, null] : [null, subject])
    const reply = (await say(ann, '谢谢', top.id)).data
    expect(reply).toMatchObject({ root_id: top.id, parent_id: top.id, reply_to: null, by_owner: true })
    const below = (await say(bob, '不客气', reply.id)).data
    expect(below).toMatchObject({ root_id: top.id, parent_id: reply.id })
    expect(below.reply_to?.id).toBe(ann.id)
    for (let n = 0; n < 4; n++) await say(ann, undefined, top.id)
    const page = await list()
    expect(page.total).toBe(7)
    expect(page.items).toHaveLength(1)
    expect(page.items[0]?.counts.replies).toBe(6)
    expect(page.items[0]?.replies).toHaveLength(3)
    const seen: string[] = []
    let cursor = ''
    for (let n = 0; n < 10; n++) {
      const { data } = await app.call<Page>('GET', `/api/v1/comments/${top.id}/replies?limit=2${cursor}`)
      seen.push(...data.items.map(({ id }) => id))
      if (data.next_cursor === null) break
      cursor = `&cursor=${encodeURIComponent(data.next_cursor)}`
    }
    expect(new Set(seen).size).toBe(6)
    expect(seen.slice(0, 2)).toEqual([reply.id, below.id])
    const linked = await app.call<{ thread: Comment; comment: Comment }>(
      'GET',
      `/api/v1/comments/${below.id}`,
    )
    expect([linked.data.thread.id, linked.data.comment.id]).toEqual([top.id, below.id])
    expect(await countOf()).toBe(7)
  })

  it('orders by likes and answers or by time, the pinned one first', async () => {
    const [a, b, c] = [(await say(bob)).data, (await say(bob)).data, (await say(bob)).data]
    await app.call('PUT', `/api/v1/comments/${a.id}/like`, { by: ann })
    await say(ann, undefined, b.id)
    expect((await list()).items.map(({ id }) => id)).toEqual([b.id, a.id, c.id])
    expect((await list('sort=newest')).items.map(({ id }) => id)).toEqual([c.id, b.id, a.id])
    expect((await app.call('PUT', `/api/v1/comments/${c.id}/pin`, { by: bob })).status).toBe(403)
    await app.call('PUT', `/api/v1/comments/${b.id}/pin`, { by: ann })
    await app.call('PUT', `/api/v1/comments/${c.id}/pin`, { by: ann })
    const first = await list('limit=2', bob)
    expect(first.items.map(({ id, pinned }) => [id, pinned])).toEqual([
      [c.id, true],
      [b.id, false],
      [a.id, false],
    ])
    const rest = await list(`limit=2&cursor=${encodeURIComponent(first.next_cursor ?? '')}`)
    expect(rest.items).toEqual([])
    expect(first.items.find(({ id }) => id === a.id)?.mine.liked).toBe(false)
    const wrong = `${base()}?sort=newest&cursor=${encodeURIComponent(first.next_cursor ?? '')}`
    expect((await app.call('GET', wrong)).error).toBe('cursor_invalid')
    await app.call('DELETE', `/api/v1/comments/${c.id}/pin`, { by: ann })
    expect((await list()).items[0]?.id).toBe(b.id)
  })

  it('counts likes and replies right, however many come at once', async () => {
    const top = (await say(bob)).data
    const people = await Promise.all(Array.from({ length: 50 }, () => app.signUp()))
    await Promise.all(
      people.flatMap((by) => [
        app.call('PUT', `/api/v1/comments/${top.id}/like`, { by }),
        app.call('PUT', `/api/v1/comments/${top.id}/like`, { by }),
        app.call('POST', `/api/v1/comments/${top.id}/replies`, { by, json: { text: 'me too' } }),
      ]),
    )
    expect((await list()).items[0]?.counts).toEqual({ likes: 50, replies: 50 })
    expect(await countOf()).toBe(51)
    const rows = await app.db
      .selectFrom('event')
      .select('payload')
      .where('type', '=', 'comment.liked')
      .execute()
    expect(rows.filter((row) => row.payload.includes(top.id))).toHaveLength(50)
    const { data } = await app.call<Page>('GET', `/api/v1/comments/${top.id}/replies?limit=100`)
    await Promise.all(
      data.items.flatMap((reply) => [
        app.call('DELETE', `/api/v1/comments/${reply.id}`, { by: ann }),
        app.call('DELETE', `/api/v1/comments/${reply.id}`, { by: ann }),
      ]),
    )
    expect((await list()).items[0]?.counts).toEqual({ likes: 50, replies: 0 })
    expect(await countOf()).toBe(1)
  })

  it('deletes by writer, author and moderator; an answered comment leaves its place', async () => {
    const top = (await say(bob)).data
    const reply = (await say(ann, undefined, top.id)).data
    const other = await app.signUp()
    expect((await app.call('DELETE', `/api/v1/comments/${top.id}`, { by: other })).status).toBe(403)
    expect((await app.call('DELETE', `/api/v1/comments/${top.id}`, { by: bob })).status).toBe(200)
    expect((await list()).items[0]).toMatchObject({ id: top.id, deleted: true, text: '', author: null })
    expect(await countOf()).toBe(1)
    for (const [method, rest, json] of [
      ['DELETE', '', undefined],
      ['PUT', '/like', undefined],
      ['POST', '/replies', { text: 'too late' }],
    ] as const)
      expect(
        (await app.call(method, `/api/v1/comments/${top.id}${rest}`, { by: bob, ...(json && { json }) }))
          .status,
      ).toBe(404)
    await isModerator(other)
    const moderator = await app.signUp()
    await isModerator(moderator)
    // The role stands in the session's row, not in the token.
    expect((await app.call('DELETE', `/api/v1/comments/${reply.id}`, { by: moderator })).status).toBe(200)
    expect((await list()).items).toEqual([])
    expect(await countOf()).toBe(0)
    const entries = await app.db.selectFrom('audit_entry').select('details').execute()
    expect(entries.some((entry) => entry.details.includes(reply.id))).toBe(true)
    expect(entries.some((entry) => entry.details.includes(top.id))).toBe(false)
  })

  it('can be edited for a quarter of an hour by its writer', async () => {
    const top = (await say(bob)).data
    const edit = (by: Person, text: string) =>
      app.call<Comment>('PATCH', `/api/v1/comments/${top.id}`, { by, json: { text } })
    expect((await edit(bob, 'better')).data).toMatchObject({ text: 'better' })
    expect((await edit(ann, 'mine')).status).toBe(403)
    clock.advance(14 * 60_000)
    expect((await edit(bob, 'still')).status).toBe(200)
    clock.advance(2 * 60_000)
    const again = await app.signUp()
    expect((await edit(again, 'x')).status).toBe(403)
    await expect(
      comments.edit(top.id, 'late', { userId: bob.id, sessionId: 's', role: 'user' }),
    ).rejects.toMatchObject({ code: 'comment_too_late' })
  })

  it('refuses the same again, too many, refused words, and whom the author blocked', async () => {
    expect((await say(bob, '顶！')).status).toBe(200)
    expect((await say(bob, ' 顶 ')).error).toBe('comment_repeated')
    refused.push('加微信')
    expect((await say(bob, '快加微信送硬币')).error).toBe('text_forbidden')
    refused.pop()
    const fast = await Promise.all(Array.from({ length: 20 }, () => say(bob)))
    expect(fast.filter((answer) => answer.status === 200)).toHaveLength(9)
    expect(fast.some((answer) => answer.error === 'rate_limited')).toBe(true)
    await app.db
      .insertInto('user_block')
      .values({ blocker_id: ann.id, user_id: bob.id, sort_key: '1' })
      .execute()
    clock.advance(120_000)
    expect((await say(bob)).error).toBe('comments_blocked')
    for (const text of ['', '   ', '\u200b', 'x'.repeat(1001)])
      expect((await say(ann, text)).status).toBe(400)
  })

  it('tells of mentions and keeps what is private to itself', async () => {
    const wren = await app.signUp()
    const name = `wren_${wren.id.slice(-8)}`
    await app.users.changeProfile(wren.id, { username: name })
    const top = (await say(bob, `@${name} @nobody_there 看这里 0:05`)).data
    const rows = await app.db
      .selectFrom('event')
      .select('payload')
      .where('type', '=', 'comment.created')
      .execute()
    const told = rows.map((row) => JSON.parse(row.payload) as EventOf<'comment.created'>['payload'])
    expect(told.find((one) => one.comment_id === top.id)).toMatchObject({
      mentioned_ids: [wren.id],
      video_id: kind === 'video' ? subject : null,
      post_id: kind === 'post' ? subject : null,
    })
    expect((await comments.textsOf([top.id])).get(top.id)).toMatchObject({
      userId: bob.id,
      subject: { kind, id: subject },
    })
    await hide()
    for (const [method, path, json] of [
      ['GET', base(), undefined],
      ['POST', base(), { text: 'x' }],
      ['GET', `/api/v1/comments/${top.id}`, undefined],
      ['GET', `/api/v1/comments/${top.id}/replies`, undefined],
      ['POST', `/api/v1/comments/${top.id}/replies`, { text: 'x' }],
      ['PUT', `/api/v1/comments/${top.id}/like`, undefined],
      ['DELETE', `/api/v1/comments/${top.id}`, undefined],
    ] as const)
      expect((await app.call(method, path, { by: wren, ...(json && { json }) })).status, method + path).toBe(
        404,
      )
  })

  it('may be about a place in a film, but not in a post', async () => {
    const given = { by: bob, json: { text: 'here', time: 5 } }
    const top = await app.call<Comment | undefined>('POST', base(), given)
    expect([top.status, top.data?.time]).toEqual(kind === 'video' ? [200, 5] : [400, undefined])
    const { id } = (await say(bob)).data
    const reply = await app.call<Comment>('POST', `/api/v1/comments/${id}/replies`, { ...given, by: ann })
    expect(reply.data.time).toBe(kind === 'video' ? 5 : null)
  })

  it('goes with what it stands under', async () => {
    const top = (await say(bob)).data
    await app.call('PUT', `/api/v1/comments/${top.id}/like`, { by: ann })
    const subjectId = (await store.findComment(app.db, top.id))?.subject_id ?? ''
    if (kind === 'video') {
      await app.call('DELETE', `/api/v1/videos/${subject}`, { by: ann })
      await app.service.upkeep.purge(subjectId)
    } else {
      await hide()
      await posts.sweep()
      // Until then it may come back.
      expect(await store.findComment(app.db, top.id)).toBeDefined()
      clock.advance(31 * 24 * 3600_000)
      await posts.sweep()
      for (const table of ['post_counter', 'post_like'] as const)
        expect(await app.db.selectFrom(table).selectAll().where('post_id', '=', subject).execute()).toEqual(
          [],
        )
      await posts.restore(subject)
      await expect(posts.get(subject, undefined)).rejects.toMatchObject({ code: 'not_found' })
    }
    for (const table of ['comment', 'comment_counter'] as const)
      expect(await app.db.selectFrom(table).selectAll().where('video_id', '=', subjectId).execute()).toEqual(
        [],
      )
    expect(
      await app.db.selectFrom('comment_like').selectAll().where('comment_id', '=', top.id).execute(),
    ).toEqual([])
  })

  it('finds and orders every list by an index', async () => {
    const rows = Array.from({ length: 600 }, (_, n) => ({
      id: `c${String(n).padStart(4, '0')}`,
      video_id: `v${n % 10}`,
      root_id: n % 2 ? '' : `r${n % 20}`,
    }))
    const rest = {
      subject_kind: kind,
      parent_id: null,
      user_id: 'u',
      text: 't',
      time_ms: null,
      created_ms: 1,
      edited_ms: null,
      deleted: 0,
    }
    await app.db
      .insertInto('comment')
      .values(rows.map((row) => ({ ...row, ...rest })))
      .execute()
    await app.db
      .insertInto('comment_counter')
      .values(
        rows.map(({ id, ...row }, n) => ({ ...row, comment_id: id, likes: 0, replies: 0, score: n % 7 })),
      )
      .execute()
    if (engine.name === 'mariadb') {
      await sql`analyze table comment, comment_counter`.execute(app.db)
    }
    for (const query of [
      store.newestQuery(app.db, 'v3', { afterId: 'zz', limit: 21 }),
      store.newestQuery(app.db, 'v3', { afterId: undefined, limit: 21 }),
      store.hotQuery(app.db, 'v3', { after: [3, 'zz'], limit: 21 }),
      store.hotQuery(app.db, 'v3', { after: undefined, limit: 21 }),
      store.repliesQuery(app.db, 'r4', { afterId: 'a', limit: 21 }),
    ]) {
      const plan = await explain(app.db, query)
      expect([plan.text, plan.fullScan, plan.sorts]).toEqual([plan.text, false, false])
      expect(plan.indexes.length).toBeGreaterThan(0)
    }
  })
})

describe.each(testDatabases())('comments of the last release on $name', (engine) => {
  it('stand under their videos, and posts begin with none', async () => {
    const before = migrations.filter(({ id }) => id < '0018')
    await using db = await engine.open({ migrations: before })
    await sql`insert into comment (id, video_id, root_id, user_id, text, created_ms) values ('c', 'v', '', 'u', 't', 1)`.execute(
      db,
    )
    await sql`insert into comment_counter (comment_id, video_id, root_id) values ('c', 'v', '')`.execute(db)
    await sql`insert into post (id, author_id, text, created_ms) values ('p', 'u', 't', 1)`.execute(db)
    await sql`insert into post_counter (post_id, likes) values ('p', 7)`.execute(db)
    await migrate(db, migrations)
    expect(await store.findComment(db, 'c')).toMatchObject({ subject_kind: 'video', subject_id: 'v' })
    expect(await findPost(db, 'p')).toMatchObject({ likes: 7, comments: 0, hidden: 0, due_ms: null })
    // As a node of the last release goes on writing while others have migrated.
    await sql`insert into comment (id, video_id, root_id, user_id, text, created_ms) values ('d', 'v', '', 'u', 't', 1)`.execute(
      db,
    )
    expect(await db.selectFrom('comment').select('subject_kind').where('id', '=', 'd').execute()).toEqual([
      { subject_kind: 'video' },
    ])
  })
})
