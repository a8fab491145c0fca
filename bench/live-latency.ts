/**
 * Owns the measure of how far a viewer's picture is behind the encoder: low latency as the site's own player does it,
 * plain HLS, long groups of pictures, and an encoder that never waits. The time is burnt into the picture, so nothing
 * but the picture is believed.
 *
 * usage: npm run bench -- live-latency [seconds of each]
 */
import type { Page } from 'playwright-core'
import { launchBrowser, openTab } from '../tests/browser.ts'
import { publishClock, readClock } from '../tests/clock-picture.ts'
import { startMachine, until } from '../tests/machine.ts'
import { openPlainPlayer, stallsOf } from './lib/hls-page.ts'
import { against, median, quantile, report } from './lib/report.ts'
import { allLive, makeRooms } from './lib/rooms.ts'

const watchS = Number(process.argv[2] ?? 60)

interface Case {
  what: string
  player: 'site' | 'plain'
  gop: number
  zeroLatency?: boolean
  partMs?: number
  /** Until the player has settled. */
  settleS: number
  p50S: number
  p95S?: number
  settings: string
}

const cases: Case[] = [
  {
    what: 'latency: low',
    player: 'site',
    gop: 60,
    settleS: 10,
    p50S: 2.5,
    p95S: 4,
    settings: 'GOP 2 s, 2 B-frames, parts of 0.5 s, the room page in Chromium',
  },
  {
    what: 'latency: plain',
    player: 'plain',
    gop: 60,
    settleS: 10,
    p50S: 8,
    settings: 'GOP 2 s, 2 B-frames, live.m3u8 in hls.js',
  },
  {
    what: 'latency: low, long GOP',
    player: 'site',
    gop: 250,
    settleS: 90,
    p50S: 4,
    settings: 'GOP of 250 frames, 2 B-frames, parts of 0.5 s, settled for 90 s',
  },
  {
    what: 'latency: low, zerolatency',
    player: 'site',
    gop: 60,
    zeroLatency: true,
    partMs: 333,
    settleS: 10,
    p50S: 2,
    settings: 'x264 zerolatency, GOP 2 s, VIREO_LIVE_PART_MS=333',
  },
]

const measure = async (one: Case): Promise<void> => {
  await using machine = await startMachine({
    environment: one.partMs === undefined ? {} : { VIREO_LIVE_PART_MS: String(one.partMs) },
  })
  await using browser = await launchBrowser()
  const [room] = await makeRooms(machine, 1)
  if (room === undefined) throw new Error('no room')
  const { gop, zeroLatency = false } = one
  await using publisher = publishClock(`rtmp://127.0.0.1:${machine.rtmpPort}/live/${room.key}`, {
    gop,
    zeroLatency,
  })
  await allLive(machine, [room])
  await using tab = await openTab(browser, machine)
  const { page } = tab
  if (one.player === 'site') await page.goto(`/live/${room.roomId}`)
  else await openPlainPlayer(page, `${machine.base}/play/live/${room.roomId}/live.m3u8`)
  await until('the clock is seen', async () => (await readClock(page)) !== undefined)
  await page.waitForTimeout(one.settleS * 1000)
  const stallsBefore = await stallsOf(page)
  const behind = await readings(page, watchS)
  const stalls = (await stallsOf(page)) - stallsBefore
  await publisher.finish()
  const settings = `${one.settings}; ${behind.length} readings in ${watchS} s, ${stalls} stalls`
  const line = (what: string, value: number, most: number): void =>
    report([against({ what, value: value / 1000, target: { most }, unit: 's', digits: 2, settings })])
  line(`${one.what}, p50`, median(behind), one.p50S)
  if (one.p95S !== undefined) line(`${one.what}, p95`, quantile(behind, 0.95), one.p95S)
}

const readings = async (page: Page, seconds: number): Promise<number[]> => {
  const behind: number[] = []
  const endMs = performance.now() + seconds * 1000
  while (performance.now() < endMs) {
    const shown = await readClock(page)
    if (shown !== undefined) behind.push(Date.now() - shown)
    await page.waitForTimeout(200)
  }
  return behind
}

for (const one of cases) await measure(one)
