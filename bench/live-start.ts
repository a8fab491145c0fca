/**
 * Owns the measure of beginnings: from a publisher's first byte to the first playlist, and from a viewer's click to the
 * first picture.
 *
 * usage: npm run bench -- live-start [clicks]
 */
import type { Page } from 'playwright-core'
import { launchBrowser, openTab } from '../tests/browser.ts'
import { publishClock } from '../tests/clock-picture.ts'
import { startMachine, until } from '../tests/machine.ts'
import { makeClip } from '../tests/rtmp/flv.ts'
import { publishRtmp } from '../tests/rtmp/publisher.ts'
import { get } from './lib/ll-client.ts'
import { against, median, report } from './lib/report.ts'
import { allLive, makeRooms } from './lib/rooms.ts'

const clicks = Number(process.argv[2] ?? 9)
const publishes = 5
const gopS = 2

await using machine = await startMachine()
const rooms = await makeRooms(machine, publishes + 1)
const clip = makeClip({ seconds: 8, size: '640x360', gop: gopS * 30 })

/** From `connect` on, in real time, until ll.m3u8 is answered. */
const publishToPlayable = async (room: { roomId: string; key: string }): Promise<number> => {
  const startedMs = performance.now()
  const publisher = await publishRtmp({ port: machine.rtmpPort, key: room.key })
  const firstMs = performance.now()
  let next = 0
  const timer = setInterval(() => {
    for (;;) {
      const tag = clip[next]
      if (tag === undefined || tag.timestampMs > performance.now() - firstMs) return
      publisher.send(tag)
      next++
    }
  }, 4)
  try {
    // A viewer who is there too early asks again; once the room is live the answer waits for the first part.
    await until('ll.m3u8 is there', async () => {
      const { status } = await get(`${machine.base}/play/live/${room.roomId}/ll.m3u8`)
      return status === 200
    })
    return performance.now() - startedMs
  } finally {
    clearInterval(timer)
    publisher.destroy()
  }
}

const waits: number[] = []
for (const room of rooms.slice(1)) waits.push(await publishToPlayable(room))
report([
  against({
    what: 'start: publish → playable, p50',
    value: median(waits) / 1000,
    target: { most: gopS + 0.5 },
    unit: 's',
    digits: 2,
    settings: `GOP ${gopS} s, from the TCP connect to ll.m3u8, ${publishes} publishes; target one GOP + 0.5 s`,
  }),
])

const [room] = rooms
if (room === undefined) throw new Error('no room')
await using browser = await launchBrowser()
await using _publisher = publishClock(`rtmp://127.0.0.1:${machine.rtmpPort}/live/${room.key}`)
await allLive(machine, [room])

/** From the click on the room's card to the first frame that Chromium composes. */
const clickToPicture = async (page: Page): Promise<number> => {
  await page.goto('/')
  await page.locator(`a[href="/live/${room.roomId}"]`).first().waitFor()
  return page.evaluate<number>(`new Promise((resolve, reject) => {
    const startedMs = performance.now()
    const look = () => {
      const video = document.querySelector('video')
      const waitedMs = performance.now() - startedMs
      if (video && video.readyState >= 2 && video.videoWidth > 0 && video.currentTime > 0) resolve(waitedMs)
      else if (waitedMs > 20000) reject(new Error('no picture within 20 s'))
      else requestAnimationFrame(look)
    }
    document.querySelector('a[href="/live/${room.roomId}"]').click()
    look()
  })`)
}

const pictures: number[] = []
for (let n = 0; n < clicks; n++) {
  await using tab = await openTab(browser, machine)
  pictures.push(await clickToPicture(tab.page))
}
report([
  against({
    what: 'start: click → first picture, p50',
    value: median(pictures) / 1000,
    target: { most: 0.7 },
    unit: 's',
    digits: 2,
    settings: `${clicks} clicks on the home page, a fresh profile each; worst ${(Math.max(...pictures) / 1000).toFixed(2)} s`,
  }),
])
