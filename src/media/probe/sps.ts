/** Owns what decides whether browsers decode an H.264 track: profile, bit depth, chroma and interlacing. */
import { bitReader, unescapeNal } from '../codec/bit-reader.ts'
import type { BitReader } from '../codec/bit-reader.ts'

export interface Picture {
  profile: number
  chroma: number
  bitDepth: number
  interlaced: boolean
}

// Profiles with chroma_format_idc in the SPS, ISO/IEC 14496-10 §7.3.2.1.1.
const highProfiles = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135])

/** Of the first SPS in an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1). Throws on anything else. */
export const readPicture = (record: Buffer): Picture => {
  if (record[0] !== 1 || ((record[5] ?? 0) & 31) === 0) throw new Error('no SPS')
  const nal = record.subarray(8, 8 + record.readUInt16BE(6))
  const r = bitReader(unescapeNal(nal))
  r.skip(8)
  const profile = r.bits(8)
  r.skip(16)
  r.ue()
  const picture: Picture = { profile, chroma: 1, bitDepth: 8, interlaced: false }
  if (highProfiles.has(profile)) readHigh(r, picture)
  r.ue()
  skipPictureOrder(r)
  r.ue()
  r.skip(1)
  r.ue()
  r.ue()
  picture.interlaced = r.bits(1) === 0
  return picture
}

const readHigh = (r: BitReader, picture: Picture): void => {
  picture.chroma = r.ue()
  if (picture.chroma === 3) r.skip(1)
  picture.bitDepth = 8 + Math.max(r.ue(), r.ue())
  r.skip(1)
  if (!r.flag()) return
  for (let i = 0; i < (picture.chroma === 3 ? 12 : 8); i++) if (r.flag()) skipScalingList(r, i < 6 ? 16 : 64)
}

const skipScalingList = (r: BitReader, size: number): void => {
  let last = 8
  let next = 8
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + r.se() + 256) % 256
    if (next !== 0) last = next
  }
}

const skipPictureOrder = (r: BitReader): void => {
  const type = r.ue()
  if (type === 0) r.ue()
  if (type !== 1) return
  r.skip(1)
  r.se()
  r.se()
  const cycle = r.ue()
  if (cycle > 255) throw new Error('SPS is not valid')
  for (let i = 0; i < cycle; i++) r.se()
}
