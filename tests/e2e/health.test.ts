/** Owns the promise to creators: on air they see how their stream does, as charts and in words on what to change. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser, openTab, phone, signIn } from '../browser.ts'
import { startMachine, until } from '../machine.ts'
import type { Machine, Person } from '../machine.ts'
import { publish } from '../publisher.ts'
import type { Publisher } from '../publisher.ts'

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

const waitMs = 60_000
const goLive = async (person: Person, gop: number): Promise<Publisher> => {
  const { data } = await machine.request('POST', '/api/v1/me/room/stream_key', person.token, {})
  const url = `rtmp://127.0.0.1:${machine.rtmpPort}/live/${(data as { stream_key: string }).stream_key}`
  return publish(url, { size: '320x180', gop })
}

it('draws the stream as it comes in and says what to change', async () => {
  const owner = await machine.register()
  await using tab = await openTab(browser, machine, { locale: 'en' })
  const { page } = tab
  await signIn(page, owner)
  await page.goto('/studio/live')
  await page.getByText(/charts here show bitrate/).waitFor({ timeout: waitMs })
  expect(await page.getByRole('img', { name: 'Bitrate' }).count()).toBe(0)

  // A keyframe every five seconds: one of the settings that OBS calls auto.
  await using publisher = await goLive(owner, 150)
  const charts = [
    'Bitrate',
    'Frame rate',
    'Dropped frames, every 2 s',
    'Keyframe interval',
    'Sound against picture',
  ]
  for (const name of charts) await page.getByRole('img', { name, exact: true }).waitFor({ timeout: waitMs })
  const section = (name: string) =>
    page.locator('section section', { has: page.getByRole('img', { name, exact: true }) })
  await section('Bitrate')
    .getByText(/Now \d[\d,]* kb\/s; between/)
    .waitFor({ timeout: waitMs })
  await section('Keyframe interval')
    .getByText(/set “Keyframe interval” to 2 s/)
    .waitFor({ timeout: waitMs })
  // It stands beside its chart, and there alone.
  expect(await page.getByText(/set “Keyframe interval” to 2 s/).count()).toBe(1)
  expect(await page.getByText('All is well').count()).toBe(0)
  await until(
    'the line grows',
    async () =>
      ((await section('Bitrate').locator('polyline').first().getAttribute('points')) ?? '').split(' ')
        .length > 3,
    waitMs,
  )

  // Somebody else on their own page has nothing to see of it.
  const other = await machine.register()
  await using elsewhere = await openTab(browser, machine, {
    locale: 'en',
    viewport: phone,
    colorScheme: 'dark',
  })
  await signIn(elsewhere.page, other)
  await elsewhere.page.goto('/studio/live')
  await elsewhere.page.getByText(/charts here show bitrate/).waitFor({ timeout: waitMs })
  expect(await elsewhere.page.getByRole('img', { name: 'Bitrate' }).count()).toBe(0)

  // It fits on a phone.
  await page.setViewportSize(phone)
  await page.getByRole('img', { name: 'Bitrate' }).scrollIntoViewIfNeeded()
  const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
  expect(overflow).toBeLessThanOrEqual(0)
  await publisher.finish()
  expect(tab.complaints).toEqual([])
})
