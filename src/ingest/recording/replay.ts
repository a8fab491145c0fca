/** Owns the replay's playlist: a finished (or growing) recording as VOD HLS by byte ranges. Pure. */
import type { Journal, JournalInit, JournalPart } from './journal.ts'

export interface ReplaySegment {
  init: JournalInit
  bundle: number
  offset: number
  length: number
  durationMs: number
  mediaTimeMs: number
  pdtMs: number
  discontinuity: boolean
}

// Merging further only makes seeking coarser; without IDRs for so long a segment is cut anyway.
const minReplayMs = 2_000
const maxReplayMs = 30_000

const fits = (segment: ReplaySegment, part: JournalPart): boolean => {
  const contiguous = part.bundle === segment.bundle && part.offset === segment.offset + segment.length
  if (!contiguous || part.discontinuity || part.init !== segment.init.n) return false
  if (segment.durationMs >= maxReplayMs) return false
  return !part.independent || segment.durationMs < minReplayMs
}

/** Parts merged to stretches that begin with an IDR and lie in one bundle. */
export const replaySegments = (journal: Journal): ReplaySegment[] => {
  const inits = new Map(journal.inits.map((init) => [init.n, init]))
  const segments: ReplaySegment[] = []
  let before: JournalPart | undefined
  for (const part of journal.parts) {
    const init = inits.get(part.init)
    if (init === undefined) continue
    const last = segments.at(-1)
    // The tag belongs to the part that begins a segment; its followers carry it too.
    const breaks = part.discontinuity && part.part === 0
    const plain = breaks === part.discontinuity ? part : { ...part, discontinuity: false }
    if (last !== undefined && fits(last, plain)) {
      last.length += part.length
      last.durationMs += part.durationMs
    } else {
      const missing = before !== undefined && Math.abs(endMs(before) - part.mediaTimeMs) > 50
      segments.push({
        init,
        bundle: part.bundle,
        offset: part.offset,
        length: part.length,
        durationMs: part.durationMs,
        mediaTimeMs: part.mediaTimeMs,
        pdtMs: part.pdtMs,
        discontinuity: last !== undefined && (breaks || missing || last.init.n !== init.n),
      })
    }
    before = part
  }
  return segments
}

const endMs = (part: JournalPart): number => part.mediaTimeMs + part.durationMs

const seconds = (ms: number): string => (ms / 1000).toFixed(5).replace(/\.?0+$/, '')

/** The playlist; `uriOf` gives the address of bundle `b{n}.mp4`. Needs at least one part. */
export const replayPlaylist = (journal: Journal, uriOf: (bundle: number) => string): string => {
  const segments = replaySegments(journal)
  const longestMs = segments.reduce((max, segment) => Math.max(max, segment.durationMs), 1)
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.ceil(longestMs / 1000)}`,
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-MEDIA-SEQUENCE:0',
  ]
  let init: JournalInit | undefined
  segments.forEach((segment, i) => {
    if (segment.discontinuity) lines.push('#EXT-X-DISCONTINUITY')
    if (segment.init !== init) {
      init = segment.init
      const range = `${init.length}@${init.offset}`
      lines.push(`#EXT-X-MAP:URI="${uriOf(init.bundle)}",BYTERANGE="${range}"`)
    }
    if (i === 0 || segment.discontinuity) {
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.pdtMs).toISOString()}`)
    }
    lines.push(
      `#EXTINF:${seconds(segment.durationMs)},`,
      `#EXT-X-BYTERANGE:${segment.length}@${segment.offset}`,
      uriOf(segment.bundle),
    )
  })
  lines.push('#EXT-X-ENDLIST')
  return lines.join('\n') + '\n'
}
