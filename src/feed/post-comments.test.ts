/** Comments on posts over HTTP on both engine pairs: counted wherever the post is shown, told to whom they concern, gone with it. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Comment } from '../../contract/comment.ts'
import type { FeedItem, Post } from '../../contract/feed.ts'
import type { Notification } from '../../contract/message.ts'
import type { ReportCase } from '../../contract/report.ts'
import type { Delivery, Webhook } from '../../contract/webhook.ts'
import { createTestApp, enginePairs, freshMobile } from '../../tests/app.ts'
import type { SignedUp, TestApp } from '../../tests/app.ts'

interface Page<T> {
  items: T[]
  next_cursor: string | null
}

describe.each(enginePairs())('comments on posts on $name', (pair) => {
  let test: TestApp
  let adminToken: string
  let writer: SignedUp
  let fan: SignedUp
  beforeAll(async () => {
    test = await createTestApp({ pair })
    const setup = { token: await test.app.newSetupToken(), mobile: freshMobile(), password: 'a-Good-one-9' }
    const made = await test.call('POST', '/api/v1/setup', { json: setup })
    adminToken = (made.body.data as { access_token: string }).access_token
    writer = await test.signUp()
    fan = await test.signUp()
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
  let said = 0
  const publish = async () =>
    (await send<Post>('POST', '/posts', writer, { text: `动态 ${(said += 1)}` })).data.id
  const say = async (by: SignedUp, post: string, parent?: string) =>
    send<Comment>(
      'POST',
      parent === undefined ? `/posts/${post}/comments` : `/comments/${parent}/replies`,
      by,
      {
        text: `第 ${(said += 1)} 句`,
      },
    )
  const countOf = async (post: string) => (await send<Post>('GET', `/posts/${post}`)).data.counts.comments
  const news = async (by: SignedUp, type: string) =>
    (await send<Page<Notification>>('GET', `/messages?kind=notification&type=${type}`, by)).data.items

  it('are counted on the post, in the feed and on the page of its writer, whoever comes at once', async () => {
    const post = await publish()
    await send('PUT', `/users/${writer.userId}/follow`, fan)
    const top = (await say(fan, post)).data
    expect(top).toMatchObject({ post_id: post, video_id: null, by_owner: false })
    const people = await Promise.all(Array.from({ length: 10 }, () => test.signUp()))
    const answers = await Promise.all(people.flatMap((by) => [say(by, post), say(by, post, top.id)]))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(await countOf(post)).toBe(21)
    await Promise.all(
      answers
        .slice(0, 6)
        .flatMap(({ data }) => [
          send('DELETE', `/comments/${data.id}`, writer),
          send('DELETE', `/comments/${data.id}`, writer),
        ]),
    )
    const list = await send<Page<Comment> & { total: number }>('GET', `/posts/${post}/comments?limit=100`)
    expect(list.data.total).toBe(15)
    expect(list.data.items).toHaveLength(8)
    const feed = (await send<Page<FeedItem>>('GET', '/feed?kind=post', fan)).data.items
    const own = (await send<Page<Post>>('GET', `/users/${writer.userId}/posts`)).data.items
    const shown = [...feed.flatMap((item) => (item.kind === 'post' ? [item.post] : [])), ...own]
    expect(shown.filter(({ id }) => id === post).map(({ counts }) => counts.comments)).toEqual([15, 15])
  })

  it('tell its writer and whoever is answered, and lead to the post', async () => {
    const post = await publish()
    const { data: hook } = await send<Webhook>('POST', '/me/webhooks', writer, {
      url: 'https://hooks.example/x',
      events: ['comment.created'],
    })
    const top = (await say(fan, post)).data
    const reply = (await say(writer, post, top.id)).data
    await send('PUT', `/comments/${top.id}/like`, writer, {})
    await vi.waitFor(async () => {
      expect((await news(writer, 'reply'))[0]).toMatchObject({
        action: 'commented',
        text: top.text,
        subject: { kind: 'comment', id: top.id, post_id: post, video_id: null },
      })
      expect((await news(fan, 'reply'))[0]).toMatchObject({
        action: 'replied',
        subject: { kind: 'comment', id: reply.id, post_id: post },
      })
      expect((await news(fan, 'like'))[0]).toMatchObject({
        action: 'liked',
        subject: { kind: 'comment', id: top.id, post_id: post },
      })
      const told = await send<Page<Delivery>>('GET', `/me/webhooks/${hook.id}/deliveries`, writer)
      expect(told.data.items.map(({ event }) => event)).toEqual(['comment.created', 'comment.created'])
    }, 8000)
  })

  it('are refused from whom its writer blocked', async () => {
    const post = await publish()
    const other = await test.signUp()
    const top = (await say(fan, post)).data
    await send('PUT', `/users/${other.userId}/block`, writer)
    expect((await say(other, post)).error).toBe('comments_blocked')
    expect((await say(other, post, top.id)).error).toBe('comments_blocked')
    expect(await countOf(post)).toBe(1)
    expect((await send('POST', `/posts/${post}/comments`, undefined, { text: 'x' })).status).toBe(401)
    expect((await send('GET', '/posts/nothing/comments')).status).toBe(404)
  })

  it('are not there while the post is deleted, and come back with it', async () => {
    const post = await publish()
    const top = (await say(fan, post)).data
    await send('POST', '/reports', fan, { kind: 'post', id: post, reason: 'spam' })
    const queue = (await send<Page<ReportCase>>('GET', '/admin/reports?limit=100', adminToken)).data.items
    const found = queue.find((item) => item.subject_id === post)?.id
    const decided = { decision: 'remove', note: '' }
    await send('POST', `/admin/reports/${found}/decision`, adminToken, decided)
    const attempts: [method: string, path: string, json?: object][] = [
      ['GET', `/posts/${post}/comments`],
      ['POST', `/posts/${post}/comments`, { text: '还在吗' }],
      ['GET', `/comments/${top.id}`],
      ['GET', `/comments/${top.id}/replies`],
      ['POST', `/comments/${top.id}/replies`, { text: '还在吗' }],
      ['PUT', `/comments/${top.id}/like`, {}],
      ['PATCH', `/comments/${top.id}`, { text: '还在吗' }],
    ]
    for (const [method, path, json] of attempts)
      expect((await send(method, path, fan, json)).status, `${method} ${path}`).toBe(404)
    expect((await news(writer, 'reply')).find(({ text }) => text === top.text)?.subject ?? null).toBeNull()
    await send('POST', `/reports/${found}/appeal`, writer, { text: '不是广告' })
    await send('POST', `/admin/reports/${found}/appeal`, adminToken, { uphold: false })
    const list = (await send<Page<Comment>>('GET', `/posts/${post}/comments`)).data.items
    expect(list.map(({ id }) => id)).toEqual([top.id])
    expect(await countOf(post)).toBe(1)
  })

  it('can be reported, with the way to the post, and removed', async () => {
    const post = await publish()
    const top = (await say(fan, post)).data
    const report = { kind: 'comment', id: top.id, reason: 'hate' }
    expect((await send('POST', '/reports', writer, report)).status).toBe(200)
    const queue = (await send<Page<ReportCase>>('GET', '/admin/reports?limit=100', adminToken)).data.items
    const found = queue.find((item) => item.subject_id === top.id)
    expect(found?.snapshot).toMatchObject({ text: top.text, path: `/post/${post}?comment=${top.id}` })
    const decided = { decision: 'remove', note: '' }
    await send('POST', `/admin/reports/${found?.id}/decision`, adminToken, decided)
    expect((await send('GET', `/comments/${top.id}`)).status).toBe(404)
    expect(await countOf(post)).toBe(0)
  })
})
