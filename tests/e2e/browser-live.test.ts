/** Going live from a browser with nothing installed: camera in one, watched in another, cut off, and the replay. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser, openTab, sampleVideo, signIn } from '../browser.ts'
import { falseDevices, useClockCamera } from '../clock-camera.ts'
import { readClock } from '../clock-picture.ts'
import { startMachine, until } from '../machine.ts'
import type { Machine } from '../machine.ts'
import { startNetwork } from '../network.ts'

let machine: Machine
let browser: Awaited<ReturnType<typeof launchBrowser>>
beforeAll(async () => {
  machine = await startMachine()
  browser = await launchBrowser(falseDevices)
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await machine[Symbol.asyncDispose]()
})

interface Room {
  state: string
  session_id: string | null
  started_at: string | null
  last_session: { video_id: string | null } | null
}

/** Small, as the encoder, two decoders and the server share the machine. */
const choose360p = async (page: Page): Promise<void> => {
  await page.getByRole('combobox', { name: 'Quality' }).click()
  await page.getByRole('option', { name: /^360p/ }).click()
}

const roomOf = async (id: string): Promise<Room> =>
  (await machine.request('GET', `/api/v1/live/${id}`)).data as Room

it('goes live from the camera, is watched elsewhere, survives a lost connection, leaves a replay', async () => {
  const creator = await machine.register()
  await machine.request('PATCH', '/api/v1/me/room', creator.token, { replay: 'public' })
  await using network = await startNetwork(machine)
  await using studio = await openTab(browser, network, { locale: 'en' })
  const { page } = studio
  await signIn(page, creator)
  await page.goto('/studio/live')
  await page.getByRole('button', { name: 'In the browser' }).click()
  await choose360p(page)
  await page.getByRole('button', { name: 'Open camera and microphone' }).click()
  const level = page.getByRole('meter', { name: 'Microphone level' })
  // The false microphone beeps.
  await until('the meter moves', async () => Number(await level.getAttribute('aria-valuenow')) > 20)
  await page.getByRole('button', { name: 'Go live' }).click()
  await page.getByText('You are live').waitFor()
  await until('the room is live', async () => (await roomOf(creator.roomId)).state === 'live')
  const session = (await roomOf(creator.roomId)).session_id

  await using viewer = await openTab(browser, machine)
  await viewer.page.goto(`/live/${creator.roomId}`)
  await until('the picture moves', async () => {
    const first = await sampleVideo(viewer.page)
    await viewer.page.waitForTimeout(300)
    const next = await sampleVideo(viewer.page)
    return first !== undefined && next !== undefined && next.hash !== first.hash && next.time > first.time
  })
  expect((await sampleVideo(viewer.page))?.width).toBe(640)

  // The creator's network breaks and comes back: the page reconnects and the same session goes on.
  network.cut()
  await page.getByText('Connection lost').waitFor()
  await until('the break is noticed', async () => (await roomOf(creator.roomId)).state === 'reconnecting')
  network.mend()
  await page.getByText('You are live').waitFor()
  await until('the room is live again', async () => (await roomOf(creator.roomId)).state === 'live')
  expect((await roomOf(creator.roomId)).session_id).toBe(session)
  const goesOn = async (): Promise<boolean> => {
    const first = await sampleVideo(viewer.page)
    await viewer.page.waitForTimeout(1_000)
    const next = await sampleVideo(viewer.page)
    return first !== undefined && next !== undefined && next.time > first.time && next.hash !== first.hash
  }
  await until('the viewer goes on without a reload', goesOn, 60_000)

  // Less than ten seconds of picture would leave no replay, as for a test of the camera.
  const startedMs = Date.parse((await roomOf(creator.roomId)).started_at ?? '')
  await until('there is enough for a replay', async () => Date.now() - startedMs > 15_000)
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click()
  await until(
    'the replay is there',
    async () => (await roomOf(creator.roomId)).last_session?.video_id != null,
  )
  const id = (await roomOf(creator.roomId)).last_session?.video_id ?? ''
  await viewer.page.goto(`/video/${id}`)
  await until('the replay plays', async () => ((await sampleVideo(viewer.page))?.time ?? 0) > 1)
}, 150_000)

it('shows the picture elsewhere soon; how soon is printed', async () => {
  const creator = await machine.register()
  await using studio = await openTab(browser, machine, { locale: 'en' })
  await useClockCamera(studio.context)
  const { page } = studio
  await signIn(page, creator)
  await page.goto('/studio/live')
  await page.getByRole('button', { name: 'In the browser' }).click()
  await choose360p(page)
  await page.getByRole('button', { name: 'Open camera and microphone' }).click()
  await page.getByRole('button', { name: 'Go live' }).click()
  await until('the room is live', async () => (await roomOf(creator.roomId)).state === 'live')
  await using viewer = await openTab(browser, machine)
  await viewer.page.goto(`/live/${creator.roomId}`)
  await until('the clock is seen', async () => (await readClock(viewer.page)) !== undefined)
  await viewer.page.waitForTimeout(8_000)
  const ages: number[] = []
  while (ages.length < 40) {
    const shown = await readClock(viewer.page)
    if (shown !== undefined) ages.push(Date.now() - shown)
    await viewer.page.waitForTimeout(100)
  }
  ages.sort((a, b) => a - b)
  console.log(`camera to screen: p50 ${ages[20] ?? 0} ms, p95 ${ages[37] ?? 0} ms`)
  expect(ages[0]).toBeGreaterThan(0)
}, 90_000)
