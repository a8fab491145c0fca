/** Owns H.265: hvcC (ISO/IEC 14496-15 §8.3.3.1) and as much of the SPS as says how large the picture is. */
import { bitReader, unescapeNal } from './bit-reader.ts'
import { MediaError } from './packet.ts'
import type { VideoConfig } from './packet.ts'

/** Picture size from an SPS with its two-byte NAL header, ITU-T H.265 §7.3.2.2. */
export const parseHevcSps = (nal: Uint8Array): { width: number; height: number } => {
  const r = bitReader(unescapeNal(nal))
  r.skip(16 + 4)
  const subLayers = r.bits(3)
  r.skip(1)
  r.skip(96) // general profile, tier, level
  const present: [boolean, boolean][] = []
  for (let i = 0; i < subLayers; i++) present.push([r.flag(), r.flag()])
  if (subLayers > 0) r.skip((8 - subLayers) * 2)
  for (const [profile, level] of present) r.skip((profile ? 88 : 0) + (level ? 8 : 0))
  r.ue()
  const chroma = r.ue()
  if (chroma === 3) r.skip(1)
  let width = r.ue()
  let height = r.ue()
  if (r.flag()) {
    const unitX = chroma === 1 || chroma === 2 ? 2 : 1
    const unitY = chroma === 1 ? 2 : 1
    width -= (r.ue() + r.ue()) * unitX
    height -= (r.ue() + r.ue()) * unitY
  }
  if (width <= 0 || height <= 0 || width > 16384 || height > 16384) throw new MediaError('SPS is not valid')
  return { width, height }
}

const findSps = (record: Buffer): Buffer => {
  let at = 23
  for (let arrays = record[22] ?? 0; arrays > 0 && at + 3 <= record.length; arrays--) {
    const type = (record[at] ?? 0) & 63
    let count = record.readUInt16BE(at + 1)
    at += 3
    for (; count > 0 && at + 2 <= record.length; count--) {
      const size = record.readUInt16BE(at)
      if (type === 33 && at + 2 + size <= record.length) return record.subarray(at + 2, at + 2 + size)
      at += 2 + size
    }
  }
  throw new MediaError('the H.265 configuration has no SPS')
}

// The compatibility flags are written with their bits in reverse, ISO/IEC 14496-15 annex E.3.
const reverse32 = (value: number): number => {
  let out = 0
  for (let i = 0; i < 32; i++) out = (out * 2 + ((value >>> i) & 1)) >>> 0
  return out
}

const hevcCodecString = (record: Buffer): string => {
  const first = record[1] ?? 0
  const space = ['', 'A', 'B', 'C'][first >> 6] ?? ''
  const tier = (first & 32) === 0 ? 'L' : 'H'
  const constraints: string[] = []
  for (const byte of record.subarray(6, 12)) constraints.push(byte.toString(16).toUpperCase())
  while (constraints.at(-1) === '0') constraints.pop()
  const compatibility = reverse32(record.readUInt32BE(2)).toString(16).toUpperCase()
  return [`hvc1.${space}${first & 31}`, compatibility, `${tier}${record[12] ?? 0}`, ...constraints].join('.')
}

/** Reads an HEVCDecoderConfigurationRecord. */
export const parseHevcRecord = (record: Buffer): VideoConfig => {
  if (record.length < 23) throw new MediaError('the H.265 configuration is cut short')
  const { width, height } = parseHevcSps(findSps(record))
  return {
    kind: 'video',
    codec: 'h265',
    codecString: hevcCodecString(record),
    width,
    height,
    fps: undefined,
    record: Buffer.from(record),
  }
}
