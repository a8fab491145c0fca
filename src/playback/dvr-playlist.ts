/**
 * Owns the playlist of a whole running session: what was recorded before the live window, by byte ranges, then the
 * window's own low-latency playlist. Both count segments alike, so blocking reloads, delta updates and the live edge
 * are those of `ll.m3u8`. Pure.
 */
import type { Journal, JournalInit, JournalPart } from '../ingest/index.ts'

/** A live segment as it lies in a bundle. */
export interface RecordedSegment {
  msn: number
  init: JournalInit
  bundle: number
  offset: number
  length: number
  durationMs: number
  pdtMs: number
  independent: boolean
  discontinuity: boolean
  /** Its parts lie apart (a bundle ended within it): no byte range holds it. */
  torn: boolean
}

/** Takes in parts as they are written; segments come out by their number. */
export const createRecordedSegments = () => {
  const segments = new Map<number, RecordedSegment>()
  let taken = 0

  const add = (part: JournalPart, inits: readonly JournalInit[]): void => {
    const known = segments.get(part.msn)
    if (known !== undefined) {
      known.torn ||= part.bundle !== known.bundle || part.offset !== known.offset + known.length
      known.length += part.length
      known.durationMs += part.durationMs
      return
    }
    const init = inits.findLast(({ n }) => n === part.init)
    if (init === undefined) return
    const { msn, bundle, offset, length, durationMs, pdtMs, independent } = part
    // A part that is not the first: the segment's beginning was lost.
    const torn = part.part !== 0
    const discontinuity = part.discontinuity && part.part === 0
    segments.set(msn, {
      msn,
      init,
      bundle,
      offset,
      length,
      durationMs,
      pdtMs,
      independent,
      discontinuity,
      torn,
    })
  }

  return {
    segments: segments as ReadonlyMap<number, RecordedSegment>,
    take({ parts, inits }: Journal): void {
      for (; taken < parts.length; taken++) {
        const part = parts[taken]
        if (part !== undefined) add(part, inits)
      }
    },
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(5).replace(/\.?0+$/, '')

const numberIn = (text: string, tag: string): number =>
  Number(new RegExp(`^#${tag}:(\\d+)$`, 'm').exec(text)?.[1] ?? 0)

/** Those right before `first`, in order and without a hole. */
const before = (segments: ReadonlyMap<number, RecordedSegment>, first: number): RecordedSegment[] => {
  const found: RecordedSegment[] = []
  for (let msn = first - 1; msn >= 0; msn--) {
    const segment = segments.get(msn)
    if (segment === undefined) break
    found.push(segment)
  }
  return found.reverse()
}

const linesOf = (recorded: readonly RecordedSegment[], uriOf: (bundle: number) => string): string[] => {
  const lines: string[] = []
  let init: JournalInit | undefined
  for (const segment of recorded) {
    if (segment.discontinuity) lines.push('#EXT-X-DISCONTINUITY')
    if (segment.init !== init) {
      init = segment.init
      lines.push(`#EXT-X-MAP:URI="${uriOf(init.bundle)}",BYTERANGE="${init.length}@${init.offset}"`)
    }
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.pdtMs).toISOString()}`)
    // §4.4.4.7: its place in time stays, players go past it.
    if (segment.torn) lines.push('#EXT-X-GAP')
    lines.push(
      `#EXTINF:${seconds(segment.durationMs)},`,
      `#EXT-X-BYTERANGE:${segment.length}@${segment.offset}`,
      uriOf(segment.bundle),
    )
  }
  return lines
}

/** `live` is the text of `ll.m3u8`, a delta update included. Without a recording right before it, it stays as it is. */
export const dvrPlaylist = (
  live: string,
  segments: ReadonlyMap<number, RecordedSegment>,
  uriOf: (bundle: number) => string,
): string => {
  const first = numberIn(live, 'EXT-X-MEDIA-SEQUENCE')
  const recorded = before(segments, first)
  const [start] = recorded
  if (start === undefined) return live
  const breaks = recorded.filter(({ discontinuity }) => discontinuity).length
  const sequence = Math.max(0, numberIn(live, 'EXT-X-DISCONTINUITY-SEQUENCE') - breaks)
  const lines = live.split('\n')
  const at = lines.findIndex((line) => line.startsWith('#EXT-X-DISCONTINUITY-SEQUENCE'))
  const head = lines
    .slice(0, at + 1)
    .map((line) => {
      if (line.startsWith('#EXT-X-MEDIA-SEQUENCE')) return `#EXT-X-MEDIA-SEQUENCE:${start.msn}`
      if (line.startsWith('#EXT-X-DISCONTINUITY-SEQUENCE')) return `#EXT-X-DISCONTINUITY-SEQUENCE:${sequence}`
      return line
    })
    .filter(
      (line) => line !== '#EXT-X-INDEPENDENT-SEGMENTS' || recorded.every(({ independent }) => independent),
    )
  const rest = lines.slice(at + 1)
  const skip = /^#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)$/.exec(rest[0] ?? '')
  if (skip !== null) {
    const skipped = Number(skip[1]) + recorded.length
    return [...head, `#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`, ...rest.slice(1)].join('\n')
  }
  return [...head, ...linesOf(recorded, uriOf), ...rest].join('\n')
}
