/** What a browser sends is read by the server's own reader and demuxer. */
import { describe, expect, it } from 'vitest'
import { sliceBytes } from '../contract/publish.ts'
import { createPublishFrames } from '../src/live/publish-frames.ts'
import { createFlvDemuxer } from '../src/media/flv/demux.ts'
import {
  audioBody,
  audioHeader,
  av1Record,
  opusHead,
  slicesOf,
  videoBody,
  videoHeader,
  vp9Record,
} from '../web/broadcast/tags.ts'

const through = (kind: 'video' | 'audio', timestampMs: number, body: Uint8Array) => {
  const frames = createPublishFrames()
  const slices = slicesOf(kind, timestampMs, body)
  expect(slices.every((slice) => slice.length <= sliceBytes)).toBe(true)
  const got = slices.flatMap((slice) => frames.push(Buffer.from(slice)) ?? [])
  expect(got).toHaveLength(1)
  return got[0] ?? { kind, timestampMs: -1, body: Buffer.alloc(0) }
}

describe('frames of a browser', () => {
  it('arrive whole, with kind and time', () => {
    const body = Uint8Array.from({ length: 3 * sliceBytes + 5 }, (_, i) => i % 251)
    const frame = through('video', 1234.4, body)
    expect(frame).toMatchObject({ kind: 'video', timestampMs: 1234 })
    expect(frame.body.equals(Buffer.from(body))).toBe(true)
  })

  it('carry pictures and sound as the demuxer reads them', () => {
    const demuxer = createFlvDemuxer()
    demuxer.setSizeHint({ width: 1280, height: 720 })
    const video = (body: Uint8Array) => demuxer.video(5, through('video', 5, body).body)
    const audio = (body: Uint8Array) => demuxer.audio(5, through('audio', 5, body).body)
    const data = Uint8Array.of(9, 8, 7)
    expect(video(videoBody('avc1', true, data))).toEqual({
      kind: 'video',
      timestampMs: 5,
      compositionMs: 0,
      key: true,
      data: Buffer.from(data),
    })
    expect(video(videoBody('vp09', false, data))).toMatchObject({ kind: 'video', key: false })
    expect(audio(audioBody('Opus', data))).toEqual({ kind: 'audio', timestampMs: 5, data: Buffer.from(data) })
    expect(video(videoHeader('vp09', vp9Record('vp09.00.41.08')))).toMatchObject({
      config: { codecString: 'vp09.00.41.08', width: 1280 },
    })
    expect(video(videoHeader('av01', av1Record('av01.0.08M.08')))).toMatchObject({
      config: { codecString: 'av01.0.08M.08' },
    })
    expect(audio(audioHeader('Opus', opusHead(2, 48_000)))).toMatchObject({
      config: { codec: 'opus', channels: 2 },
    })
    // AAC-LC, 48 kHz, stereo.
    expect(audio(audioHeader('mp4a', Uint8Array.of(0x11, 0x90)))).toMatchObject({
      config: { codec: 'aac', codecString: 'mp4a.40.2', sampleRate: 48_000 },
    })
  })
})
