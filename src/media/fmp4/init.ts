/** Owns the initialisation segment (ftyp + moov) of one video and one audio track, ISO/IEC 14496-12. */
import type { AudioConfig, TrackConfig, VideoConfig } from '../codec/packet.ts'
import { box, fullBox, text, u16, u32, u8, zeros } from './box.ts'

export const videoTimescale = 90_000
export const videoTrackId = 1
export const audioTrackId = 2

export const timescaleOf = (config: TrackConfig): number =>
  config.kind === 'video' ? videoTimescale : config.sampleRate

const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)

const videoEntryTypes = { h264: 'avc1', h265: 'hvc1', av1: 'av01', vp9: 'vp09' } as const
const videoRecordTypes = { h264: 'avcC', h265: 'hvcC', av1: 'av1C', vp9: 'vpcC' } as const

const videoEntry = (config: VideoConfig): Buffer => {
  const recordType = videoRecordTypes[config.codec]
  const record =
    config.codec === 'vp9' ? fullBox(recordType, 1, 0, config.record) : box(recordType, config.record)
  return box(
    videoEntryTypes[config.codec],
    zeros(6),
    u16(1),
    zeros(16),
    u16(config.width, config.height),
    u32(0x480000, 0x480000, 0),
    u16(1),
    zeros(32),
    u16(0x18, 0xffff),
    record,
  )
}

// Descriptor sizes stay below 128 but for odd configurations, ISO/IEC 14496-1 §8.3.3.
const descriptor = (tag: number, ...content: Buffer[]): Buffer => {
  const body = Buffer.concat(content)
  return Buffer.concat([u8(tag, 0x80 | ((body.length >> 7) & 0x7f), body.length & 0x7f), body])
}

const esds = (config: AudioConfig): Buffer =>
  fullBox(
    'esds',
    0,
    0,
    descriptor(
      3,
      u16(audioTrackId),
      u8(0),
      descriptor(4, u8(0x40, 0x15, 0, 0, 0), u32(0, 0), descriptor(5, config.record)),
      descriptor(6, u8(2)),
    ),
  )

const audioEntry = (config: AudioConfig): Buffer =>
  box(
    config.codec === 'aac' ? 'mp4a' : 'Opus',
    zeros(6),
    u16(1),
    zeros(8),
    u16(config.channels, 16, 0, 0),
    u32(config.sampleRate < 65_536 ? config.sampleRate * 0x10000 : 0),
    config.codec === 'aac' ? esds(config) : box('dOps', config.record),
  )

const trackId = (config: TrackConfig): number => (config.kind === 'video' ? videoTrackId : audioTrackId)

const trackHeader = (config: TrackConfig): Buffer =>
  fullBox(
    'tkhd',
    0,
    3,
    u32(0, 0, trackId(config), 0, 0, 0, 0),
    u16(0, 0, config.kind === 'audio' ? 0x100 : 0, 0),
    matrix,
    config.kind === 'video' ? u32(config.width * 0x10000, config.height * 0x10000) : u32(0, 0),
  )

const track = (config: TrackConfig): Buffer => {
  const video = config.kind === 'video'
  return box(
    'trak',
    trackHeader(config),
    box(
      'mdia',
      fullBox('mdhd', 0, 0, u32(0, 0, timescaleOf(config), 0), u16(0x55c4, 0)),
      fullBox(
        'hdlr',
        0,
        0,
        u32(0),
        text(video ? 'vide' : 'soun'),
        zeros(12),
        text(video ? 'video\0' : 'audio\0'),
      ),
      box(
        'minf',
        video ? fullBox('vmhd', 0, 1, zeros(8)) : fullBox('smhd', 0, 0, zeros(4)),
        box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1))),
        box(
          'stbl',
          fullBox('stsd', 0, 0, u32(1), video ? videoEntry(config) : audioEntry(config)),
          fullBox('stts', 0, 0, u32(0)),
          fullBox('stsc', 0, 0, u32(0)),
          fullBox('stsz', 0, 0, u32(0, 0)),
          fullBox('stco', 0, 0, u32(0)),
        ),
      ),
    ),
  )
}

/** The bytes of `init-{n}.mp4`. At least one track. */
export const writeInit = (tracks: readonly TrackConfig[]): Buffer =>
  Buffer.concat([
    box('ftyp', text('iso6'), u32(0), text('iso6'), text('cmfc'), text('mp41')),
    box(
      'moov',
      fullBox('mvhd', 0, 0, u32(0, 0, 1000, 0, 0x10000), u16(0x100, 0), zeros(8), matrix, zeros(24), u32(3)),
      ...tracks.map(track),
      box('mvex', ...tracks.map((config) => fullBox('trex', 0, 0, u32(trackId(config), 1, 0, 0, 0)))),
    ),
  ])
