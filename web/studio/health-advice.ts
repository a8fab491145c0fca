/** Owns when the incoming stream is worth a word, and which: rules over the last half minute, one per chart. Pure. */
import type { HealthPoint } from '../api/shapes.ts'
import type { TextKey } from '../i18n/text.ts'

export const charts = ['bitrate', 'fps', 'dropped', 'keyframes', 'skew'] as const
export type Chart = (typeof charts)[number]

export interface Advice {
  text: TextKey
  values?: Record<string, number>
}

type Rule = (recent: readonly HealthPoint[], earlier: readonly HealthPoint[]) => Advice | undefined

const recentMs = 30_000
/** So many points are ten seconds: one bad report is nobody's trouble yet. */
const few = 5
const pointSeconds = 2

export const middle = (values: readonly number[]): number | undefined =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const known = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null)

/** What it sends now is far below what it sent before. */
const bitrate: Rule = (recent, earlier) => {
  const usual = middle(earlier.map((point) => point.video_kbps))
  const now = middle(recent.slice(-few).map((point) => point.video_kbps))
  if (usual === undefined || now === undefined || earlier.length < 3 * few || recent.length < few)
    return undefined
  return now < usual * 0.6 ? { text: 'go.advice_bitrate', values: { now, usual } } : undefined
}

const fps: Rule = (recent) => {
  const rates = recent.map((point) => point.fps)
  const usual = middle(rates)
  if (usual === undefined || usual === 0 || rates.length < few) return undefined
  if (usual < 15) return { text: 'go.warning_low_fps' }
  const off = rates.filter((rate) => Math.abs(rate - usual) > usual * 0.15)
  return off.length >= 3 ? { text: 'go.advice_fps' } : undefined
}

const dropped: Rule = (recent) => {
  const missing = known(recent.map((point) => point.dropped_frames)).reduce((sum, count) => sum + count, 0)
  const arrived = recent.reduce((sum, point) => sum + point.fps * pointSeconds, 0)
  const share = missing / Math.max(1, missing + arrived)
  if (missing < 3 || share < 0.01) return undefined
  return { text: 'go.advice_dropped', values: { n: Math.round(share * 100) } }
}

const keyframes: Rule = (recent) => {
  const interval = middle(known(recent.map((point) => point.keyframe_interval)))
  if (interval === undefined) return undefined
  if (interval > 2.5) return { text: 'go.warning_long_gop' }
  return interval < 0.9 ? { text: 'go.advice_keyframes_close' } : undefined
}

/** What people notice begins near 100 ms; frames of both kinds alone make a few tens. */
const skew: Rule = (recent) => {
  const values = known(recent.slice(-few).map((point) => point.skew))
  const apart = middle(values)
  if (apart === undefined || values.length < 3 || Math.abs(apart) <= 150) return undefined
  const text = apart > 0 ? 'go.advice_skew_before' : 'go.advice_skew_after'
  return { text, values: { n: Math.round(Math.abs(apart)) } }
}

const rules: Readonly<Record<Chart, Rule>> = { bitrate, fps, dropped, keyframes, skew }

/** `points` oldest first. */
export const adviceOn = (points: readonly HealthPoint[]): Partial<Record<Chart, Advice>> => {
  const fromMs = Date.parse(points.at(-1)?.at ?? '') - recentMs
  const recent = points.filter(({ at }) => Date.parse(at) > fromMs)
  const earlier = points.slice(0, points.length - recent.length)
  const given: Partial<Record<Chart, Advice>> = {}
  for (const chart of charts) {
    const advice = rules[chart](recent, earlier)
    if (advice !== undefined) given[chart] = advice
  }
  return given
}
