/** Owns choosing a session's TARGETDURATION and PART-TARGET from its first GOP. Pure. */
import type { SessionShape } from './updates.ts'

export const minSegmentMs = 2_000
export const maxTargetS = 4

export const usualPartMs = 500
// Rounding to whole milliseconds moves a boundary by one; encoders jitter a little more.
const jitterMs = 8

/**
 * `gopMs` between the first two IDRs (undefined: none came within 4 s). A segment is whole GOPs of at least 2 s;
 * TARGETDURATION is the smallest whole number it does not exceed (29.97 frames a second make 2.002 s of 2).
 * A part is the whole number of frames that is nearest to `partMs`.
 */
export const chooseShape = (
  gopMs: number | undefined,
  frameMs: number,
  partMs: number = usualPartMs,
): SessionShape => {
  const gops = gopMs === undefined ? 0 : Math.max(1, Math.ceil((minSegmentMs - frameMs / 2) / gopMs))
  const segmentMs = gopMs === undefined ? maxTargetS * 1000 : gops * gopMs
  const targetDurationS = Math.min(
    maxTargetS,
    Math.max(2, Math.ceil((segmentMs - Math.min(10, frameMs / 2)) / 1000)),
  )
  const frames = Math.max(1, Math.round(partMs / frameMs))
  return { targetDurationS, partTargetMs: Math.ceil(frames * frameMs - 0.001) + jitterMs }
}

/** The middle one of the steps between timestamps; `fallbackMs` if there are none. */
export const typicalStep = (timesMs: readonly number[], fallbackMs: number): number => {
  const steps: number[] = []
  timesMs.forEach((time, i) => {
    const before = timesMs[i - 1]
    if (before !== undefined && time > before) steps.push(time - before)
  })
  if (steps.length === 0) return fallbackMs
  // The mean of what is near the median: 33, 33, 34 makes 33.3 and one late frame changes nothing.
  const median = steps.sort((a, b) => a - b)[steps.length >> 1] ?? fallbackMs
  const near = steps.filter((step) => step >= median * 0.7 && step <= median * 1.4)
  return near.reduce((sum, step) => sum + step, 0) / near.length
}
