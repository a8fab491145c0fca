/** Owns AV1 and VP9 configuration records, passed through; the picture's size comes from the publisher. */
import { MediaError } from './packet.ts'
import type { VideoConfig } from './packet.ts'

/** What onMetaData said of the picture; 0 if it said nothing. */
export interface SizeHint {
  width: number
  height: number
}

const pad2 = (value: number): string => String(value).padStart(2, '0')

/** AV1CodecConfigurationRecord, "AV1 Codec ISO Media File Format Binding" §2.3.3. */
export const parseAv1Record = (record: Buffer, hint: SizeHint): VideoConfig => {
  if (record.length < 4 || (record[0] ?? 0) !== 0x81)
    throw new MediaError('the AV1 configuration is not valid')
  const second = record[1] ?? 0
  const third = record[2] ?? 0
  const depth = (third & 0x40) === 0 ? 8 : (third & 0x20) === 0 ? 10 : 12
  const tier = (third & 0x80) === 0 ? 'M' : 'H'
  return {
    kind: 'video',
    codec: 'av1',
    codecString: `av01.${second >> 5}.${pad2(second & 31)}${tier}.${pad2(depth)}`,
    ...hint,
    fps: undefined,
    record: Buffer.from(record),
  }
}

/** VPCodecConfigurationRecord, with or without the full box's version and flags in front. */
export const parseVp9Record = (bytes: Buffer, hint: SizeHint): VideoConfig => {
  const boxed = bytes.length >= 12 && bytes.readUInt32BE(0) === 0x01000000
  const record = boxed ? bytes.subarray(4) : bytes
  if (record.length < 8) throw new MediaError('the VP9 configuration is cut short')
  const [profile = 0, level = 10, third = 0x80] = record
  return {
    kind: 'video',
    codec: 'vp9',
    codecString: `vp09.${pad2(profile)}.${pad2(level)}.${pad2(third >> 4)}`,
    ...hint,
    fps: undefined,
    record: Buffer.from(record),
  }
}
