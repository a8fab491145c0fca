/**
 * Owns cutting a contiguous run of samples into parts and segments and writing their bytes. It knows nothing of
 * codecs or of what frames mean: the packager tells it where IDRs are. Times are 90 kHz ticks of media time.
 */
import { audioTrackId, videoTrackId } from '../fmp4/init.ts'
import { writePart } from '../fmp4/part.ts'
import type { Sample } from '../fmp4/part.ts'
import { minSegmentMs } from './shape.ts'
import type { HlsUpdate, SessionShape } from './updates.ts'

export interface SegmenterState {
  nextMsn: number
  discontinuitySequence: number
}

export interface SegmentStart {
  /** 90 kHz. */
  time: number
  init: number
  discontinuity: boolean
  /** PDT in ms minus media time in ms, for this run. */
  pdtOffsetMs: number
}

export interface Segmenter {
  readonly open: boolean
  readonly partStart: number
  begin(start: SegmentStart): void
  /** Cuts whatever must be cut before a master frame at `time`, which lasts about `frameTicks`. */
  advance(time: number, frameTicks: number, key: boolean): void
  /** Cuts a part where no master frame came in time, so that the other track is not held up. */
  forceCut(): void
  video(base: number, sample: Sample): void
  audio(base: number, sample: Sample): void
  readonly empty: boolean
  /** Ends the open segment at `time`. Returns where it really ended. */
  end(time: number): number
}

const ticks = 90

interface Lane {
  base: number
  end: number
  samples: Sample[]
}

const emptyLane = (): Lane => ({ base: 0, end: 0, samples: [] })

export const createSegmenter = (
  shape: SessionShape,
  state: SegmenterState,
  emit: (update: HlsUpdate) => void,
): Segmenter => {
  const partTarget = shape.partTargetMs * ticks
  const target = shape.targetDurationS * 1000 * ticks
  let start: SegmentStart = { time: 0, init: 0, discontinuity: false, pdtOffsetMs: 0 }
  let open = false
  let segmentKey = false
  let partKey = false
  let part = 0
  let partStart = 0
  let sequence = 0
  let videoLane = emptyLane()
  let audioLane = emptyLane()

  const isEmpty = (): boolean => videoLane.samples.length === 0 && audioLane.samples.length === 0

  const cutPart = (time: number, final: boolean): void => {
    const hasVideo = videoLane.samples.length > 0
    const independent = hasVideo ? videoLane.samples[0]?.key === true : partKey
    const bytes = writePart(++sequence, [
      { trackId: videoTrackId, baseTime: videoLane.base, video: true, samples: videoLane.samples },
      { trackId: audioTrackId, baseTime: audioLane.base, video: false, samples: audioLane.samples },
    ])
    emit({
      type: 'part',
      msn: state.nextMsn,
      part,
      init: start.init,
      mediaTimeMs: partStart / ticks,
      durationMs: (time - partStart) / ticks,
      pdtMs: partStart / ticks + start.pdtOffsetMs,
      discontinuitySequence: state.discontinuitySequence,
      discontinuity: start.discontinuity,
      independent,
      final,
      bytes,
    })
    videoLane = emptyLane()
    audioLane = emptyLane()
    part++
    partStart = time
    partKey = false
  }

  const nextSegment = (time: number): void => {
    cutPart(time, true)
    state.nextMsn++
    start = { ...start, time, discontinuity: false }
    part = 0
    segmentKey = false
  }

  // Where no frame begins in time the boundary lies at PART-TARGET itself; samples keep their true times.
  const forceCut = (): void => {
    if (isEmpty()) return
    const boundary = partStart + partTarget
    if (boundary + partTarget / 2 - start.time > target) nextSegment(boundary)
    else cutPart(boundary, false)
  }

  const push = (lane: Lane, base: number, sample: Sample): void => {
    const last = lane.samples.at(-1)
    if (last === undefined) lane.base = base
    // A trun has no holes: the sample before a gap lasts until its end.
    else if (base > lane.end) last.duration += base - lane.end
    lane.samples.push(sample)
    lane.end = Math.max(base, lane.end) + sample.duration
  }

  return {
    get open() {
      return open
    },
    get partStart() {
      return partStart
    },
    get empty() {
      return isEmpty()
    },
    begin(next) {
      if (next.discontinuity) state.discontinuitySequence++
      start = next
      open = true
      part = 0
      partStart = next.time
      segmentKey = false
      partKey = false
    },
    forceCut,
    advance(time, frameTicks, key) {
      while (time - partStart > partTarget && !isEmpty()) forceCut()
      const length = time - start.time
      const cutsSegment = key && (length >= minSegmentMs * ticks - frameTicks / 2 || !segmentKey)
      // RFC 8216bis §4.4.3.1: rounded, no segment is longer than TARGETDURATION.
      if (!isEmpty() && (cutsSegment || length >= target)) nextSegment(time)
      else if (!isEmpty()) {
        const partLength = time - partStart
        // §4.4.4.9: parts last at least 85 % of PART-TARGET but for a segment's last.
        const keyNow = key && partLength >= 0.86 * partTarget
        if (keyNow || partLength + frameTicks > partTarget) cutPart(time, false)
      }
      if (isEmpty() && part === 0) segmentKey = key
      if (isEmpty()) partKey = key
    },
    video: (base, sample) => push(videoLane, base, sample),
    audio: (base, sample) => push(audioLane, base, sample),
    end(time) {
      if (!open) return time
      open = false
      const length = Math.min(Math.max(time - partStart, ticks), partTarget)
      if (isEmpty()) {
        state.nextMsn += part > 0 ? 1 : 0
        return partStart
      }
      cutPart(partStart + length, true)
      state.nextMsn++
      return partStart
    },
  }
}
