/**
 * Owns the measure of what a viewer of a live room feels: how long from the click to the first picture, and how far
 * the picture is behind the encoder. The time is burnt into the picture, so nothing but the picture is believed.
 *
 * usage: npm run bench -- live-latency
 */
import type { Page } from 'playwright-core'
import { launchBrowser, openTab } from '../tests/browser.ts'
import { publishClock, readClock } from '../tests/clock-picture.ts'
import { startMachine, until } from '../tests/machine.ts'

const clicks = 7
const watchS = 40

const median = (values: readonly number[]): number => quantile(values, 0.5)
const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN
}

await using machine = await startMachine()
await using browser = await launchBrowser()
const creator = await machine.register()
const key = await machine.request('POST', '/api/v1/me/room/stream_key', creator.token, {})
const { stream_key: streamKey } = key.data as { stream_key: string }
const publishedMs = Date.now()
await using publisher = publishClock(`rtmp://127.0.0.1:${machine.rtmpPort}/live/${streamKey}`)
const isLive = async (): Promise<boolean> => {
  const { data } = await machine.request('GET', `/api/v1/live/${creator.roomId}`)
  return (data as { state: string }).state === 'live'
}
await until('the room is live', isLive)
const liveMs = Date.now() - publishedMs

/** From the click on the room's card to the first frame that Chromium composes. */
const clickToPicture = async (page: Page): Promise<number> => {
  await page.goto('/')
  await page.locator(`a[href="/live/${creator.roomId}"]`).first().waitFor()
  return page.evaluate<number>(`new Promise((resolve, reject) => {
    const startedMs = performance.now()
    const look = () => {
      const video = document.querySelector('video')
      const waitedMs = performance.now() - startedMs
      if (video && video.readyState >= 2 && video.videoWidth > 0 && video.currentTime > 0) resolve(waitedMs)
      else if (waitedMs > 20000) reject(new Error('no picture within 20 s'))
      else requestAnimationFrame(look)
    }
    document.querySelector('a[href="/live/${creator.roomId}"]').click()
    look()
  })`)
}

const waits: number[] = []
for (let n = 0; n < clicks; n++) {
  await using tab = await openTab(browser, machine)
  waits.push(await clickToPicture(tab.page))
}

await using tab = await openTab(browser, machine)
await tab.page.goto(`/live/${creator.roomId}`)
await until('the clock is seen', async () => (await readClock(tab.page)) !== undefined)
const behind: number[] = []
for (let n = 0; n < watchS * 4; n++) {
  const shown = await readClock(tab.page)
  if (shown !== undefined) behind.push(Date.now() - shown)
  await tab.page.waitForTimeout(250)
}
await publisher.finish()

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
process.stdout.write(
  [
    `publish → live                 ${seconds(liveMs)}   (640x360, x264 veryfast, 2 B-frames, GOP 2 s; ffmpeg's start included)`,
    `click → first picture          p50 ${seconds(median(waits))}, worst of ${clicks} ${seconds(Math.max(...waits))}   (fresh profile each time)`,
    `behind the encoder, LL-HLS     p50 ${seconds(median(behind))}, p95 ${seconds(quantile(behind, 0.95))}   (${behind.length} readings in ${watchS} s)`,
    '',
  ].join('\n'),
)
