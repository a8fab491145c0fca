/** Owns the promises of administration in a real browser: a ban ends everything, settings reach everybody, jobs go on. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshMobile } from '../app.ts'
import { launchBrowser, openTab, phone, signIn } from '../browser.ts'
import type { Tab } from '../browser.ts'
import { clip } from '../fixtures/clips.ts'
import { startMachine, until } from '../machine.ts'
import type { Machine, Person } from '../machine.ts'
import { publish } from '../publisher.ts'

let machine: Machine
let browser: Awaited<ReturnType<typeof launchBrowser>>
let admin: Person
let tab: Tab
beforeAll(async () => {
  machine = await startMachine()
  browser = await launchBrowser()
  admin = await makeAdmin()
  tab = await openTab(browser, machine)
  await signIn(tab.page, admin)
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await machine[Symbol.asyncDispose]()
})

const makeAdmin = async (): Promise<Person> => {
  const token = /setup\S*?[?#&]token=([\w-]+)/.exec(machine.output())?.[1] ?? ''
  const [mobile, password] = [freshMobile(), 'a-Good-one-9']
  const { data } = await machine.request('POST', '/api/v1/setup', undefined, { token, mobile, password })
  const made = data as { access_token: string; user: { id: string; room_id: string } }
  return { id: made.user.id, roomId: made.user.room_id, token: made.access_token, mobile, password }
}

describe('a ban', () => {
  it('ends page, socket and publication of somebody who is live', async () => {
    const person = await machine.register()
    const { data } = await machine.request('POST', '/api/v1/me/room/stream_key', person.token, {})
    const key = (data as { stream_key: string }).stream_key
    await using publisher = publish(`rtmp://127.0.0.1:${machine.rtmpPort}/live/${key}`, { size: '640x360' })
    const stateNow = async () =>
      ((await machine.request('GET', `/api/v1/live/${person.roomId}`)).data as { state: string }).state
    await until('the room is live', async () => (await stateNow()) === 'live')

    await using theirs = await openTab(browser, machine)
    await signIn(theirs.page, person)
    const sockets: { isClosed(): boolean }[] = []
    theirs.page.on('websocket', (socket) => sockets.push(socket))
    await theirs.page.goto(`/live/${person.roomId}`)
    await until('their socket is open', () => sockets.some((socket) => !socket.isClosed()))
    const open = sockets.filter((socket) => !socket.isClosed())

    const { page } = tab
    await page.goto('/admin/users')
    await page.getByRole('searchbox').fill(person.mobile.slice(-4))
    await page.locator(`a[href="/admin/users/${person.id}"]`).click()
    // The list has a button of that name, too.
    await page.waitForURL(`**/admin/users/${person.id}`)
    await page.getByRole('button', { name: '封禁', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.locator('textarea').fill('测试封禁')
    await dialog.getByRole('button', { name: '封禁' }).click()

    await until('the publisher is cut', () => publisher.process.exitCode !== null)
    await until('the room is idle', async () => (await stateNow()) === 'idle')
    await until('their socket is closed', () => open.every((socket) => socket.isClosed()))
    expect((await machine.request('GET', '/api/v1/me', person.token)).status).toBe(401)
    await page.getByRole('status').filter({ hasText: '测试封禁' }).waitFor()
    await theirs.page.reload()
    await theirs.page.locator('header a[href^="/login"]').waitFor()
  })
})

describe('settings', () => {
  it('reach another browser that loads a page', async () => {
    const { page } = tab
    await page.goto('/admin/settings')
    await page.locator('input[name="site_name"]').fill('青鸟台')
    await page.locator('textarea[name="announcement"]').fill('今晚维护')
    await page.locator('button[type="submit"]').last().click()
    await page.getByText('已保存').first().waitFor()
    await using other = await openTab(browser, machine, { viewport: phone, locale: 'en' })
    await until('the other browser sees it', async () => {
      await other.page.goto('/')
      await other.page.locator('header').waitFor()
      const text = await other.page.locator('body').innerText()
      return text.includes('今晚维护') && (await other.page.title()) === '青鸟台'
    })
    expect(other.complaints).toEqual([])
  })
})

describe('a job', () => {
  it('is cancelled and tried again by hand, and its video becomes ready', async () => {
    const person = await machine.register()
    const id = await upload(person, clip('slow.mp4'))
    const { page } = tab
    await page.goto('/admin/jobs?state=running')
    // Other jobs on the same film have its name, too.
    const row = page.locator('li', { hasText: '慢片' }).filter({ hasText: '转码' })
    await row.getByRole('button', { name: '取消' }).click()
    const stateNow = async () =>
      ((await machine.request('GET', `/api/v1/videos/${id}`, person.token)).data as { state: string }).state
    await until('it has failed', async () => (await stateNow()) === 'failed')
    await page.goto('/admin/jobs?state=cancelled')
    await row.getByRole('button', { name: '重试' }).click()
    await until('it is ready', async () => (await stateNow()) === 'ready', 120_000)
    expect(tab.complaints).toEqual([])
    // Transcoding takes as long as the machine needs.
  }, 240_000)
})

const upload = async (person: Person, file: string): Promise<string> => {
  const bytes = readFileSync(file)
  const headers = { authorization: `Bearer ${person.token}`, 'tus-resumable': '1.0.0' }
  const title = Buffer.from('慢片').toString('base64')
  const made = await fetch(`${machine.base}/api/v1/uploads`, {
    method: 'POST',
    headers: { ...headers, 'upload-length': String(bytes.length), 'upload-metadata': `title ${title}` },
  })
  expect(made.status).toBe(201)
  const sent = await fetch(new URL(made.headers.get('location') ?? '', `${machine.base}/api/v1/uploads/`), {
    method: 'PATCH',
    headers: { ...headers, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    body: bytes,
  })
  expect(sent.status).toBe(204)
  return made.headers.get('vireo-video-id') ?? ''
}
