/** Owns the promise to viewers: found by a word of two signs, watched, liked, coined, kept, talked about, resumed. */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser, openTab, phone, signIn } from '../browser.ts'
import { clip } from '../fixtures/clips.ts'
import { startMachine, until } from '../machine.ts'
import type { Machine, Person } from '../machine.ts'

let machine: Machine
let browser: Awaited<ReturnType<typeof launchBrowser>>
beforeAll(async () => {
  machine = await startMachine()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await machine[Symbol.asyncDispose]()
})

const upload = async (by: Person, title: string): Promise<string> => {
  const bytes = await readFile(clip('plain.mp4'))
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const headers = { authorization: `Bearer ${by.token}`, 'tus-resumable': '1.0.0' }
  const made = await fetch(`${machine.base}/api/v1/uploads`, {
    method: 'POST',
    headers: {
      ...headers,
      'upload-length': String(bytes.length),
      'upload-metadata': `filename ${base64('clip.mp4')},title ${base64(title)}`,
    },
  })
  await fetch(new URL(made.headers.get('location') ?? '', machine.base), {
    method: 'PATCH',
    headers: { ...headers, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    body: bytes,
  })
  const id = made.headers.get('vireo-video-id') ?? ''
  await until(`${title} is ready`, async () => {
    const { data } = await machine.request('GET', `/api/v1/videos/${id}`, by.token)
    return (data as { state: string }).state === 'ready'
  })
  return id
}

it('lets two people find, watch, reward and talk about a film', async () => {
  const author = await machine.register()
  const viewer = await machine.register()
  const id = await upload(author, '清晨的鸟鸣声')
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
  await machine.request('POST', `/api/v1/videos/${id}/plays`, viewer.token, { position: 4 })
  await page.goto('/library/history')
  await page.getByText('清晨的鸟鸣声').first().waitFor()
  const progress = await machine.request('GET', `/api/v1/videos/${id}/progress`, viewer.token)
  expect((progress.data as { position: number }).position).toBeGreaterThan(0)
  expect([...tab.complaints, ...other.complaints]).toEqual([])
}, 120_000)
