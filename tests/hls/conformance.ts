/**
 * Owns the rules that every playlist of a live session keeps, RFC 8216bis, each playlist for itself and all of them in
 * the order in which they were fetched. It gives back what is broken in words; nothing broken is an empty list.
 */
import HLS from 'hls-parser'
import { attribute, readMediaPlaylist } from './media-playlist.ts'
import type { MediaPlaylist, SegmentLines } from './media-playlist.ts'

export interface Asked {
  msn: number
  part: number | undefined
}

export interface Conformance {
  /** A playlist as it was answered. `asked` is what a blocking request asked for. */
  see(text: string, kind: 'll' | 'plain', asked?: Asked): void
  readonly seen: number
  /** One line per broken rule, each said once per playlist. */
  readonly broken: readonly string[]
}

const near = (a: number, b: number, within: number): boolean => Math.abs(a - b) <= within
const number = (playlist: MediaPlaylist, tag: string): number => Number(playlist.tags.get(tag)?.[0])

interface Constants {
  targetS: number
  partTargetS: number
}

export const createConformance = (): Conformance => {
  const broken: string[] = []
  /** By kind: numbers only go up, and what was said of a segment stays said. */
  const last = { ll: new Map<number, SegmentLines>(), plain: new Map<number, SegmentLines>() }
  const firstMsn = { ll: -1, plain: -1 }
  const sequence = { ll: -1, plain: -1 }
  let constants: Constants | undefined
  let seen = 0

  const see: Conformance['see'] = (text, kind, asked) => {
    seen++
    const say = (rule: string): number => broken.push(`${kind} ${seen}: ${rule}`)
    const playlist = readMediaPlaylist(text)
    if (!text.startsWith('#EXTM3U\n') || !text.endsWith('\n'))
      say('begins with EXTM3U and ends with a newline')
    for (const line of playlist.strange) say(`knows its tags: ${line}`)
    try {
      // A delta update is none to a parser that has not seen the playlist before it.
      if (playlist.skipped === 0) HLS.parse(text)
    } catch (error) {
      say(`hls-parser reads it: ${String(error)}`)
    }
    constants = checkHead(playlist, kind, constants, say)
    checkSegments(playlist, kind, constants, say)
    if (kind === 'll') checkParts(playlist, constants, asked, say)
    checkOrder(playlist, kind, say)
  }

  const checkOrder = (playlist: MediaPlaylist, kind: 'll' | 'plain', say: (rule: string) => number): void => {
    if (playlist.firstMsn < firstMsn[kind]) say('EXT-X-MEDIA-SEQUENCE never goes backwards')
    const before = number(playlist, 'EXT-X-DISCONTINUITY-SEQUENCE')
    if (before < sequence[kind]) say('EXT-X-DISCONTINUITY-SEQUENCE never goes backwards')
    const left = [...last[kind].values()].filter(
      ({ msn, discontinuity }) => msn >= firstMsn[kind] && msn < playlist.firstMsn && discontinuity,
    ).length
    if (sequence[kind] >= 0 && before !== sequence[kind] + left) {
      say(`EXT-X-DISCONTINUITY-SEQUENCE counts what left: ${before}, not ${sequence[kind]} + ${left}`)
    }
    firstMsn[kind] = playlist.firstMsn
    sequence[kind] = before
    for (let n = 0; n < playlist.skipped; n++) {
      if (!last[kind].has(playlist.firstMsn + n)) say('a delta update skips only what was told before')
    }
    for (const segment of playlist.segments) {
      const known = last[kind].get(segment.msn)
      if (known?.uri !== undefined && (known.uri !== segment.uri || known.durationS !== segment.durationS)) {
        say(`segment ${segment.msn} stays as it was told`)
      }
      if (
        known !== undefined &&
        (known.pdtMs !== segment.pdtMs || known.discontinuity !== segment.discontinuity)
      ) {
        say(`segment ${segment.msn} keeps its date and discontinuity`)
      }
      const tails = known?.parts.some((part, n) => {
        const now = segment.parts[n]
        return segment.parts.length > 0 && (now?.uri !== part.uri || now.durationS !== part.durationS)
      })
      if (tails === true) say(`parts of segment ${segment.msn} stay as they were told`)
      last[kind].set(segment.msn, segment)
    }
    for (const msn of last[kind].keys()) if (msn < playlist.firstMsn - 50) last[kind].delete(msn)
  }

  return {
    see,
    get seen() {
      return seen
    },
    broken,
  }
}

const checkHead = (
  playlist: MediaPlaylist,
  kind: 'll' | 'plain',
  before: Constants | undefined,
  say: (rule: string) => number,
): Constants => {
  for (const tag of [
    'EXT-X-VERSION',
    'EXT-X-TARGETDURATION',
    'EXT-X-MEDIA-SEQUENCE',
    'EXT-X-DISCONTINUITY-SEQUENCE',
  ]) {
    if (playlist.tags.get(tag)?.length !== 1) say(`${tag} stands once`)
  }
  const targetS = number(playlist, 'EXT-X-TARGETDURATION')
  if (!(targetS >= 2 && targetS <= 4)) say('TARGETDURATION is 2 to 4')
  if (before !== undefined && before.targetS !== targetS) say('TARGETDURATION never changes')
  if (kind === 'plain') {
    for (const tag of ['EXT-X-PART', 'EXT-X-PART-INF', 'EXT-X-PRELOAD-HINT', 'EXT-X-SKIP']) {
      if (playlist.tags.has(tag)) say(`a plain playlist has no ${tag}`)
    }
    return before ?? { targetS, partTargetS: 0 }
  }
  const control = playlist.tags.get('EXT-X-SERVER-CONTROL')?.[0] ?? ''
  const partTargetS = Number(attribute(playlist.tags.get('EXT-X-PART-INF')?.[0] ?? '', 'PART-TARGET'))
  if (!(partTargetS > 0)) say('EXT-X-PART-INF names PART-TARGET')
  if (before !== undefined && before.partTargetS > 0 && before.partTargetS !== partTargetS) {
    say('PART-TARGET never changes')
  }
  if (attribute(control, 'CAN-BLOCK-RELOAD') !== 'YES') say('CAN-BLOCK-RELOAD=YES')
  if (!(Number(attribute(control, 'CAN-SKIP-UNTIL')) >= 6 * targetS))
    say('CAN-SKIP-UNTIL is at least 6 targets')
  if (!(Number(attribute(control, 'PART-HOLD-BACK')) >= 3 * partTargetS - 1e-9))
    say('PART-HOLD-BACK is at least 3 parts')
  if (!(Number(attribute(control, 'HOLD-BACK')) >= 3 * targetS)) say('HOLD-BACK is at least 3 targets')
  if (playlist.ended === (playlist.hint !== undefined))
    say('EXT-X-PRELOAD-HINT stands until the end and not beyond')
  return { targetS, partTargetS }
}

const checkSegments = (
  playlist: MediaPlaylist,
  kind: 'll' | 'plain',
  { targetS }: Constants,
  say: (rule: string) => number,
): void => {
  const { segments, skipped } = playlist
  if (kind === 'plain' && segments.some(({ uri }) => uri === undefined))
    say('a plain playlist has whole segments only')
  if (skipped === 0 && segments[0]?.map === undefined) say('the first segment names its EXT-X-MAP')
  segments.forEach((segment, n) => {
    const before = segments[n - 1]
    if (segment.pdtMs === undefined) say(`segment ${segment.msn} has a date`)
    if (segment.uri === undefined && n < segments.length - 1)
      say('only the last segment may be in the making')
    if (segment.uri !== undefined && Math.round(segment.durationS) > targetS) {
      say(`segment ${segment.msn} of ${segment.durationS} s is no longer than TARGETDURATION`)
    }
    if (before === undefined || segment.discontinuity) return
    const expectedMs = (before.pdtMs ?? 0) + before.durationS * 1000
    if (!near(segment.pdtMs ?? 0, expectedMs, 2)) say(`the date of segment ${segment.msn} follows the media`)
  })
  if (playlist.tags.has('EXT-X-INDEPENDENT-SEGMENTS')) {
    const wrong = segments.filter(({ parts }) => parts[0] !== undefined && !parts[0].independent)
    if (wrong.length > 0) say('EXT-X-INDEPENDENT-SEGMENTS is a promise for every segment')
  }
}

const checkParts = (
  playlist: MediaPlaylist,
  { targetS, partTargetS }: Constants,
  asked: Asked | undefined,
  say: (rule: string) => number,
): void => {
  const { segments } = playlist
  let fromEndS = 0
  for (const segment of segments.toReversed()) {
    const { parts, uri, msn } = segment
    const partsS = parts.reduce((sum, { durationS }) => sum + durationS, 0)
    if (uri !== undefined && parts.length > 0 && !near(partsS, segment.durationS, 0.001)) {
      say(`the parts of segment ${msn} are as long as it is`)
    }
    if (parts.length > 0 && fromEndS > 3 * targetS) say(`parts of segment ${msn} are gone after 3 targets`)
    if (parts.length === 0 && fromEndS + segment.durationS <= 2 * targetS && !playlist.ended) {
      say(`segment ${msn} near the edge has parts`)
    }
    parts.forEach((part, n) => {
      if (part.durationS > partTargetS + 1e-9)
        say(`part ${part.uri} of ${part.durationS} s is longer than PART-TARGET`)
      const isLast = n === parts.length - 1 && uri !== undefined
      if (!isLast && part.durationS < 0.85 * partTargetS) {
        say(`part ${part.uri} of ${part.durationS} s lasts 85 % of PART-TARGET`)
      }
    })
    fromEndS += uri === undefined ? partsS : segment.durationS
  }
  const end = segments.at(-1)
  if (end === undefined || playlist.ended) return
  const next = end.uri === undefined ? `p${end.msn}.${end.parts.length}.mp4` : `p${end.msn + 1}.0.mp4`
  if (playlist.hint?.endsWith(next) !== true) say(`the hint is the next part ${next}`)
  if (asked === undefined) return
  const reached =
    end.msn > asked.msn ||
    (end.msn === asked.msn &&
      (end.uri !== undefined || (asked.part !== undefined && end.parts.length > asked.part)))
  if (!reached) say(`a blocked answer has what was asked for: ${asked.msn}.${asked.part ?? ''}`)
}
