/** Owns a creator in Chromium who connects a bot: a webhook with its secret, a test, what became of it, off, gone. */
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser, openTab, signIn } from '../browser.ts'
import { startMachine, until } from '../machine.ts'
import type { Machine } from '../machine.ts'

let machine: Machine
let browser: Awaited<ReturnType<typeof launchBrowser>>
beforeAll(async () => {
  // The bot of this test lives on this machine.
  machine = await startMachine({ environment: { VIREO_PRIVATE_DESTINATIONS: 'on' } })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await machine[Symbol.asyncDispose]()
})

/** Gives the first delivery up for good, so that it may be sent again, and takes the others. */
const startBot = async () => {
  const heard: { signature: string; body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece) => (body += String(piece)))
    request.on('end', () => {
      heard.push({ signature: String(request.headers['vireo-signature']), body })
      response.writeHead(heard.length === 1 ? 410 : 204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bot`
  return { url, heard, [Symbol.dispose]: () => void server.close() }
}

it('is added, tried, followed, switched off and deleted', async () => {
  using bot = await startBot()
  await using tab = await openTab(browser, machine)
  const { page } = tab
  await signIn(page, await machine.register())
  await page.goto('/studio/videos')
  await page.getByRole('link', { name: 'Webhook' }).click()
  await page.getByText('接上你的机器人').waitFor()

  // What is missing or refused is said beside its field.
  await page.getByRole('button', { name: '添加 Webhook' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: '地址' }).fill('ftp://bot.example')
  await dialog.getByRole('button', { name: '保存' }).click()
  await dialog.getByText('至少选一项').waitFor()
  await dialog.getByRole('checkbox', { name: '新粉丝' }).click()
  await dialog.getByRole('checkbox', { name: '开播' }).click()
  await dialog.getByRole('button', { name: '保存' }).click()
  await dialog.getByText('地址必须是公网上的 https 地址').waitFor()
  await dialog.getByRole('textbox', { name: '地址' }).fill(bot.url)
  await dialog.getByRole('button', { name: '保存' }).click()

  // The secret, this once: it does not go away by accident.
  await dialog.getByText('请立刻保存密钥').waitFor()
  const secret = (await dialog.getByText(/^whsec_/).textContent()) ?? ''
  await page.keyboard.press('Escape')
  await dialog.getByText(secret).waitFor()
  await dialog.getByRole('button', { name: '我已保存' }).click()
  await dialog.waitFor({ state: 'detached' })
  const card = page.locator('[data-webhook]')
  for (const text of [bot.url, '新粉丝', '开播', '已启用']) await card.getByText(text).waitFor()
  expect(await page.content()).not.toContain('whsec_')

  // A test that the bot refuses for good, seen in the log, and sent again.
  await card.getByRole('button', { name: '发送测试' }).click()
  await dialog.getByText('对方返回 HTTP 410').waitFor()
  await dialog.getByText('未送达').waitFor()
  await dialog.getByRole('button', { name: '重新发送' }).click()
  await dialog.getByText('已送达').waitFor()
  await dialog.getByText('HTTP 204').waitFor()
  const [, { signature, body } = { signature: '', body: '' }] = bot.heard
  const [, seconds, hex] = /^t=(\d+),v1=(\w+)$/.exec(signature) ?? []
  expect(hex).toBe(createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'))
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })

  // 410 has switched it off; its owner does so by hand, too.
  const toggle = card.getByRole('switch')
  await until('it is off', async () => (await toggle.getAttribute('aria-checked')) === 'false')
  await toggle.click()
  await card.getByText('已启用').waitFor()
  await toggle.click()
  await card.getByText('已关闭').waitFor()

  await card.getByRole('button', { name: '删除' }).click()
  await dialog.getByRole('button', { name: '删除' }).click()
  await page.getByText('接上你的机器人').waitFor()
  // The refused address above is all that the browser wrote on its console.
  expect(tab.complaints.filter((text) => !text.includes('status of 400'))).toEqual([])
}, 120_000)
