/** Owns the main path on real input: go live with ffmpeg, watch in Chromium, danmaku, break, replay. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import HLS from 'hls-parser'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, openTab, phone, sampleVideo, signIn } from '../browser.ts'
import type { Tab } from '../browser.ts'
import { startMachine, until } from '../machine.ts'
import type { Machine, Person } from '../machine.ts'
import { publish } from '../publisher.ts'

const run = promisify(execFile)

interface RoomNow {
  state: string
  session_id: string | null
  viewers: number
  play: { ll_hls: string; hls: string } | null
  last_session: { id: string; video_id: string | null } | null
}

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

const roomOf = async (person: Person): Promise<RoomNow> =>
  (await machine.request('GET', `/api/v1/live/${person.roomId}`)).data as RoomNow

const newStreamUrl = async (person: Person): Promise<string> => {
  const { data } = await machine.request('POST', '/api/v1/me/room/stream_key', person.token, {})
  return `rtmp://127.0.0.1:${machine.rtmpPort}/live/${(data as { stream_key: string }).stream_key}`
}

const untilState = (person: Person, state: string): Promise<void> =>
  until(`the room is ${state}`, async () => (await roomOf(person)).state === state)

/** Waits for two different pictures at two different times. */
const untilMoving = async (page: Page, what: string): Promise<void> => {
  const first = await untilPicture(page, what)
  await until(`${what} moves`, async () => {
    const next = await sampleVideo(page)
    return next !== undefined && next.hash !== first.hash && next.time > first.time
  })
}

const untilPicture = async (page: Page, what: string) => {
  let sample: Awaited<ReturnType<typeof sampleVideo>>
  await until(`${what} shows a picture`, async () => (sample = await sampleVideo(page)) !== undefined)
  if (sample === undefined) throw new Error('no picture')
  return sample
}

const say = async (page: Page, text: string): Promise<void> => {
  const box = page.locator('.composer-input').first()
  await box.fill(text, { timeout: 5_000 })
  await box.press('Enter')
}

const textBecomesVisible = (page: Page, text: string): Promise<void> =>
  page.getByText(text).first().waitFor({ state: 'visible', timeout: 10_000 })

describe('an evening', () => {
  let creator: Person
  let viewer: Person
  let watching: Tab
  beforeAll(async () => {
    creator = await machine.register()
    viewer = await machine.register()
    await machine.request('PATCH', '/api/v1/me/room', creator.token, {
      title: '第一晚',
      category: 'music',
      replay: 'public',
    })
  })
  afterAll(() => watching[Symbol.asyncDispose]())

  it('refuses a wrong key and stores nothing', async () => {
    await using wrong = publish(`rtmp://127.0.0.1:${machine.rtmpPort}/live/not-the-key`)
    expect(await wrong.exited).not.toBe(0)
    expect((await roomOf(creator)).state).toBe('idle')
    expect(machine.output()).not.toContain('not-the-key')
  })

  it('goes live, is watched on two screens with danmaku, survives a dead publisher and a dead API, and leaves one replay', async () => {
    const url = await newStreamUrl(creator)
    const first = publish(url)
    await untilState(creator, 'live')
    const { play, session_id: session } = await roomOf(creator)
    if (play === null) throw new Error('live, but nothing to play')

    const playlist = await (await fetch(`${machine.base}${play.hls}`)).text()
    const parsed = HLS.parse(playlist)
    expect(parsed.isMasterPlaylist).toBe(false)
    expect((parsed as HLS.types.MediaPlaylist).segments.length).toBeGreaterThan(0)
    const lowLatency = HLS.parse(
      await (await fetch(`${machine.base}${play.ll_hls}`)).text(),
    ) as HLS.types.MediaPlaylist
    expect(lowLatency.lowLatencyCompatibility).toMatchObject({ canBlockReload: true })

    const probed = await run('ffprobe', [
      '-v',
      'warning',
      '-show_streams',
      '-of',
      'json',
      '-analyzeduration',
      '2M',
      `${machine.base}${play.hls}`,
    ])
    expect(probed.stderr).not.toMatch(/timestamp|dts|pts/i)
    expect(
      (JSON.parse(probed.stdout) as { streams: { codec_name: string }[] }).streams
        .map((s) => s.codec_name)
        .sort(),
    ).toEqual(['aac', 'h264'])

    watching = await openTab(browser, machine, { locale: 'zh-CN' })
    await signIn(watching.page, viewer)
    await watching.page.goto(`/live/${creator.roomId}`)
    await untilMoving(watching.page, 'the desktop')
    await using other = await openTab(browser, machine, {
      viewport: phone,
      colorScheme: 'dark',
      locale: 'en',
    })
    await other.page.goto(`/live/${creator.roomId}`)
    await untilMoving(other.page, 'the phone')

    await say(watching.page, '你好，小莺')
    await textBecomesVisible(watching.page, '你好，小莺')
    await textBecomesVisible(other.page, '你好，小莺')
    await until('both viewers are counted', async () => (await roomOf(creator)).viewers === 2)

    await first.kill()
    await untilState(creator, 'reconnecting')
    const second = publish(url)
    await untilState(creator, 'live')
    expect((await roomOf(creator)).session_id).toBe(session)
    await untilMoving(watching.page, 'the desktop after the break')

    process.kill((await machine.pidOf('vireo-api')) ?? 0, 'SIGKILL')
    await until('the API answers again', () =>
      fetch(`${machine.base}/readyz`).then(
        (r) => r.ok,
        () => false,
      ),
    )
    await untilState(creator, 'live')
    expect((await roomOf(creator)).session_id).toBe(session)
    await untilMoving(watching.page, 'the desktop after the API died')

    const page = watching.page
    await until('the chat is back', async () => {
      await say(page, '又见面了').catch(() => undefined)
      return page.getByText('又见面了').first().isVisible()
    })
    await second.finish()
    await until('the replay is there', async () => (await roomOf(creator)).last_session?.video_id != null)
    const { last_session: last } = await roomOf(creator)
    expect(last?.id).toBe(session)
    const { data } = await machine.request('GET', `/api/v1/videos/${last?.video_id ?? ''}`)
    const video = data as { state: string; duration: number; title: string; visibility: string }
    expect(video).toMatchObject({
      state: 'ready',
      visibility: 'public',
      title: expect.stringContaining('第一晚') as string,
    })

    await page.goto(`/video/${last?.video_id ?? ''}`)
    await untilMoving(page, 'the replay')
    const mine = await machine.request(
      'GET',
      `/api/v1/videos/${last?.video_id ?? ''}/danmaku?from=0&to=${video.duration + 1}`,
    )
    const texts = (mine.data as { items: { text: string; media_time: number }[] }).items
    expect(texts.map(({ text }) => text)).toContain('你好，小莺')
    for (const { media_time: at } of texts) expect(at).toBeLessThanOrEqual(video.duration + 0.5)
    expect(
      watching.complaints.filter((text) => text.startsWith('foreign') || text.startsWith('exception')),
    ).toEqual([])
  }, 120_000)

  it('keeps the length of a stream that ended cleanly', async () => {
    const someone = await machine.register()
    await machine.request('PATCH', '/api/v1/me/room', someone.token, { replay: 'public' })
    await using publisher = publish(await newStreamUrl(someone), { seconds: 14, size: '640x360' })
    expect(await publisher.exited).toBe(0)
    await until('the replay is there', async () => (await roomOf(someone)).last_session?.video_id != null)
    const id = (await roomOf(someone)).last_session?.video_id ?? ''
    const video = (await machine.request('GET', `/api/v1/videos/${id}`)).data as {
      duration: number
      play: { hls: string }
    }
    expect(Math.abs(video.duration - 14)).toBeLessThanOrEqual(0.5)
    const probed = await run('ffprobe', [
      '-v',
      'error',
      '-show_entries',
      'format=duration',
      '-of',
      'csv=p=0',
      `${machine.base}${video.play.hls}`,
    ])
    expect(Math.abs(Number(probed.stdout.trim()) - 14)).toBeLessThanOrEqual(0.5)
  }, 60_000)

  it('goes on answering while ingest is dead, and goes on streaming when it is back', async () => {
    const someone = await machine.register()
    const url = await newStreamUrl(someone)
    await using before = publish(url, { size: '640x360' })
    await untilState(someone, 'live')
    const { session_id: session } = await roomOf(someone)
    process.kill((await machine.pidOf('vireo-ingest')) ?? 0, 'SIGKILL')
    for (let n = 0; n < 20; n++) expect((await machine.request('GET', '/api/v1/site')).status).toBe(200)
    await before.exited
    await until('ingest listens again', async () => (await machine.pidOf('vireo-ingest')) !== undefined)
    let after = publish(url, { size: '640x360' })
    await until('the publisher is back', async () => {
      if (after.process.exitCode !== null) after = publish(url, { size: '640x360' })
      const room = await roomOf(someone)
      return room.state === 'live' && room.session_id === session
    })
    await after.finish()
  })
})
