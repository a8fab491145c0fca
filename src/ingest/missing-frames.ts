/**
 * Owns telling from time stamps how many frames a publisher left out. An encoder that cannot send all drops frames before
 * they reach us: at a constant frame rate their times are missing. Where the rate is not constant it says nothing.
 */
export interface MissingFrames {
  /** Raw RTMP milliseconds in decode order; 32 bits, may wrap. */
  frame(timestampMs: number): void
  /** How many are missing since the last call; undefined where no constant rate is known. */
  take(): number | undefined
}

// What is longer is a jump of the publisher's clock, as for the packager.
const longestStepMs = 10_000
const maxSteps = 1_024
// Fewer steps than these tell no rate.
const enoughSteps = 8
const constantShare = 0.7
// A camera that slows down in the dark is believed after so many calls: until then its frames are missing.
const slowerAfter = 5

/** Time stamps are whole milliseconds: 33, 33, 34. */
const isNear = (ms: number, wantedMs: number, stepMs: number): boolean =>
  Math.abs(ms - wantedMs) <= Math.max(2, stepMs * 0.15)

const middleOf = (steps: readonly number[]): number =>
  [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0

/** The step that most of them share, exact to a fraction of a millisecond. */
const sharedStep = (steps: readonly number[]): number | undefined => {
  if (steps.length < enoughSteps) return undefined
  const middle = middleOf(steps)
  const near = steps.filter((step) => isNear(step, middle, middle))
  if (near.length < steps.length * constantShare) return undefined
  return near.reduce((sum, step) => sum + step, 0) / near.length
}

const countOf = (ms: number, stepMs: number): number => Math.max(1, Math.round(ms / stepMs))

export const createMissingFrames = (): MissingFrames => {
  let last: number | undefined
  let steps: number[] = []
  let usualMs: number | undefined
  let slower = 0

  const learn = (): void => {
    const shared = sharedStep(steps)
    if (shared === undefined) return
    const isSlower = usualMs !== undefined && shared > usualMs * 1.15
    slower = isSlower ? slower + 1 : 0
    if (isSlower && slower < slowerAfter) return
    usualMs = shared
    slower = 0
  }

  return {
    frame(timestampMs) {
      const step = last === undefined ? 0 : (timestampMs - last) | 0
      last = timestampMs
      if (step > 0 && step <= longestStepMs && steps.length < maxSteps) steps.push(step)
    },
    take() {
      learn()
      const seen = steps
      steps = []
      const usual = usualMs
      if (usual === undefined) return undefined
      const fits = seen.filter((step) => isNear(step, countOf(step, usual) * usual, usual))
      if (seen.length >= enoughSteps && fits.length < seen.length * constantShare) return undefined
      return seen.reduce((sum, step) => sum + countOf(step, usual) - 1, 0)
    },
  }
}
