/** Owns two people in two browsers, one on a phone: follow, feed, notification without reload, messages, block, report. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, openTab, phone, signIn } from '../browser.ts'
import { startMachine } from '../machine.ts'
import type { Machine, Person } from '../machine.ts'

let machine: Machine
let browser: Awaited<ReturnType<typeof launchBrowser>>
let writer: Person
let reader: Person
beforeAll(async () => {
  machine = await startMachine()
  browser = await launchBrowser()
  writer = await machine.register()
  reader = await machine.register()
  for (const [person, nickname] of [
    [writer, '小莺'],
    [reader, '阿鹊'],
  ] as const)
    await machine.request('PATCH', '/api/v1/me', person.token, { nickname })
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await machine[Symbol.asyncDispose]()
})

describe('two people', () => {
  it('follow, read, hear of it, write and block', async () => {
    await using desk = await openTab(browser, machine)
    await using pocket = await openTab(browser, machine, { viewport: phone })
    await signIn(desk.page, writer)
    await signIn(pocket.page, reader)

    // The writer posts in the feed page.
    await desk.page.goto('/feed')
    await desk.page.getByRole('textbox', { name: '有什么想和大家分享的？' }).fill('今天的第一条动态')
    await desk.page.getByRole('button', { name: '发布', exact: true }).click()
    await desk.page.getByText('今天的第一条动态').waitFor()

    // The reader follows on the profile and finds the post.
    await pocket.page.goto(`/u/${writer.id}`)
    await pocket.page.getByRole('button', { name: '关注: 小莺' }).click()
    await pocket.page.getByRole('button', { name: '已关注: 小莺' }).waitFor()
    await pocket.page.goto('/feed')
    await pocket.page.getByText('今天的第一条动态').waitFor()

    // The writer's count grows without a reload.
    await desk.page.locator('[data-unread]').getByText('1', { exact: true }).waitFor()
    await desk.page.getByRole('link', { name: '消息，1 条未读' }).click()
    await desk.page.getByRole('link', { name: /新增粉丝/ }).click()
    await desk.page.getByText('关注了你').waitFor()
    await desk.page.locator('[data-unread]').waitFor({ state: 'detached' })

    // A private message comes in while the page is open, and is answered.
    await pocket.page.goto(`/messages/private/${writer.id}`)
    await pocket.page.getByRole('textbox', { name: /写点什么/ }).fill('你好，小莺！')
    await pocket.page.getByRole('button', { name: '发送' }).click()
    await desk.page.locator('[data-unread]').getByText('1', { exact: true }).waitFor()
    await desk.page.getByRole('link', { name: /私信/ }).click()
    await desk.page.getByText('你好，小莺！').click()
    await desk.page.getByRole('textbox', { name: /写点什么/ }).fill('你好呀')
    await desk.page.keyboard.press('Enter')
    await pocket.page.locator('ol').getByText('你好呀').waitFor()
    await desk.page.locator('[data-unread]').waitFor({ state: 'detached' })
    // Once, not once from the answer and once from the socket.
    expect(await pocket.page.locator('ol').getByText('你好呀').count()).toBe(1)
    expect(await desk.page.locator('ol').getByText('你好，小莺！').count()).toBe(1)

    // The reader reports the post.
    await pocket.page.goto(`/u/${writer.id}?tab=posts`)
    await pocket.page.getByRole('button', { name: '更多操作' }).click()
    await pocket.page.getByRole('menuitem', { name: '举报' }).click()
    await pocket.page.getByRole('button', { name: '提交举报' }).click()
    await pocket.page.getByText('已收到举报', { exact: false }).first().waitFor()

    // The writer blocks the reader, who can write no more.
    await desk.page.goto(`/u/${reader.id}`)
    await desk.page.getByRole('button', { name: '更多：阿鹊' }).click()
    await desk.page.getByRole('menuitem', { name: '加入黑名单' }).click()
    await desk.page.getByRole('dialog').getByRole('button', { name: '加入黑名单' }).click()
    await desk.page.getByText('已将 阿鹊 加入黑名单').first().waitFor()
    await pocket.page.goto(`/messages/private/${writer.id}`)
    await pocket.page.getByText('你与对方之间有拉黑').waitFor()
    for (const { complaints } of [desk, pocket]) expect(complaints).toEqual([])
  }, 120_000)

  it('stay signed in while the server is too busy to say so', async () => {
    await using tab = await openTab(browser, machine)
    await signIn(tab.page, reader)
    await tab.page.route('**/passport/refresh', (route) => route.fulfill({ status: 429, json: {} }))
    await tab.page.goto('/settings')
    await tab.page.waitForURL(/\/login/)
    await tab.page.unroute('**/passport/refresh')
    await tab.page.waitForURL(/\/settings$/)
    await tab.page.getByRole('button', { name: '头像' }).first().waitFor()
  })
})
