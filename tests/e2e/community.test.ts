/**
 * Owns the promise to viewers and authors, two people in two browsers, one on a phone: found by a word of two signs,
 * watched, resumed, liked, coined, kept, talked about, followed, reported, decided, deleted and restored.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freshMobile } from '../app.ts'
import { launchBrowser, openTab, phone, signIn } from '../browser.ts'
import { clip } from '../fixtures/clips.ts'
import { startMachine, until } from '../machine.ts'
import type { Machine } from '../machine.ts'
import { uploadFilm } from '../upload.ts'

let machine: Machine
let browser: Awaited<ReturnType<typeof launchBrowser>>
beforeAll(async () => {
  machine = await startMachine()
  browser = await launchBrowser()
}, 120_000)
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await machine[Symbol.asyncDispose]()
})

it('lets two people find, watch, reward and talk about a film', async () => {
  const author = await machine.register()
  const viewer = await machine.register()
  for (const [person, nickname, username] of [
    [author, '阿莺', 'oriole'],
    [viewer, '小鹊', 'magpie'],
  ] as const)
    await machine.request('PATCH', '/api/v1/me', person.token, { nickname, username })
  const id = await uploadFilm(machine, author, clip('minute.mp4'), '清晨的鸟鸣声')
  const video = async () =>
    (await machine.request('GET', `/api/v1/videos/${id}`, viewer.token)).data as {
      counts: Record<string, number>
      mine: object
    }
  await until('the words are kept', async () => {
    const { data } = await machine.request('GET', `/api/v1/videos?q=${encodeURIComponent('鸟鸣')}`)
    return (data as { items: unknown[] }).items.length === 1
  })

  await using tab = await openTab(browser, machine)
  const { page } = tab
  await signIn(page, viewer)
  await page.getByRole('combobox', { name: '搜索视频' }).first().fill('鸟鸣')
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: /清晨的鸟鸣声/ }).click()
  await page.waitForURL(`**/video/${id}`)

  await page.getByRole('button', { name: /^点赞, / }).click()
  await until('the like counts', async () => (await video()).counts['likes'] === 1)
  await page.getByRole('button', { name: /^投币, / }).click()
  await page.getByRole('dialog').getByRole('button', { name: '投币' }).click()
  await until('the coin counts', async () => (await video()).counts['coins'] === 1)
  await page.getByRole('button', { name: /^收藏, / }).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /默认收藏夹/ })
    .click()
  await until('the favourite counts', async () => (await video()).counts['favourites'] === 1)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })

  // Held: everything at once, the second coin too.
  const like = page.getByRole('button', { name: /^已点赞, / })
  await like.hover()
  await page.mouse.down()
  await until('all at once', async () => (await video()).counts['coins'] === 2)
  await page.mouse.up()
  expect(await video()).toMatchObject({
    counts: { likes: 1, coins: 2, favourites: 1 },
    mine: { liked: true, coins: 2, favourited: true },
  })

  await page.getByRole('textbox', { name: /^说点什么吧/ }).fill('0:03 那一声真好听')
  await page.getByRole('button', { name: '发布' }).click()
  await page.getByText('那一声真好听').waitFor()

  await using other = await openTab(browser, machine, { viewport: phone, colorScheme: 'dark' })
  await signIn(other.page, author)
  await other.page.goto(`/video/${id}`)
  const comment = other.page.locator('article', { hasText: '那一声真好听' })
  await comment.getByRole('button', { name: '回复' }).click()
  await other.page.getByRole('textbox', { name: /^回复 / }).fill('谢谢你听到')
  await comment.locator('form').getByRole('button', { name: '回复' }).click()
  await other.page.getByText('谢谢你听到').waitFor()
  await comment.getByRole('button', { name: '评论操作' }).first().click()
  await other.page.getByRole('menuitem', { name: '置顶' }).click()

  await page.reload()
  await page.getByText('谢谢你听到').waitFor()
  await page.locator('article', { hasText: '那一声真好听' }).getByText('置顶').waitFor()
  // The viewer mentions somebody and likes what was answered; the author hears of it without a reload.
  const unread = other.page.locator('[data-unread]')
  await other.page.goto('/')
  await page.getByRole('textbox', { name: /^说点什么吧/ }).fill('@oriole 请再拍一集')
  await page.getByRole('button', { name: '发布' }).click()
  await page.getByText('请再拍一集').first().waitFor()
  await page
    .locator('article', { hasText: '谢谢你听到' })
    .last()
    .getByRole('button', { name: /赞这条评论/ })
    .click()
  await unread.first().waitFor()

  // Danmaku: written, and shown in the list beside the film.
  await page.evaluate(
    'document.querySelector("video").pause(); document.querySelector("video").currentTime = 20',
  )
  await page.getByRole('textbox', { name: /弹幕/ }).first().fill('前方高能')
  await page.keyboard.press('Enter')
  await until('the danmaku counts', async () => (await video()).counts['danmaku'] === 1)
  await page.getByRole('button', { name: /弹幕列表/ }).click()
  await page.getByRole('region', { name: '弹幕列表' }).getByText('前方高能').waitFor()

  // Resumed where it stood, on a page that is opened anew.
  await until('the place is kept', async () => {
    const { data } = await machine.request('GET', `/api/v1/videos/${id}/progress`, viewer.token)
    return (
      (data as { position: number | null }).position !== null &&
      Number((data as { position: number }).position) > 10
    )
  })
  await page.goto('/library/history')
  await page.getByText('清晨的鸟鸣声').first().click()
  await page
    .getByText(/已从 .* 继续/)
    .first()
    .waitFor()

  // Followed: what the author says next stands in the feed.
  await page.getByRole('button', { name: '关注: 阿莺' }).first().click()
  await page.getByRole('button', { name: '已关注: 阿莺' }).first().waitFor()
  await machine.request('POST', '/api/v1/posts', author.token, { text: '明天拍第二集' })
  await page.goto('/feed')
  await page.getByText('明天拍第二集').waitFor()
  // Commented on; the author is told, and led to the comment below the post.
  await page.getByRole('link', { name: '0 条评论' }).click()
  await page.getByRole('textbox', { name: /^说点什么吧/ }).fill('等不及了')
  await page.getByRole('button', { name: '发布' }).click()
  await page.getByRole('list', { name: '1 条评论' }).getByText('等不及了').waitFor()
  await page.getByRole('link', { name: '1 条评论' }).waitFor()
  await other.page.goto('/messages/reply')
  const told = other.page.getByRole('listitem').filter({ hasText: '评论了你的动态' })
  await told.getByRole('link', { name: '查看' }).click()
  await other.page.waitForURL(/\/post\/\w+\?comment=/)
  await other.page.getByText('你打开的评论').waitFor()
  await other.page.getByText('等不及了').first().waitFor()

  // A private message, answered from the phone.
  await page.goto(`/messages/private/${author.id}`)
  await page.getByRole('textbox', { name: /写点什么/ }).fill('第二集什么时候？')
  await page.getByRole('button', { name: '发送' }).click()
  await other.page.goto(`/messages/private/${viewer.id}`)
  await other.page.locator('ol').getByText('第二集什么时候？').waitFor()
  await other.page.getByRole('textbox', { name: /写点什么/ }).fill('明早')
  await other.page.getByRole('button', { name: '发送' }).click()
  await page.locator('ol').getByText('明早').waitFor()

  // Reported by the viewer, decided by who runs the site, told to the viewer.
  await page.goto(`/video/${id}`)
  await page.getByRole('button', { name: '举报视频' }).click()
  await page.getByRole('button', { name: '提交举报' }).click()
  await page.getByText('已收到举报', { exact: false }).first().waitFor()
  const admin = await setUp()
  const cases = await machine.request('GET', '/api/v1/admin/reports', admin)
  const [found] = (cases.data as { items: { id: string }[] }).items
  const decided = { decision: 'dismiss', note: '没有问题' }
  const answer = await machine.request('POST', `/api/v1/admin/reports/${found?.id}/decision`, admin, decided)
  expect([answer.status, answer.error]).toEqual([200, undefined])
  await page.locator('[data-unread]').first().waitFor()

  // Deleted by its author, gone for the viewer, and taken back out of the trash.
  await other.page.goto('/studio/videos')
  await other.page.getByRole('button', { name: /更多操作: 清晨的鸟鸣声/ }).click()
  await other.page.getByRole('menuitem', { name: '删除' }).click()
  await until(
    'it is gone',
    async () => (await machine.request('GET', `/api/v1/videos/${id}`, viewer.token)).status === 404,
  )
  await other.page.goto('/studio/videos?tab=trash')
  await other.page.getByRole('button', { name: '恢复' }).first().click()
  await until(
    'it is back',
    async () => (await machine.request('GET', `/api/v1/videos/${id}`, viewer.token)).status === 200,
  )
  expect((await video()).counts).toMatchObject({ likes: 1, coins: 2, favourites: 1, danmaku: 1 })
  expect([...tab.complaints, ...other.complaints]).toEqual([])
}, 300_000)

/** Makes somebody run the site; gives the token. */
const setUp = async (): Promise<string> => {
  const link = /\/setup\S*?token=([\w-]+)/.exec(machine.output())?.[1]
  const { data } = await machine.request('POST', '/api/v1/setup', undefined, {
    token: link,
    mobile: freshMobile(),
    password: 'a-Good-one-9',
  })
  return (data as { access_token: string }).access_token
}
