/** Owns the text of `ll.m3u8` and `live.m3u8`, RFC 8216bis (draft-pantos-hls-rfc8216bis). Pure. */
import type { PartUpdate } from './updates.ts'
import type { HlsWindow, Segment } from './window.ts'

// §4.4.4.9: parts go when they are three target durations from the end; no segment is longer than one, so those of a
// segment that ends within two are still wanted, however short the segments behind it are.
const partsTargets = 2
/** §4.4.3.8: CAN-SKIP-UNTIL is at least six target durations. */
const skipTargets = 6
const holdBackTargets = 3
const holdBackParts = 3

const seconds = (ms: number): string => (ms / 1000).toFixed(5).replace(/\.?0+$/, '')

const dateTime = (ms: number): string => new Date(ms).toISOString()

export interface PlaylistOptions {
  /** Low latency: parts, hint, blocking reload. */
  parts: boolean
  /** Answer `_HLS_skip=YES`. */
  skip: boolean
}

/** What a session without any media yet has: no playlist (undefined). */
export const writePlaylist = (window: HlsWindow, options: PlaylistOptions): string | undefined => {
  const { shape } = window
  if (shape === undefined) return undefined
  const listed = window.segments.slice(window.listedFrom)
  const first = listed[0]
  if (first === undefined) return undefined
  const shown = options.parts ? listed : listed.filter((segment) => segment.closed)
  if (shown.length === 0) return undefined
  const targetMs = shape.targetDurationS * 1000
  // §6.2.5.1: segments older than the skip boundary may be left out.
  const skipped = options.parts && options.skip ? nearEdge(shown, skipTargets * targetMs) : 0
  const lines = head(window, options, first, shown, skipped)
  const partsFrom = window.ended ? shown.length : nearEdge(shown, partsTargets * targetMs)
  shown.forEach((segment, i) => {
    if (i >= skipped) segmentLines(lines, segment, shown[i - 1], options.parts && i >= partsFrom)
  })
  if (window.ended) lines.push('#EXT-X-ENDLIST')
  else if (options.parts) lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${hintedPart(window)}"`)
  return lines.join('\n') + '\n'
}

const head = (
  window: HlsWindow,
  options: PlaylistOptions,
  first: Segment,
  shown: readonly Segment[],
  skipped: number,
): string[] => {
  const targetS = window.shape?.targetDurationS ?? 0
  const partMs = window.shape?.partTargetMs ?? 0
  const holdBack = `HOLD-BACK=${seconds(holdBackTargets * targetS * 1000)}`
  const lines = ['#EXTM3U', `#EXT-X-VERSION:${options.parts ? 9 : 7}`, `#EXT-X-TARGETDURATION:${targetS}`]
  // §4.4.2.1: INDEPENDENT-SEGMENTS is a promise for every segment listed.
  if (shown.every((segment) => segment.independent)) lines.push('#EXT-X-INDEPENDENT-SEGMENTS')
  if (options.parts) {
    lines.push(
      `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=${seconds(skipTargets * targetS * 1000)},` +
        `PART-HOLD-BACK=${seconds(holdBackParts * partMs)},${holdBack}`,
      `#EXT-X-PART-INF:PART-TARGET=${seconds(partMs)}`,
    )
  }
  // Without the tag HOLD-BACK is three target durations (§4.4.3.8); validators take the tag for low latency.
  lines.push(
    `#EXT-X-MEDIA-SEQUENCE:${first.msn}`,
    // Never left out (hls.js #1172); the first segment's own tag stands below it and counts for itself.
    `#EXT-X-DISCONTINUITY-SEQUENCE:${first.discontinuitySequence - (first.discontinuity ? 1 : 0)}`,
  )
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`)
  return lines
}

// The first of those that end less than `distanceMs` before the last one does.
const nearEdge = (shown: readonly Segment[], distanceMs: number): number => {
  let fromEndMs = 0
  let count = shown.length
  while (count > 0 && fromEndMs < distanceMs) fromEndMs += shown[--count]?.durationMs ?? 0
  return count
}

const segmentLines = (
  lines: string[],
  segment: Segment,
  before: Segment | undefined,
  withParts: boolean,
): void => {
  if (segment.discontinuity) lines.push('#EXT-X-DISCONTINUITY')
  if (before?.init !== segment.init) lines.push(`#EXT-X-MAP:URI="init-${segment.init}.mp4"`)
  lines.push(`#EXT-X-PROGRAM-DATE-TIME:${dateTime(segment.pdtMs)}`)
  if (withParts) for (const part of segment.parts) lines.push(partLine(part))
  if (!segment.closed) return
  lines.push(`#EXTINF:${seconds(segment.durationMs)},`, `s${segment.msn}.mp4`)
}

const partLine = (part: PartUpdate): string =>
  `#EXT-X-PART:DURATION=${seconds(part.durationMs)},URI="p${part.msn}.${part.part}.mp4"` +
  (part.independent ? ',INDEPENDENT=YES' : '')

/** The part that comes next, whether anyone is publishing or not. */
export const nextPart = (window: HlsWindow): { msn: number; part: number } => {
  const last = window.segments.at(-1)
  if (last === undefined) return { msn: 0, part: 0 }
  return last.closed ? { msn: last.msn + 1, part: 0 } : { msn: last.msn, part: last.parts.length }
}

const hintedPart = (window: HlsWindow): string => {
  const { msn, part } = nextPart(window)
  return `p${msn}.${part}.mp4`
}

// The Advance Part Limit, §6.2.5.2: three parts, or as many as three seconds hold.
const advanceParts = (window: HlsWindow): number =>
  Math.max(3, Math.ceil(3000 / (window.shape?.partTargetMs ?? 1000)))

export type BlockDecision = 'ready' | 'wait' | 'too-far' | 'invalid'

/** What §6.2.5.2 says to a request for (`msn`, `part`). */
export const blockDecision = (
  window: HlsWindow,
  msn: number | undefined,
  part: number | undefined,
): BlockDecision => {
  if (msn === undefined) return part === undefined ? 'ready' : 'invalid'
  if (window.ended) return 'ready'
  const last = window.segments.at(-1)
  if (last === undefined) return 'wait'
  // The last whole segment, or the one in the making, plus two.
  if (msn > (last.closed ? last.msn : last.msn - 1) + 2) return 'too-far'
  if (msn < last.msn) return 'ready'
  const known = msn === last.msn ? last.parts.length : 0
  if ((part ?? 0) >= known + advanceParts(window)) return 'too-far'
  if (msn > last.msn) return 'wait'
  if (last.closed) {
    // A part beyond the final one means part 0 of the next segment.
    return part === undefined || part < last.parts.length ? 'ready' : 'wait'
  }
  return part !== undefined && part < last.parts.length ? 'ready' : 'wait'
}
