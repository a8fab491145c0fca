/** Owns the promise about rooms: the owner, a moderator and viewers in Chromium, on a real stream, from order to a raid. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser, openTab, phone } from '../browser.ts'
import { startMachine, until } from '../machine.ts'
import type { Machine, Person } from '../machine.ts'
import { publish } from '../publisher.ts'
import type { Publisher } from '../publisher.ts'

let machine: Machine
let browser: Awaited<ReturnType<typeof launchBrowser>>
const publishers: Publisher[] = []
beforeAll(async () => {
  machine = await startMachine()
  browser = await launchBrowser()
}, 120_000)
afterAll(async () => {
  for (const publisher of publishers) await publisher.kill()
  await browser[Symbol.asyncDispose]()
  await machine[Symbol.asyncDispose]()
})

const waitMs = 60_000
const roomOf = async ({ roomId }: Person) =>
  (await machine.request('GET', `/api/v1/live/${roomId}`)).data as { state: string; viewers: number }

const goLive = async (person: Person): Promise<void> => {
  const { data } = await machine.request('POST', '/api/v1/me/room/stream_key', person.token, {})
  const url = `rtmp://127.0.0.1:${machine.rtmpPort}/live/${(data as { stream_key: string }).stream_key}`
  publishers.push(publish(url, { size: '320x180' }))
  await until('the room is live', async () => (await roomOf(person)).state === 'live', waitMs)
}

const say = async (page: Page, text: string): Promise<void> => {
  const box = page.locator('.room-chat .composer-input')
  await until('it may write', () => box.isVisible(), waitMs)
  await box.fill(text)
  await box.press('Enter')
}
const line = (page: Page, text: string) => page.getByRole('log').locator('li', { hasText: text })
const appears = (page: Page, text: string): Promise<void> =>
  line(page, text).first().waitFor({ timeout: waitMs })

/** Signs in beside the page, which finds the cookie when it opens: four sign-in forms would show nothing new. */
const enter = async (page: Page, person: Person, room: Person): Promise<void> => {
  const answer = await page.context().request.post('/api/v1/passport/login', {
    headers: { 'X-Vireo-Client': 'web' },
    data: { account: person.mobile, password: person.password },
  })
  expect(answer.status()).toBe(200)
  // What the form leaves behind beside the cookie.
  await page.addInitScript(`localStorage.setItem('vireo.signed_in', '1')`)
  await page.goto(`/live/${room.roomId}`)
  await page.locator('.room-chat .composer-input').waitFor({ timeout: waitMs })
}
const menuOf = async (page: Page, text: string, item: string): Promise<void> => {
  const message = line(page, text).first()
  await message.hover()
  await message.getByRole('button', { name: '对这条消息的操作' }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

it('keeps order, gives, and goes over to another room', async () => {
  const people = await Promise.all(Array.from({ length: 5 }, () => machine.register()))
  const [owner, helper, viewer, spammer, host] = people as [Person, Person, Person, Person, Person]
  const names = ['主播', '帮手', '观众', '广告', '隔壁']
  for (const [n, person] of people.entries())
    await machine.request('PATCH', '/api/v1/me', person.token, { nickname: names[n] })
  await goLive(owner)
  await goLive(host)

  await using own = await openTab(browser, machine)
  await using helping = await openTab(browser, machine)
  await using watching = await openTab(browser, machine, { viewport: phone, colorScheme: 'dark' })
  const spamming = await openTab(browser, machine)
  await enter(own.page, owner, owner)
  await enter(helping.page, helper, owner)
  await enter(watching.page, viewer, owner)
  await enter(spamming.page, spammer, owner)

  // The owner makes a moderator from the chat, who has tools from then on, without loading the page again.
  await say(helping.page, '我来帮忙')
  await appears(own.page, '我来帮忙')
  await menuOf(own.page, '我来帮忙', '设为房管')
  await helping.page.getByRole('button', { name: '房间管理' }).waitFor({ timeout: waitMs })

  // Slow mode, by command: the viewer is told how long to wait.
  await say(helping.page, '/slow 60')
  await watching.page.getByText('慢速模式：每 60 秒一条').waitFor({ timeout: waitMs })
  await say(watching.page, '第一句')
  await appears(own.page, '第一句')
  const box = watching.page.locator('.room-chat .composer-input')
  await expect
    .poll(() => box.getAttribute('placeholder'), { timeout: waitMs })
    .toMatch(/还要等 (0:)?[0-5]?\d/)
  await say(helping.page, '/slow off')
  await watching.page.getByText('慢速模式').waitFor({ state: 'hidden', timeout: waitMs })

  // Pinned for everybody.
  await menuOf(helping.page, '第一句', '置顶这条')
  await watching.page
    .locator('.room-chat .bg-secondary\\/15', { hasText: '第一句' })
    .first()
    .waitFor({ timeout: waitMs })

  // A mute, and what the muted one hears.
  await say(spamming.page, '加我领红包')
  await appears(helping.page, '加我领红包')
  await menuOf(helping.page, '加我领红包', '禁言 10 分钟')
  await until(
    'the composer is shut',
    async () => {
      const input = spamming.page.locator('.room-chat .composer-input')
      await input.fill('再来')
      return spamming.page.locator('.room-chat .composer-send').isDisabled()
    },
    waitMs,
  )
  await spamming[Symbol.asyncDispose]()
  // One click, and nothing of it is left on any screen.
  await menuOf(helping.page, '加我领红包', '清除 TA 的全部消息')
  for (const { page } of [own, helping, watching])
    await line(page, '加我领红包').waitFor({ state: 'detached', timeout: waitMs })

  // A gift with its alert over the picture, on every screen.
  await machine.request('GET', '/api/v1/me/coins', viewer.token)
  await watching.page.getByRole('button', { name: '礼物', exact: true }).click()
  await watching.page.getByRole('button', { name: /^送出 · / }).click()
  for (const { page } of [own, watching]) {
    await page.locator('.player .alert', { hasText: '送出了 小花' }).waitFor({ timeout: waitMs })
    await appears(page, '送出了 小花')
  }
  await watching.page.keyboard.press('Escape')
  await helping.page.getByRole('tab', { name: '贡献榜' }).click()
  await helping.page.getByText('观众').first().waitFor({ timeout: waitMs })

  // Off to the other room: one stays, one goes along by itself.
  await using there = await openTab(browser, machine)
  await enter(there.page, host, host)
  await say(own.page, '/raid')
  const dialog = own.page.getByRole('dialog')
  await dialog.getByRole('button', { name: '出发' }).first().click()
  await helping.page.getByRole('button', { name: '我留下' }).click({ timeout: waitMs })
  await watching.page.getByText('大家一起去 隔壁 的直播间').waitFor({ timeout: waitMs })
  await watching.page.waitForURL(`**/live/${host.roomId}`, { timeout: waitMs })
  await there.page
    .getByText(/主播 带着 \d+ 位观众来了/)
    .first()
    .waitFor({ timeout: waitMs })
  expect(helping.page.url()).toContain(owner.roomId)
  await until('the session is over', async () => (await roomOf(owner)).state === 'idle', waitMs)
  const complaints = [own, helping, watching, there].flatMap((tab) => tab.complaints)
  expect(complaints.filter((text) => !text.startsWith('console'))).toEqual([])
}, 420_000)
