/** Owns making 32-bit millisecond timestamps endless, and counting audio frames instead of trusting them. */

/** Follows wraps at 2^32 ms in both directions; the first value stands as it is. */
export const createUnwrapper = (): ((rawMs: number) => number) => {
  let last: number | undefined
  return (rawMs) => {
    // A signed difference of 32 bits: a step back of B-frames or interleaving stays a step back.
    last = last === undefined ? rawMs : last + ((rawMs - last) | 0)
    return last
  }
}

export interface AudioPlace {
  /** Position in samples. */
  base: number
  duration: number
}

export interface AudioClock {
  /** Places a frame whose timestamp says `position` (in samples); undefined: drop it, its time is taken. */
  place(position: number, frameSamples: number): AudioPlace | undefined
}

// Ms rounding and interleaving jitter stay far below; above it samples are missing or doubled.
const hardDriftS = 0.15
// A lasting deviation that an ear can notice is mended by stretching one frame.
const softDriftS = 0.03

/** Counts frames in the sample rate; resynchronises on real drift only. */
export const createAudioClock = (sampleRate: number): AudioClock => {
  let next: number | undefined
  let average = 0
  return {
    place(position, frameSamples) {
      next ??= Math.round(position)
      const drift = position - next
      if (Math.abs(drift) > hardDriftS * sampleRate) {
        average = 0
        if (drift < 0) return undefined
        next = Math.round(position)
      } else average += (drift - average) / 32
      let duration = frameSamples
      if (Math.abs(average) > softDriftS * sampleRate) {
        duration += Math.round(Math.max(-frameSamples / 2, Math.min(frameSamples / 2, average)))
        average = 0
      }
      const base = next
      next += duration
      return { base, duration }
    },
  }
}
