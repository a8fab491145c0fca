/** Playlists of byte ranges, read by a parser of another hand. */
import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { masterPlaylist, mediaPlaylist } from './playlist.ts'

const { parse } = createRequire(import.meta.url)('hls-parser') as {
  parse(text: string): {
    segments?: { uri: string; duration: number; byterange: { offset: number; length: number } }[]
    targetDuration?: number
    endlist?: boolean
    variants?: { uri: string; bandwidth: number; codecs: string; resolution: { width: number } }[]
  }
}

it('names every range', () => {
  const segments = [
    { offset: 100, length: 50, durationS: 4.004 },
    { offset: 150, length: 70, durationS: 5.6 },
  ]
  const read = parse(mediaPlaylist('video.mp4', { offset: 0, length: 100 }, segments))
  expect(read.targetDuration).toBe(6)
  expect(read.endlist).toBe(true)
  expect(read.segments?.map(({ uri, byterange }) => ({ uri, ...byterange }))).toEqual([
    { uri: 'video.mp4', offset: 100, length: 50 },
    { uri: 'video.mp4', offset: 150, length: 70 },
  ])
})

it('names one variant', () => {
  const text = masterPlaylist({
    uri: 'media.m3u8',
    bandwidth: 5.5,
    width: 320,
    height: 180,
    codecs: 'avc1.64000c',
  })
  expect(parse(text).variants?.[0]).toMatchObject({ uri: 'media.m3u8', bandwidth: 6, codecs: 'avc1.64000c' })
  expect(
    masterPlaylist({ uri: 'media.m3u8', bandwidth: 0, width: null, height: null, codecs: null }),
  ).toContain('#EXT-X-STREAM-INF:BANDWIDTH=1\n')
})
