import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aacLc48k, avc360p30, hevc360p30 } from '../codec/fixtures.ts'
import { MediaError } from '../codec/packet.ts'
import { createFlvDemuxer } from './demux.ts'

const bytes = (...parts: (Buffer | string | number[])[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  )

describe('legacy tags', () => {
  const demux = createFlvDemuxer()
  test('configuration and frames', () => {
    expect(demux.video(0, bytes([0x17, 0, 0, 0, 0], avc360p30))).toMatchObject({ config: { codec: 'h264' } })
    expect(demux.video(7, bytes([0x17, 1, 0, 0, 66, 9]))).toMatchObject({ key: true, compositionMs: 66 })
    expect(demux.audio(0, bytes([0xaf, 0], aacLc48k))).toMatchObject({ config: { codec: 'aac' } })
    expect(demux.audio(5, bytes([0xaf, 1, 1, 2]))).toMatchObject({
      timestampMs: 5,
      data: Buffer.from([1, 2]),
    })
  })
  test('composition offsets are signed 24 bit', () => {
    expect(demux.video(0, bytes([0x27, 1, 0xff, 0xff, 0xdf, 9]))).toMatchObject({
      key: false,
      compositionMs: -33,
    })
  })
  test('nothing to package is skipped', () => {
    expect(demux.video(0, bytes([0x17, 2, 0, 0, 0]))).toBeUndefined()
    expect(demux.video(0, bytes([0x57, 0]))).toBeUndefined()
    expect(demux.audio(0, bytes([0xaf, 1]))).toBeUndefined()
  })
  test('what can not be packaged is refused in plain words', () => {
    expect(() => demux.audio(0, bytes([0x2f, 1, 2]))).toThrow("audio codec MP3 can't be packaged; use AAC")
    expect(() => demux.video(0, bytes([0x12, 1, 2, 3, 4]))).toThrow(/Sorenson H.263 can't be packaged/)
  })
})

describe('Enhanced RTMP', () => {
  const demux = createFlvDemuxer()
  demux.setSizeHint({ width: 1280, height: 720 })
  test.each([
    ['avc1', avc360p30, 'h264'],
    ['hvc1', hevc360p30, 'h265'],
    ['av01', Buffer.from('81050c00', 'hex'), 'av1'],
    ['vp09', Buffer.from('01000000001f800202020000', 'hex'), 'vp9'],
  ])('%s sequence start and frames', (fourcc, record, codec) => {
    expect(demux.video(0, bytes([0x90], fourcc, record))).toMatchObject({ config: { codec } })
    expect(demux.video(3, bytes([0xa3], fourcc, [1]))).toMatchObject({ key: false, compositionMs: 0 })
  })
  test('coded frames of hvc1 carry composition time, of av01 none', () => {
    expect(demux.video(0, bytes([0x91], 'hvc1', [0xff, 0xff, 0xff, 5]))).toMatchObject({
      key: true,
      compositionMs: -1,
    })
    expect(demux.video(0, bytes([0x91], 'av01', [1, 2, 3, 5]))).toMatchObject({
      data: Buffer.from([1, 2, 3, 5]),
    })
  })
  test('ModEx is skipped', () => {
    // One ModEx of 3 bytes (nanosecond offset), then coded frames X.
    const tag = bytes([0x97, 2, 1, 2, 3, 0x03], 'hvc1', [42])
    expect(demux.video(0, tag)).toMatchObject({ data: Buffer.from([42]) })
  })
  test('of several tracks track 0 is taken', () => {
    const many = bytes([0x96, 0x13], 'hvc1', [1, 0, 0, 2, 7, 7], [0, 0, 0, 1, 42])
    expect(demux.video(0, many)).toMatchObject({ data: Buffer.from([42]) })
    expect(demux.video(0, bytes([0x96, 0x03], 'hvc1', [1, 42]))).toBeUndefined()
    const codecs = bytes([0x96, 0x23], 'av01', [1, 0, 0, 1, 7], 'hvc1', [0, 0, 0, 1, 42])
    expect(demux.video(0, codecs)).toMatchObject({ data: Buffer.from([42]) })
  })
  test('Opus and AAC audio', () => {
    const head = Buffer.from('4f707573486561640102380180bb0000000000', 'hex')
    expect(demux.audio(0, bytes([0x90], 'Opus', head))).toMatchObject({ config: { codec: 'opus' } })
    expect(demux.audio(0, bytes([0x91], 'Opus', [1]))).toMatchObject({ kind: 'audio' })
    expect(demux.audio(0, bytes([0x90], 'mp4a', aacLc48k))).toMatchObject({ config: { codec: 'aac' } })
    expect(() => demux.audio(0, bytes([0x91], 'ac-3', [1]))).toThrow("audio codec ac-3 can't be packaged")
  })
})

test('garbage throws MediaError and nothing else', () => {
  const demux = createFlvDemuxer()
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom('', 'hvc1', 'Opus', 'avc1'),
      (raw, fourcc) => {
        for (const read of [demux.video, demux.audio]) {
          try {
            read(0, bytes([raw[0] ?? 0], fourcc, Buffer.from(raw.subarray(1))))
          } catch (error) {
            expect(error).toBeInstanceOf(MediaError)
          }
        }
      },
    ),
    { numRuns: 3_000 },
  )
})
