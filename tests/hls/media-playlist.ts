/** Owns reading a media playlist line by line into what rules are checked on. It believes nothing and repairs nothing. */

export interface PartLine {
  uri: string
  durationS: number
  independent: boolean
}

export interface SegmentLines {
  msn: number
  /** undefined: still in the making, only parts are there. */
  uri: string | undefined
  durationS: number
  pdtMs: number | undefined
  discontinuity: boolean
  /** As this segment's own EXT-X-MAP says. */
  map: string | undefined
  parts: PartLine[]
}

export interface MediaPlaylist {
  tags: Map<string, string[]>
  /** Unknown tags are a mistake of ours. */
  strange: string[]
  segments: SegmentLines[]
  skipped: number
  firstMsn: number
  hint: string | undefined
  reports: { uri: string; lastMsn: number; lastPart: number }[]
  ended: boolean
}

const known = new Set([
  ...['EXTM3U', 'EXT-X-VERSION', 'EXT-X-TARGETDURATION', 'EXT-X-INDEPENDENT-SEGMENTS', 'EXT-X-SKIP'],
  ...['EXT-X-SERVER-CONTROL', 'EXT-X-PART-INF', 'EXT-X-MEDIA-SEQUENCE', 'EXT-X-DISCONTINUITY-SEQUENCE'],
  ...['EXT-X-DISCONTINUITY', 'EXT-X-MAP', 'EXT-X-PROGRAM-DATE-TIME', 'EXT-X-PART', 'EXTINF', 'EXT-X-ENDLIST'],
  ...['EXT-X-PRELOAD-HINT', 'EXT-X-RENDITION-REPORT'],
])

/** An attribute of a tag's value, without quotes. */
export const attribute = (value: string, name: string): string | undefined => {
  const found = new RegExp(`(?:^|,)${name}=(?:"([^"]*)"|([^,]*))`).exec(value)
  return found?.[1] ?? found?.[2]
}

export const readMediaPlaylist = (text: string): MediaPlaylist => {
  const playlist: MediaPlaylist = {
    tags: new Map(),
    strange: [],
    segments: [],
    skipped: 0,
    firstMsn: 0,
    hint: undefined,
    reports: [],
    ended: false,
  }
  let open: SegmentLines | undefined
  const segment = (): SegmentLines => {
    open ??= {
      msn: playlist.firstMsn + playlist.skipped + playlist.segments.length,
      uri: undefined,
      durationS: 0,
      pdtMs: undefined,
      discontinuity: false,
      map: undefined,
      parts: [],
    }
    return open
  }
  for (const line of text.split('\n')) {
    if (line === '') continue
    if (!line.startsWith('#')) {
      const whole = segment()
      whole.uri = line
      playlist.segments.push(whole)
      open = undefined
      continue
    }
    const colon = line.indexOf(':')
    const tag = line.slice(1, colon < 0 ? undefined : colon)
    const value = colon < 0 ? '' : line.slice(colon + 1)
    if (!known.has(tag)) playlist.strange.push(line)
    playlist.tags.set(tag, [...(playlist.tags.get(tag) ?? []), value])
    if (tag === 'EXT-X-MEDIA-SEQUENCE') playlist.firstMsn = Number(value)
    else if (tag === 'EXT-X-SKIP') playlist.skipped = Number(attribute(value, 'SKIPPED-SEGMENTS'))
    else if (tag === 'EXT-X-DISCONTINUITY') segment().discontinuity = true
    else if (tag === 'EXT-X-MAP') segment().map = attribute(value, 'URI')
    else if (tag === 'EXT-X-PROGRAM-DATE-TIME') segment().pdtMs = Date.parse(value)
    else if (tag === 'EXTINF') segment().durationS = Number.parseFloat(value)
    else if (tag === 'EXT-X-PRELOAD-HINT') playlist.hint = attribute(value, 'URI')
    else if (tag === 'EXT-X-ENDLIST') playlist.ended = true
    else if (tag === 'EXT-X-RENDITION-REPORT') {
      playlist.reports.push({
        uri: attribute(value, 'URI') ?? '',
        lastMsn: Number(attribute(value, 'LAST-MSN')),
        lastPart: Number(attribute(value, 'LAST-PART')),
      })
    } else if (tag === 'EXT-X-PART') {
      segment().parts.push({
        uri: attribute(value, 'URI') ?? '',
        durationS: Number(attribute(value, 'DURATION')),
        independent: attribute(value, 'INDEPENDENT') === 'YES',
      })
    }
  }
  if (open !== undefined) playlist.segments.push(open)
  return playlist
}
