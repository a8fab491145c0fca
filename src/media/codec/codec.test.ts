import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAacConfig } from './aac.ts'
import { parseAv1Record, parseVp9Record } from './av1-vp9.ts'
import { aacLc48k, avc1080p30, avc360p30, avc720p25, hevc360p30 } from './fixtures.ts'
import { buildAvcRecord, parseAvcRecord, scanAvcSample, spsOfRecord } from './h264.ts'
import { parseHevcRecord } from './hevc.ts'
import { opusPacketSamples, parseOpusHead } from './opus.ts'
import { MediaError, sameConfig } from './packet.ts'

test.each([
  [avc360p30, 640, 360, 30, 'avc1.64001e'],
  [avc720p25, 1280, 720, 25, 'avc1.64001f'],
  [avc1080p30, 1920, 1080, 30, 'avc1.640028'],
])('H.264 configuration says its size and rate', (record, width, height, fps, codecString) => {
  expect(parseAvcRecord(record)).toMatchObject({ width, height, fps, codecString })
})

test('an avcC built from in-band parameter sets decodes like the original', () => {
  const sps = spsOfRecord(avc360p30)
  const pps = avc360p30.subarray(8 + sps.length + 3, -4)
  expect(sameConfig(parseAvcRecord(buildAvcRecord(sps, pps)), parseAvcRecord(avc360p30))).toBe(true)
})

test('H.265 configuration says its size and codec string', () => {
  expect(parseHevcRecord(hevc360p30)).toMatchObject({
    width: 640,
    height: 360,
    codecString: 'hvc1.1.6.L63.90',
  })
})

describe('AAC', () => {
  test.each([
    [
      'plain LC',
      aacLc48k,
      { sampleRate: 48000, outputSampleRate: 48000, channels: 2, codecString: 'mp4a.40.2' },
    ],
    // AOT 5 in front: explicit hierarchical SBR, 24 kHz core.
    [
      'SBR',
      Buffer.from('2b118800', 'hex'),
      { sampleRate: 24000, outputSampleRate: 48000, codecString: 'mp4a.40.5' },
    ],
    // Sync extension 0x2b7 behind an LC configuration: backward compatible SBR.
    [
      'SBR behind',
      Buffer.from('131056e598', 'hex'),
      { sampleRate: 24000, outputSampleRate: 48000, codecString: 'mp4a.40.5' },
    ],
    [
      'PS',
      Buffer.from('eb098800', 'hex'),
      { sampleRate: 24000, outputSampleRate: 48000, channels: 2, codecString: 'mp4a.40.29' },
    ],
  ])('%s', (_name, record, expected) => {
    expect(parseAacConfig(record)).toMatchObject({ ...expected, frameSamples: 1024 })
  })
  test('what is no AAC-LC family is refused in plain words', () => {
    // AOT 42, xHE-AAC.
    expect(() => parseAacConfig(Buffer.from('f9463000', 'hex'))).toThrow(/can't be packaged; use AAC-LC/)
  })
})

test('Opus head and packet lengths', () => {
  const head = Buffer.from('4f707573486561640102380180bb0000000000', 'hex')
  const config = parseOpusHead(head)
  expect(config).toMatchObject({ channels: 2, sampleRate: 48000 })
  expect(config.record.readUInt16BE(2)).toBe(312)
  expect(opusPacketSamples(Buffer.from([0xfc, 0]))).toBe(960)
  expect(opusPacketSamples(Buffer.from([0xe3, 3]))).toBe(120 * 3)
})

test('AV1 and VP9 codec strings', () => {
  const hint = { width: 1280, height: 720 }
  expect(parseAv1Record(Buffer.from('81050c00', 'hex'), hint)).toMatchObject({
    codecString: 'av01.0.05M.08',
    ...hint,
  })
  expect(parseVp9Record(Buffer.from('01000000001f800202020000', 'hex'), hint).codecString).toBe(
    'vp09.00.31.08',
  )
})

test('garbage configurations throw MediaError and nothing else', () => {
  const parsers = [
    parseAacConfig,
    parseAvcRecord,
    parseHevcRecord,
    parseOpusHead,
    (bytes: Buffer) => parseAv1Record(bytes, { width: 0, height: 0 }),
    (bytes: Buffer) => parseVp9Record(bytes, { width: 0, height: 0 }),
  ]
  const seeds = fc.constantFrom(avc360p30, hevc360p30, aacLc48k)
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }).map((raw) => Buffer.from(raw)),
    fc.tuple(seeds, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat()).map(([seed, at, value, cut]) => {
      const copy = Buffer.from(seed)
      copy[at % copy.length] = value
      return copy.subarray(0, 1 + (cut % copy.length))
    }),
  )
  fc.assert(
    fc.property(bytes, (input) => {
      for (const parse of parsers) {
        try {
          parse(input)
        } catch (error) {
          expect(error).toBeInstanceOf(MediaError)
        }
      }
      scanAvcSample(input, 4)
    }),
    { numRuns: 2_000 },
  )
})
