/** Owns H.264 parameter sets that change inside the stream, without a new sequence header. Pure. */
import { buildAvcRecord, nalLengthSize, parseAvcRecord, scanAvcSample, spsOfRecord } from '../codec/h264.ts'
import { MediaError } from '../codec/packet.ts'
import type { VideoConfig, VideoFrame } from '../codec/packet.ts'

/** Whether the frame really is an IDR, and the configuration in force from it on. */
export const inspectKeyframe = (
  frame: VideoFrame,
  config: VideoConfig,
): { key: boolean; config: VideoConfig } => {
  // Other codecs' keyframes are taken at the container's word.
  if (!frame.key || config.codec !== 'h264') return { key: frame.key, config }
  const { idr, sps, pps } = scanAvcSample(frame.data, nalLengthSize(config.record))
  if (!idr || sps === undefined || pps === undefined || sps.equals(spsOfRecord(config.record))) {
    return { key: idr, config }
  }
  try {
    return { key: true, config: parseAvcRecord(buildAvcRecord(sps, pps, nalLengthSize(config.record))) }
  } catch (error) {
    // A broken SPS is the decoder's to refuse; the configuration in force stays.
    if (error instanceof MediaError) return { key: true, config }
    throw error
  }
}
