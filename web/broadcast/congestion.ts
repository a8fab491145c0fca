/** Owns how the picture's bitrate follows the network: down at once where data waits, up again slowly. Pure. */

export interface Congestion {
  /** To be asked for each picture: false where it must be left out. */
  mayEncode(waitingBytes: number): boolean
  /** Once a second; the bitrate to encode with now. */
  bitrate(waitingBytes: number): number
}

/** What may wait before pictures are left out, and from which on the bitrate falls; in seconds of the stream. */
const dropAfterS = 1.5
const resumeBelowS = 0.5
const slowDownAfterS = 0.4
const calmTurns = 8
const lowestShare = 0.2

export const createCongestion = (target: number): Congestion => {
  let current = target
  let dropping = false
  let calm = 0
  const secondsOf = (bytes: number): number => (bytes * 8) / target

  return {
    mayEncode(waitingBytes) {
      const waitingS = secondsOf(waitingBytes)
      dropping = dropping ? waitingS > resumeBelowS : waitingS > dropAfterS
      return !dropping
    },
    bitrate(waitingBytes) {
      if (secondsOf(waitingBytes) > slowDownAfterS) {
        calm = 0
        current = Math.max(target * lowestShare, current * 0.7)
      } else if (current < target && ++calm >= calmTurns) {
        calm = 0
        current = Math.min(target, current * 1.15)
      }
      return Math.round(current)
    },
  }
}
