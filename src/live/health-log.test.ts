/** Checks that the last ten minutes of a stream are kept, and no more. */
import { expect, it } from 'vitest'
import type { StreamHealth } from '../ingest/index.ts'
import { createHealthLog } from './health-log.ts'

const health: StreamHealth = {
  video: { codec: 'h264', width: 1280, height: 720, fps: 30 },
  audio: null,
  videoKbps: 2_500,
  audioKbps: 0,
  keyframeIntervalMs: 2_000,
  missingFrames: 3,
  skewMs: null,
  droppedReaders: 0,
  recordingBytes: 0,
  warnings: [],
}
const startMs = 1_800_000_000_000

const setUp = () => {
  let nowMs = startMs
  const log = createHealthLog({ clock: { now: () => nowMs } })
  const keepFor = (id: string, seconds: number): void => {
    for (let n = 0; n < seconds; n += 2) log.keep(id, (nowMs += 2_000), health)
  }
  return { log, keepFor, wait: (ms: number) => (nowMs += ms) }
}

it('keeps ten minutes, gives what is new, and goes on after a pause', () => {
  const { log, keepFor, wait } = setUp()
  keepFor('a', 3_600)
  expect(log.points('a')).toHaveLength(300)
  wait(50_000)
  keepFor('a', 10)
  const points = log.points('a')
  expect(points.length).toBeLessThanOrEqual(300)
  const last = points.at(-1)
  expect(last).toMatchObject({ video_kbps: 2_500, keyframe_interval: 2, dropped_frames: 3, skew: null })
  const fifth = Date.parse(points.at(-5)?.at ?? '')
  expect(Date.parse(last?.at ?? '') - Date.parse(points[0]?.at ?? '')).toBeLessThanOrEqual(600_000)
  expect(log.points('a', fifth)).toHaveLength(4)
  expect(log.points('a', Date.parse(last?.at ?? ''))).toEqual([])
  expect(log.points('b')).toEqual([])
})

it('says how it is now for six seconds', () => {
  const { log, keepFor, wait } = setUp()
  keepFor('a', 2)
  wait(5_999)
  expect(log.now('a')).toMatchObject({ video: { bitrate_kbps: 2_500 } })
  wait(1)
  expect(log.now('a')).toBeUndefined()
})

it('forgets what ended, and what nobody heard of for ten minutes', () => {
  const { log, keepFor, wait } = setUp()
  keepFor('a', 2)
  keepFor('b', 2)
  log.forget('a')
  expect(log.points('a')).toEqual([])
  wait(600_001)
  keepFor('c', 2)
  expect(log.points('b')).toEqual([])
})

it('does not keep points of a time that has not come, after a clock was set back', () => {
  const { log, keepFor, wait } = setUp()
  keepFor('a', 20)
  wait(-3_600_000)
  keepFor('a', 4)
  expect(log.points('a')).toHaveLength(2)
})
