/** Owns H.264: avcC, SPS, and finding IDRs and parameter sets in length-prefixed samples. */
import { bitReader, unescapeNal } from './bit-reader.ts'
import type { BitReader } from './bit-reader.ts'
import { MediaError } from './packet.ts'
import type { VideoConfig } from './packet.ts'

export interface Sps {
  profile: number
  compatibility: number
  level: number
  width: number
  height: number
  fps: number | undefined
  /** chroma_format_idc: 1 is 4:2:0. */
  chroma: number
  /** Of luma or chroma, whichever is more. */
  bitDepth: number
  interlaced: boolean
}

// Profiles with chroma_format_idc in the SPS, ISO/IEC 14496-10 §7.3.2.1.1.
const highProfiles = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135])

const skipScalingList = (r: BitReader, size: number): void => {
  let last = 8
  let next = 8
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + r.se() + 256) % 256
    if (next !== 0) last = next
  }
}

const readFps = (r: BitReader): number | undefined => {
  if (r.flag() && r.bits(8) === 255) r.skip(32) // aspect_ratio_idc, Extended_SAR
  if (r.flag()) r.skip(1) // overscan
  if (r.flag()) {
    r.skip(4) // video_format, video_full_range_flag
    if (r.flag()) r.skip(24)
  }
  if (r.flag()) {
    r.ue()
    r.ue()
  }
  if (!r.flag()) return undefined
  const unitsInTick = r.bits(32)
  const timeScale = r.bits(32)
  // Two ticks make a frame, ISO/IEC 14496-10 §E.2.1.
  const fps = unitsInTick > 0 ? timeScale / (2 * unitsInTick) : 0
  return fps >= 1 && fps <= 480 ? fps : undefined
}

const readHighProfile = (r: BitReader): Pick<Sps, 'chroma' | 'bitDepth'> => {
  const chroma = r.ue()
  if (chroma === 3) r.skip(1)
  const bitDepth = 8 + Math.max(r.ue(), r.ue())
  r.skip(1)
  if (r.flag()) {
    for (let i = 0; i < (chroma === 3 ? 12 : 8); i++) if (r.flag()) skipScalingList(r, i < 6 ? 16 : 64)
  }
  return { chroma, bitDepth }
}

const skipPictureOrder = (r: BitReader): void => {
  const type = r.ue()
  if (type === 0) r.ue()
  if (type !== 1) return
  r.skip(1)
  r.se()
  r.se()
  const cycle = r.ue()
  if (cycle > 255) throw new MediaError('SPS is not valid')
  for (let i = 0; i < cycle; i++) r.se()
}

/** Reads a sequence parameter set (NAL header included), ISO/IEC 14496-10 §7.3.2.1.1. */
export const parseSps = (nal: Uint8Array): Sps => {
  const r = bitReader(unescapeNal(nal))
  r.skip(8)
  const profile = r.bits(8)
  const compatibility = r.bits(8)
  const level = r.bits(8)
  r.ue()
  const { chroma, bitDepth } = highProfiles.has(profile) ? readHighProfile(r) : { chroma: 1, bitDepth: 8 }
  r.ue()
  skipPictureOrder(r)
  r.ue()
  r.skip(1)
  const widthMbs = r.ue() + 1
  const heightUnits = r.ue() + 1
  const frameMbsOnly = r.bits(1)
  if (frameMbsOnly === 0) r.skip(1)
  r.skip(1)
  const crop = r.flag() ? [r.ue(), r.ue(), r.ue(), r.ue()] : [0, 0, 0, 0]
  const [left = 0, right = 0, top = 0, bottom = 0] = crop
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1
  const unitY = (chroma === 1 ? 2 : 1) * (2 - frameMbsOnly)
  const width = widthMbs * 16 - (left + right) * unitX
  const height = heightUnits * 16 * (2 - frameMbsOnly) - (top + bottom) * unitY
  if (width <= 0 || height <= 0 || width > 16384 || height > 16384) throw new MediaError('SPS is not valid')
  const interlaced = frameMbsOnly === 0
  return { profile, compatibility, level, width, height, chroma, bitDepth, interlaced, fps: optionalFps(r) }
}

// A VUI that is cut short is common in cameras and says nothing about the picture.
const optionalFps = (r: BitReader): number | undefined => {
  try {
    return r.left() > 0 && r.flag() ? readFps(r) : undefined
  } catch (error) {
    if (error instanceof MediaError) return undefined
    throw error
  }
}

const hex2 = (value: number): string => value.toString(16).padStart(2, '0')

/** Reads an AVCDecoderConfigurationRecord, ISO/IEC 14496-15 §5.3.3.1. */
export const parseAvcRecord = (record: Buffer): VideoConfig => {
  if (record.length < 8 || record[0] !== 1) throw new MediaError('the H.264 configuration is not valid')
  if (((record[5] ?? 0) & 31) === 0) throw new MediaError('the H.264 configuration has no SPS')
  const length = record.readUInt16BE(6)
  if (length < 4 || record.length < 8 + length) throw new MediaError('the H.264 configuration is cut short')
  const sps = parseSps(record.subarray(8, 8 + length))
  return {
    kind: 'video',
    codec: 'h264',
    codecString: `avc1.${hex2(sps.profile)}${hex2(sps.compatibility)}${hex2(sps.level)}`,
    width: sps.width,
    height: sps.height,
    fps: sps.fps,
    record: Buffer.from(record),
  }
}

/** The first SPS inside an avcC. */
export const spsOfRecord = (record: Buffer): Buffer => record.subarray(8, 8 + record.readUInt16BE(6))

export interface NalScan {
  idr: boolean
  sps: Buffer | undefined
  pps: Buffer | undefined
}

/** Looks through a length-prefixed sample; stops at what is not valid rather than throwing. */
export const scanAvcSample = (sample: Buffer, lengthSize: number): NalScan => {
  const found: NalScan = { idr: false, sps: undefined, pps: undefined }
  let at = 0
  while (at + lengthSize < sample.length) {
    const size = sample.readUIntBE(at, lengthSize)
    at += lengthSize
    if (size === 0) continue
    if (at + size > sample.length) break
    const type = (sample[at] ?? 0) & 31
    if (type === 5) found.idr = true
    if (type === 7) found.sps ??= sample.subarray(at, at + size)
    if (type === 8) found.pps ??= sample.subarray(at, at + size)
    at += size
  }
  return found
}

/** An avcC of one SPS and one PPS with 4-byte lengths unless said otherwise. */
export const buildAvcRecord = (sps: Buffer, pps: Buffer, lengthSize = 4): Buffer => {
  const head = Buffer.from([1, sps[1] ?? 0, sps[2] ?? 0, sps[3] ?? 0, 0xfc | (lengthSize - 1), 0xe1, 0, 0])
  head.writeUInt16BE(sps.length, 6)
  const middle = Buffer.from([1, 0, 0])
  middle.writeUInt16BE(pps.length, 1)
  const parts = [head, sps, middle, pps]
  // High profiles carry chroma format and bit depths behind the PPS; 4:2:0, 8 bit is what RTMP encoders send.
  if (highProfiles.has(sps[1] ?? 0)) parts.push(Buffer.from([0xfd, 0xf8, 0xf8, 0]))
  return Buffer.concat(parts)
}

/** Bytes per NAL length in samples of this avcC. */
export const nalLengthSize = (record: Buffer): number => ((record[4] ?? 3) & 3) + 1
