/** Owns what the packager tells its readers (window, recorder, link): a session is the sequence of these. */

/** Chosen from the first GOP; never changes within a session. */
export interface SessionShape {
  /** EXT-X-TARGETDURATION, 2 to 4. */
  targetDurationS: number
  /** EXT-X-PART-INF:PART-TARGET in whole milliseconds. */
  partTargetMs: number
}

export interface TrackSummary {
  kind: 'video' | 'audio'
  codec: string
  codecString: string
  width?: number
  height?: number
  fps?: number
  sampleRate?: number
  channels?: number
}

export interface InitUpdate {
  type: 'init'
  n: number
  tracks: TrackSummary[]
  bytes: Buffer
}

export interface PartUpdate {
  type: 'part'
  /** Media sequence number of the segment it belongs to, and its place in it. */
  msn: number
  part: number
  init: number
  /** Since the session's first frame; fractions for audio only. */
  mediaTimeMs: number
  durationMs: number
  /** EXT-X-PROGRAM-DATE-TIME where the part begins. */
  pdtMs: number
  /** Number of EXT-X-DISCONTINUITY before or at its segment, in the whole session. */
  discontinuitySequence: number
  /** Its segment begins with a discontinuity. */
  discontinuity: boolean
  /** It begins with an IDR (or has no video at all). */
  independent: boolean
  /** It is the last one of its segment. */
  final: boolean
  bytes: Buffer
}

export type HlsUpdate = { type: 'shape'; shape: SessionShape } | InitUpdate | PartUpdate

/** Where a session goes on after the process that packaged it is gone. */
export interface ResumePoint {
  shape: SessionShape
  nextMsn: number
  nextInit: number
  discontinuitySequence: number
  mediaTimeMs: number
  /** PDT at the end of what was packaged; the next run begins no earlier. */
  pdtMs: number
}

export const updateBytes = (update: HlsUpdate): number =>
  update.type === 'shape' ? 64 : update.bytes.length + 256
