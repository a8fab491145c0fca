/** Owns one part (moof + mdat) of up to two tracks, ISO/IEC 14496-12 §8.8, and finding the key frame it begins with. */
import { videoTrackId } from './init.ts'

export interface Sample {
  /** In the track's timescale; 32 bits. */
  duration: number
  /** PTS − DTS in the track's timescale, signed: trun version 1. */
  composition: number
  key: boolean
  data: Buffer
}

export interface Fragment {
  trackId: number
  /** Decode time of the first sample in the track's timescale; up to 2^53. */
  baseTime: number
  /** Video samples carry flags and composition offsets, audio samples do not. */
  video: boolean
  samples: readonly Sample[]
}

// sample_depends_on 2 (others no) for sync samples; 1 plus sample_is_non_sync_sample for the rest, §8.8.3.1.
const keyFlags = 0x02000000
const deltaFlags = 0x01010000
// data-offset, duration, size | flags, composition offset
const audioTrun = 0x000301
const videoTrun = 0x000f01

const trafSize = (fragment: Fragment): number =>
  8 + 16 + 20 + 20 + fragment.samples.length * (fragment.video ? 16 : 8)

/** The bytes of one part, written once into a single buffer. Fragments without samples are left out. */
export const writePart = (sequence: number, fragments: readonly Fragment[]): Buffer => {
  const used = fragments.filter((fragment) => fragment.samples.length > 0)
  const moofSize = used.reduce((sum, fragment) => sum + trafSize(fragment), 8 + 16)
  let payload = 0
  for (const fragment of used) for (const sample of fragment.samples) payload += sample.data.length
  const out = Buffer.allocUnsafeSlow(moofSize + 8 + payload)
  let at = writeHead(out, 0, moofSize, 'moof')
  at = writeHead(out, at, 16, 'mfhd')
  out.writeUInt32BE(0, at)
  out.writeUInt32BE(sequence >>> 0, at + 4)
  at += 8
  let dataOffset = moofSize + 8
  for (const fragment of used) {
    at = writeTraf(out, at, fragment, dataOffset)
    for (const sample of fragment.samples) {
      sample.data.copy(out, dataOffset)
      dataOffset += sample.data.length
    }
  }
  writeHead(out, at, 8 + payload, 'mdat')
  return out
}

const writeHead = (out: Buffer, at: number, size: number, type: string): number => {
  out.writeUInt32BE(size, at)
  out.write(type, at + 4, 'latin1')
  return at + 8
}

const writeTraf = (out: Buffer, start: number, fragment: Fragment, dataOffset: number): number => {
  const { samples, video } = fragment
  let at = writeHead(out, start, trafSize(fragment), 'traf')
  at = writeHead(out, at, 16, 'tfhd')
  out.writeUInt32BE(0x020000, at) // default-base-is-moof
  out.writeUInt32BE(fragment.trackId, at + 4)
  at = writeHead(out, at + 8, 20, 'tfdt')
  out.writeUInt32BE(0x01000000, at) // version 1: 64 bit
  out.writeBigUInt64BE(BigInt(fragment.baseTime), at + 4)
  at = writeHead(out, at + 12, 20 + samples.length * (video ? 16 : 8), 'trun')
  out.writeUInt32BE(0x01000000 + (video ? videoTrun : audioTrun), at)
  out.writeUInt32BE(samples.length, at + 4)
  out.writeUInt32BE(dataOffset, at + 8)
  at += 12
  for (const sample of samples) {
    out.writeUInt32BE(sample.duration, at)
    out.writeUInt32BE(sample.data.length, at + 4)
    at += 8
    if (!video) continue
    out.writeUInt32BE(sample.key ? keyFlags : deltaFlags, at)
    out.writeInt32BE(sample.composition, at + 4)
    at += 8
  }
  return at
}

/** As much of a part as `findKey` looks at: up to the end of its first video sample's line. */
export const keyHeadBytes = 104

/**
 * Where in a part that `writePart` made its key frame lies, from the beginning of the part; undefined if it begins with
 * none. A video track comes first, so that its boxes stand at fixed places.
 */
export const findKey = (head: Buffer): { offset: number; length: number } | undefined => {
  if (head.length < keyHeadBytes || head.toString('latin1', 4, 8) !== 'moof') return undefined
  const isVideo = head.readUInt32BE(44) === videoTrackId && head.readUInt32BE(76) === 0x01000000 + videoTrun
  if (!isVideo || head.readUInt32BE(80) === 0 || head.readUInt32BE(96) !== keyFlags) return undefined
  return { offset: head.readUInt32BE(84), length: head.readUInt32BE(92) }
}
