/** Owns turning RTMP audio and video messages (FLV tag bodies) into configurations and frames. */
import { parseAacConfig } from '../codec/aac.ts'
import { parseAv1Record, parseVp9Record } from '../codec/av1-vp9.ts'
import type { SizeHint } from '../codec/av1-vp9.ts'
import { parseAvcRecord } from '../codec/h264.ts'
import { parseHevcRecord } from '../codec/hevc.ts'
import { parseOpusHead } from '../codec/opus.ts'
import { MediaError } from '../codec/packet.ts'
import type { MediaItem, TrackConfig } from '../codec/packet.ts'
import { audioPacket, soundFormatNames, videoCodecNames, videoPacket } from './fourcc.ts'
import { openEnvelope } from './modex.ts'

export interface FlvDemuxer {
  /** undefined for tags that carry nothing to package. Throws MediaError in words meant for the publisher. */
  video: (timestampMs: number, tag: Buffer) => MediaItem | undefined
  audio: (timestampMs: number, tag: Buffer) => MediaItem | undefined
  /** From onMetaData, for codecs whose configuration has no picture size. */
  setSizeHint(hint: SizeHint): void
}

const configItem = (config: TrackConfig): MediaItem => ({ kind: 'config', config })

const videoConfig = (fourcc: string, body: Buffer, hint: SizeHint): TrackConfig => {
  switch (fourcc) {
    case 'avc1':
      return parseAvcRecord(body)
    case 'hvc1':
      return parseHevcRecord(body)
    case 'av01':
      return parseAv1Record(body, hint)
    case 'vp09':
      return parseVp9Record(body, hint)
    default:
      throw new MediaError(`video codec ${printable(fourcc)} can't be packaged; use H.264, H.265, AV1 or VP9`)
  }
}

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?')

const readInt24 = (bytes: Buffer, at: number): number => {
  if (bytes.length < at + 3) throw new MediaError('a video tag is cut short')
  return bytes.readIntBE(at, 3)
}

// FLV 10.1 §E.4.3.1: frame type 5 is a seek command, no picture.
const legacyVideo = (timestampMs: number, tag: Buffer): MediaItem | undefined => {
  const codec = (tag[0] ?? 0) & 15
  // 12 is what some Chinese encoders send for H.265; its tag is laid out like H.264's.
  if (codec !== 7 && codec !== 12) {
    throw new MediaError(`video codec ${videoCodecNames[codec] ?? codec} can't be packaged; use H.264`)
  }
  if (tag.length < 5) return undefined
  const body = tag.subarray(5)
  if (tag[1] === 0) return configItem(codec === 7 ? parseAvcRecord(body) : parseHevcRecord(body))
  if (tag[1] !== 1 || body.length === 0) return undefined
  const key = (((tag[0] ?? 0) >> 4) & 7) === 1
  // Composition time is SI24, FLV 10.1 §E.4.3.2.
  return { kind: 'video', timestampMs, compositionMs: readInt24(tag, 2), key, data: body }
}

const enhancedVideo = (timestampMs: number, tag: Buffer, hint: SizeHint): MediaItem | undefined => {
  const envelope = openEnvelope(tag, videoPacket)
  if (envelope === undefined) return undefined
  const { packetType, fourcc, body } = envelope
  if (packetType === videoPacket.sequenceStart) return configItem(videoConfig(fourcc, body, hint))
  const key = (((tag[0] ?? 0) >> 4) & 7) === 1
  if (packetType === videoPacket.codedFrames) {
    const timed = fourcc === 'avc1' || fourcc === 'hvc1'
    const data = timed ? body.subarray(3) : body
    if (data.length === 0) return undefined
    return { kind: 'video', timestampMs, compositionMs: timed ? readInt24(body, 0) : 0, key, data }
  }
  if (packetType === videoPacket.codedFramesX && body.length > 0) {
    return { kind: 'video', timestampMs, compositionMs: 0, key, data: body }
  }
  return undefined
}

const enhancedAudio = (timestampMs: number, tag: Buffer): MediaItem | undefined => {
  const envelope = openEnvelope(tag, audioPacket)
  if (envelope === undefined) return undefined
  const { packetType, fourcc, body } = envelope
  if (fourcc !== 'mp4a' && fourcc !== 'Opus') {
    throw new MediaError(`audio codec ${printable(fourcc)} can't be packaged; use AAC or Opus`)
  }
  if (packetType === audioPacket.sequenceStart) {
    return configItem(fourcc === 'Opus' ? parseOpusHead(body) : parseAacConfig(body))
  }
  if (packetType !== audioPacket.codedFrames || body.length === 0) return undefined
  return { kind: 'audio', timestampMs, data: body }
}

/** One per publication: it remembers the size hint only. */
export const createFlvDemuxer = (): FlvDemuxer => {
  let hint: SizeHint = { width: 0, height: 0 }
  return {
    setSizeHint(next) {
      hint = next
    },
    video(timestampMs, tag) {
      if (tag.length < 2 || (((tag[0] ?? 0) >> 4) & 7) === 5) return undefined
      return ((tag[0] ?? 0) & 0x80) !== 0
        ? enhancedVideo(timestampMs, tag, hint)
        : legacyVideo(timestampMs, tag)
    },
    audio(timestampMs, tag) {
      if (tag.length < 2) return undefined
      const format = (tag[0] ?? 0) >> 4
      if (format === 9) return enhancedAudio(timestampMs, tag)
      if (format !== 10) {
        throw new MediaError(`audio codec ${soundFormatNames[format] ?? format} can't be packaged; use AAC`)
      }
      const body = tag.subarray(2)
      if (tag[1] === 0) return configItem(parseAacConfig(body))
      return body.length > 0 ? { kind: 'audio', timestampMs, data: body } : undefined
    },
  }
}
