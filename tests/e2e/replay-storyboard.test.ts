/** Owns the promise of pictures over the seek bar of a replay, whose publisher came back in another shape. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { startMachine, until } from '../machine.ts'
import type { Person } from '../machine.ts'
import { publish } from '../publisher.ts'

interface RoomNow {
  state: string
  session_id: string | null
  last_session: { video_id: string | null } | null
}
interface VideoNow {
  duration: number
  play: { storyboard: string | null } | null
}

const secondsOf = (stamp: string): number =>
  stamp.split(':').reduce((sum, digits) => sum * 60 + Number(digits), 0)

it('draws them once the session has ended for good, and deletes them with it', async () => {
  await using machine = await startMachine()
  const creator: Person = await machine.register()
  const call = (method: string, path: string, body?: unknown) =>
    machine.request(method, `/api/v1${path}`, creator.token, body)
  const room = async () => (await call('GET', `/live/${creator.roomId}`)).data as RoomNow
  const videoOf = async (id: string) => (await call('GET', `/videos/${id}`)).data as VideoNow
  await call('PATCH', '/me/room', { replay: 'public' })
  const { data: key } = await call('POST', '/me/room/stream_key', {})
  const url = `rtmp://127.0.0.1:${machine.rtmpPort}/live/${(key as { stream_key: string }).stream_key}`

  await using first = publish(url, { size: '320x180', gop: 30, seconds: 11 })
  await until('the room is live', async () => (await room()).state === 'live')
  const { session_id: session } = await room()
  expect(await first.exited).toBe(0)
  await until('a first replay is there', async () => (await room()).last_session?.video_id != null)
  const id = (await room()).last_session?.video_id ?? ''
  await using second = publish(url, { size: '180x320', gop: 30, seconds: 5 })
  await until('the room is live again', async () => (await room()).state === 'live')
  expect((await room()).session_id).toBe(session)
  // The publisher may still come back: there is nothing to draw yet.
  expect((await videoOf(id)).play?.storyboard).toBeNull()
  expect(await second.exited).toBe(0)
  await until('the second has gone', async () => (await room()).state !== 'live')
  expect((await call('POST', '/me/room/end', {})).data).toEqual({ video_id: id })

  let video = await videoOf(id)
  await until('it is drawn', async () => (video = await videoOf(id)).play?.storyboard != null)
  expect(Math.abs(video.duration - 16)).toBeLessThan(1)
  const address = machine.base + (video.play?.storyboard ?? '')
  const index = await (await fetch(address)).text()
  const cues = [...index.matchAll(/^(\S+) --> (\S+)\n(s\d+\.jpg)#xywh=(\d+),(\d+),(\d+),(\d+)$/gm)]
  expect(cues.map(([, from]) => secondsOf(from ?? ''))).toEqual(cues.map((_, n) => n))
  expect(secondsOf(cues.at(-1)?.[2] ?? '')).toBeCloseTo(video.duration, 2)

  const answer = await fetch(new URL('s1.jpg', address))
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
  const sheet = Buffer.from(await answer.arrayBuffer())
  /** How bright a cue's picture is at its side, and in its middle. */
  const lightOf = async (n: number): Promise<[side: number, middle: number]> => {
    const [x = 0, y = 0, width = 0, height = 0] = (cues[n] ?? []).slice(4).map(Number)
    const mean = async (left: number): Promise<number> => {
      const region = { left: x + left, top: y, width: 30, height }
      const bytes = await sharp(sheet).extract(region).raw().toBuffer()
      return bytes.reduce((sum, value) => sum + value, 0) / bytes.length
    }
    return [await mean(4), await mean(width / 2 - 15)]
  }
  for (const n of cues.keys()) {
    const [side, middle] = await lightOf(n)
    expect([n, middle > 30]).toEqual([n, true])
    // Lying pictures fill theirs, upright ones do not.
    if (n < 10) expect([n, side > 30]).toEqual([n, true])
    if (n > 11) expect([n, side < 10]).toEqual([n, true])
  }

  const files = join(machine.dataDir, 'media', 'videos', id)
  expect(existsSync(files)).toBe(true)
  await call('DELETE', `/videos/${id}`)
  expect((await fetch(address)).status).toBe(404)
  expect((await call('POST', '/me/videos/batch', { ids: [id], action: 'purge' })).data).toMatchObject({
    done: [id],
  })
  expect(existsSync(files)).toBe(false)
}, 90_000)
