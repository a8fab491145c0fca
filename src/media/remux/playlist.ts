/** Owns the playlists of a video that lies in one fragmented MP4 file: byte ranges of it, RFC 8216 §4.3.2.2. */

export interface Segment {
  offset: number
  length: number
  durationS: number
}

export const mediaPlaylist = (
  uri: string,
  init: { offset: number; length: number },
  segments: Segment[],
): string => {
  const longestS = segments.reduce((max, segment) => Math.max(max, segment.durationS), 1)
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    // RFC 8216 §4.3.3.1: durations rounded to the nearest second do not exceed it.
    `#EXT-X-TARGETDURATION:${Math.max(1, Math.round(longestS))}`,
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-MAP:URI="${uri}",BYTERANGE="${init.length}@${init.offset}"`,
    ...segments.flatMap(({ offset, length, durationS }) => [
      `#EXTINF:${durationS.toFixed(5)},`,
      `#EXT-X-BYTERANGE:${length}@${offset}`,
      uri,
    ]),
    '#EXT-X-ENDLIST',
    '',
  ].join('\n')
}

export interface Variant {
  uri: string
  bandwidth: number
  width: number | null
  height: number | null
  /** RFC 6381, separated by commas. */
  codecs: string | null
}

export const masterPlaylist = ({ uri, bandwidth, width, height, codecs }: Variant): string => {
  const attributes = [
    `BANDWIDTH=${Math.max(1, Math.round(bandwidth))}`,
    ...(codecs ? [`CODECS="${codecs}"`] : []),
    ...(width && height ? [`RESOLUTION=${width}x${height}`] : []),
  ]
  return ['#EXTM3U', '#EXT-X-VERSION:7', `#EXT-X-STREAM-INF:${attributes.join(',')}`, uri, ''].join('\n')
}
