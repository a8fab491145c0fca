import { expect, test } from 'vitest'
import type { PartUpdate } from '../media/hls/updates.ts'
import { createMirror } from './mirror.ts'
import type { Mirror } from './mirror.ts'

const part = (msn: number, n: number, more: Partial<PartUpdate> = {}): PartUpdate => ({
  type: 'part',
  msn,
  part: n,
  init: 0,
  mediaTimeMs: (msn * 4 + n) * 500,
  durationMs: 500,
  pdtMs: 1_000_000 + (msn * 4 + n) * 500,
  discontinuitySequence: 0,
  discontinuity: false,
  independent: n === 0,
  final: n === 3,
  bytes: Buffer.from(`${msn}.${n}`),
  ...more,
})

const live = (): Mirror => {
  const mirror = createMirror(0)
  mirror.reset([], true)
  mirror.apply({ type: 'shape', shape: { targetDurationS: 2, partTargetMs: 508 } })
  mirror.apply({ type: 'init', n: 0, tracks: [], bytes: Buffer.from('init') })
  for (const n of [0, 1, 2, 3]) mirror.apply(part(0, n))
  mirror.ready()
  return mirror
}

test('all who wait for the same playlist get the same bytes, as soon as the part is there', async () => {
  const mirror = live()
  const waiting = Array.from({ length: 50 }, () => mirror.playlist('ll', { msn: 1, part: 0 }, 0))
  const hinted = mirror.file('p1.0.mp4', 0)
  expect(mirror.waiting).toBe(51)
  mirror.apply(part(1, 0))
  const answers = await Promise.all(waiting)
  const bodies = new Set(answers.map((answer) => (answer.status === 200 ? answer.body : undefined)))
  expect(bodies.size).toBe(1)
  expect(String([...bodies][0])).toContain('p1.0.mp4')
  expect(await hinted).toMatchObject({ status: 200, body: Buffer.from('1.0') })
  expect(mirror.waiting).toBe(0)
})

test('nobody is held longer than three target durations', async () => {
  const mirror = live()
  const waiting = mirror.playlist('ll', { msn: 1, part: 0 }, 1_000)
  mirror.sweep(6_999)
  expect(mirror.waiting).toBe(1)
  mirror.sweep(7_000)
  expect(await waiting).toMatchObject({ status: 503 })
})

test('a hinted part that the segment ended without is not found', async () => {
  const mirror = live()
  mirror.apply(part(1, 0))
  const hinted = mirror.file('p1.1.mp4', 0)
  mirror.apply(part(2, 0))
  expect(await hinted).toEqual({ status: 404 })
})

test('waiters are bounded', async () => {
  const mirror = live()
  const all = Array.from({ length: 10_001 }, () => mirror.playlist('ll', { msn: 1 }, 0))
  expect(await all.at(-1)).toMatchObject({ status: 503 })
  mirror.close()
  expect((await all[0])?.status).toBe(503)
})

test('the end answers all 10,000 who wait; who comes beyond them is refused at once', async () => {
  const mirror = live()
  const held = Array.from({ length: 10_000 }, () => mirror.playlist('ll', { msn: 1, part: 0 }, 0))
  expect(await mirror.playlist('ll', { msn: 1, part: 0 }, 0)).toMatchObject({ status: 503 })
  expect(await mirror.file('p1.0.mp4', 0)).toEqual({ status: 503 })
  expect(mirror.waiting).toBe(10_000)
  mirror.end()
  const bodies = new Set((await Promise.all(held)).map((answer) => answer.status === 200 && answer.body))
  expect(bodies.size).toBe(1)
  expect(String([...bodies][0])).toMatch(/#EXT-X-ENDLIST\n$/)
  expect(mirror.waiting).toBe(0)
  expect(await mirror.playlist('ll', { msn: 1, part: 0 }, 0)).toMatchObject({ status: 200 })
})

test('a new ingest process goes on behind what is here', async () => {
  const mirror = live()
  mirror.apply(part(1, 0))
  mirror.reset([], false)
  mirror.ready()
  mirror.apply(part(2, 0, { discontinuity: true, discontinuitySequence: 1 }))
  const answer = await mirror.playlist('ll', {}, 0)
  const text = answer.status === 200 ? String(answer.body) : ''
  expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:0')
  expect(text).toContain('#EXTINF:0.5,\ns1.mp4\n#EXT-X-DISCONTINUITY\n')
})

test('a new ingest process whose numbers collide is believed', async () => {
  const mirror = live()
  mirror.apply(part(1, 0))
  mirror.reset([], false)
  mirror.ready()
  mirror.apply(part(1, 0, { bytes: Buffer.from('new') }))
  expect(await mirror.file('p1.0.mp4', 0)).toMatchObject({ body: Buffer.from('new') })
  expect(await mirror.file('s0.mp4', 0)).toEqual({ status: 404 })
})

test('the end is told at once, and what is there stays', async () => {
  const mirror = live()
  const waiting = mirror.playlist('ll', { msn: 1 }, 0)
  mirror.end()
  const answer = await waiting
  expect(answer.status === 200 && String(answer.body)).toMatch(/#EXT-X-ENDLIST\n$/)
  expect(await mirror.file('s0.mp4', 0)).toMatchObject({ status: 200 })
  expect(await mirror.file('p1.0.mp4', 0)).toEqual({ status: 404 })
})
