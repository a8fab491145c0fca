/** Checks when a creator is told to change something, and what. */
import { expect, it } from 'vitest'
import type { HealthPoint } from '../api/shapes.ts'
import { adviceOn } from './health-advice.ts'

const good: Omit<HealthPoint, 'at'> = {
  video_kbps: 2_500,
  audio_kbps: 160,
  fps: 30,
  keyframe_interval: 2,
  dropped_frames: 0,
  skew: 5,
}
const points = (count: number, change: (n: number) => Partial<HealthPoint> = () => ({})): HealthPoint[] =>
  Array.from({ length: count }, (_, n) => ({
    ...good,
    at: new Date(1_800_000_000_000 + n * 2_000).toISOString(),
    ...change(n),
  }))

it('says nothing about a good stream, nor before there is any', () => {
  expect(adviceOn([])).toEqual({})
  expect(adviceOn(points(1))).toEqual({})
  expect(
    adviceOn(points(300, (n) => ({ fps: n % 7 ? 30 : 29.5, video_kbps: 2_300 + (n % 9) * 50 }))),
  ).toEqual({})
})

it('says so when the bitrate falls, not when it was low from the start', () => {
  const fallen = points(60, (n) => ({ video_kbps: n < 50 ? 2_500 : 900 }))
  expect(adviceOn(fallen)).toEqual({
    bitrate: { text: 'go.advice_bitrate', values: { now: 900, usual: 2_500 } },
  })
  expect(adviceOn(points(60, () => ({ video_kbps: 900 })))).toEqual({})
})

it('tells a low frame rate from an unsteady one', () => {
  expect(adviceOn(points(20, () => ({ fps: 12 })))).toMatchObject({ fps: { text: 'go.warning_low_fps' } })
  expect(adviceOn(points(20, (n) => ({ fps: n % 3 ? 30 : 21 })))).toMatchObject({
    fps: { text: 'go.advice_fps' },
  })
  expect(adviceOn(points(20, (n) => ({ fps: n === 12 ? 21 : 30 })))).toEqual({})
})

it('counts dropped frames of the last half minute', () => {
  const dropping = points(60, (n) => ({ dropped_frames: n < 45 ? 0 : 6, fps: n < 45 ? 30 : 27 }))
  expect(adviceOn(dropping)).toEqual({ dropped: { text: 'go.advice_dropped', values: { n: 10 } } })
  expect(adviceOn(points(60, (n) => ({ dropped_frames: n < 20 ? 6 : 0 })))).toEqual({})
  expect(adviceOn(points(60, () => ({ dropped_frames: null })))).toEqual({})
})

it('wants keyframes every two seconds', () => {
  expect(adviceOn(points(20, () => ({ keyframe_interval: 8.3 })))).toEqual({
    keyframes: { text: 'go.warning_long_gop' },
  })
  expect(adviceOn(points(20, () => ({ keyframe_interval: 0.5 })))).toEqual({
    keyframes: { text: 'go.advice_keyframes_close' },
  })
  expect(adviceOn(points(20, () => ({ keyframe_interval: null })))).toEqual({})
})

it('says which way sound is off', () => {
  expect(adviceOn(points(20, () => ({ skew: 320 })))).toEqual({
    skew: { text: 'go.advice_skew_before', values: { n: 320 } },
  })
  expect(adviceOn(points(20, () => ({ skew: -400.4 })))).toEqual({
    skew: { text: 'go.advice_skew_after', values: { n: 400 } },
  })
})
