/**
 * Owns measuring how far sound and picture are apart: the time stamp of the newest sound against that of the newest
 * picture, at every arrival. It knows stamps only: what was out of step before the encoder stamped it stays unseen.
 */
export interface Skew {
  /** Raw RTMP milliseconds; 32 bits, may wrap. */
  arrived(kind: 'video' | 'audio', timestampMs: number): void
  /** Milliseconds, the middle since the last call: positive where sound comes before its picture; undefined without both. */
  take(): number | undefined
}

const maxSamples = 1_024
// Further apart they are on different clocks, which the packager treats as a jump.
const furthestMs = 10_000

export const createSkew = (): Skew => {
  let newest: { video: number | undefined; audio: number | undefined } = {
    video: undefined,
    audio: undefined,
  }
  let samples: number[] = []

  return {
    arrived(kind, timestampMs) {
      newest[kind] = timestampMs
      const { video, audio } = newest
      if (video === undefined || audio === undefined || samples.length >= maxSamples) return
      samples.push((audio - video) | 0)
    },
    take() {
      const middle = samples.sort((a, b) => a - b)[Math.floor(samples.length / 2)]
      samples = []
      // A track that went away would otherwise seem to fall further and further behind.
      newest = { video: undefined, audio: undefined }
      return middle === undefined || Math.abs(middle) > furthestMs ? undefined : middle
    },
  }
}
