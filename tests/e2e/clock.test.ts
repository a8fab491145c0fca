/** Owns the promise of one clock: a danmaku shows in the replay over the very picture over which it was written. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser, openTab, signIn } from '../browser.ts'
import { publishClock, readClock } from '../clock-picture.ts'
import { startMachine, until } from '../machine.ts'
import type { Machine } from '../machine.ts'

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

interface Room {
  state: string
  last_session: { video_id: string | null } | null
}

it('keeps danmaku over their pictures, from live through a break to the replay', async () => {
  const creator = await machine.register()
  const viewer = await machine.register()
  await machine.request('PATCH', '/api/v1/me/room', creator.token, { replay: 'public' })
  const key = (await machine.request('POST', '/api/v1/me/room/stream_key', creator.token, {})).data as {
    stream_key: string
  }
  const url = `rtmp://127.0.0.1:${machine.rtmpPort}/live/${key.stream_key}`
  const room = async () => (await machine.request('GET', `/api/v1/live/${creator.roomId}`)).data as Room
  const isLive = async () => (await room()).state === 'live'

  const first = publishClock(url)
  await until('the room is live', isLive)
  await using tab = await openTab(browser, machine)
  const { page } = tab
  await signIn(page, viewer)
  await page.goto(`/live/${creator.roomId}`)
  await until('the clock is seen', async () => (await readClock(page)) !== undefined)

  const written = new Map<string, number>()
  const write = async (text: string): Promise<void> => {
    await until('the picture moves on', async () => {
      const seen = await readClock(page)
      await page.waitForTimeout(150)
      const next = await readClock(page)
      return seen !== undefined && next !== undefined && next > seen
    })
    const box = page.locator('.composer-input').first()
    await box.fill(text)
    written.set(text, (await readClock(page)) ?? 0)
    await box.press('Enter')
    await page.getByText(text).first().waitFor()
  }
  await page.waitForTimeout(3_000)
  await write('before the break')
  await first[Symbol.asyncDispose]()
  await until('the break is noticed', async () => (await room()).state === 'reconnecting')
  await page.waitForTimeout(3_000)
  const backMs = Date.now()
  const second = publishClock(url)
  await until('the room is live again', isLive)
  await until('the viewer is past the break', async () => ((await readClock(page)) ?? 0) > backMs)
  await write('after the break')
  await page.waitForTimeout(6_000)
  await second.finish()

  await until('the replay is there', async () => (await room()).last_session?.video_id != null)
  const id = (await room()).last_session?.video_id ?? ''
  const { items } = (await machine.request('GET', `/api/v1/videos/${id}/danmaku`)).data as {
    items: { text: string; media_time: number }[]
  }
  expect(items.map(({ text }) => text)).toEqual([...written.keys()])
  await page.goto(`/video/${id}`)
  await until('the replay shows a picture', async () => (await readClock(page)) !== undefined)
  for (const { text, media_time: at } of items) {
    await page.evaluate(`(async () => {
      const video = document.querySelector('video')
      video.pause()
      const seeked = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }))
      video.currentTime = ${at}
      await seeked
      await new Promise((resolve) => setTimeout(resolve, 300))
    })()`)
    const shown = (await readClock(page)) ?? 0
    expect(Math.abs(shown - (written.get(text) ?? 0)), text).toBeLessThanOrEqual(500)
  }
}, 120_000)
