/** Owns finding the H.264 sequence parameter set in what a file says of its track. */
import { parseSps } from '../codec/h264.ts'
import type { Sps } from '../codec/h264.ts'

/** Of the first SPS in an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1). Throws on anything else. */
export const readPicture = (record: Buffer): Sps => {
  if (record[0] !== 1 || ((record[5] ?? 0) & 31) === 0) throw new Error('no SPS')
  return parseSps(record.subarray(8, 8 + record.readUInt16BE(6)))
}
