/**
 * Owns the bytes of frames as they go to the server: FLV tag bodies (FLV 10.1 §E.4.3, Enhanced RTMP v2 §"ExVideoTagHeader")
 * behind a small head, cut into slices. Pure.
 */
import { frameHeadBytes, frameKinds, sliceBytes } from '../../contract/publish.ts'

export type FrameKind = keyof typeof frameKinds
export type VideoFourcc = 'avc1' | 'vp09' | 'av01'
export type AudioFourcc = 'mp4a' | 'Opus'

const enhanced = 0x80
const sequenceStart = 0
const codedFrames = 1
/** Without a composition time: pictures come in the order in which they are shown. */
const codedFramesX = 3
/** SoundFormat 9 says that a fourcc follows. */
const exAudio = 9 << 4

const join = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
const named = (first: number, fourcc: string): Uint8Array =>
  Uint8Array.of(first, ...[...fourcc].map((letter) => letter.charCodeAt(0)))

export const videoHeader = (fourcc: VideoFourcc, record: Uint8Array): Uint8Array<ArrayBuffer> =>
  join([named(enhanced | (1 << 4) | sequenceStart, fourcc), record])

export const videoBody = (fourcc: VideoFourcc, key: boolean, data: Uint8Array): Uint8Array<ArrayBuffer> =>
  join([named(enhanced | ((key ? 1 : 2) << 4) | codedFramesX, fourcc), data])

export const audioHeader = (fourcc: AudioFourcc, record: Uint8Array): Uint8Array<ArrayBuffer> =>
  join([named(exAudio | sequenceStart, fourcc), record])

export const audioBody = (fourcc: AudioFourcc, data: Uint8Array): Uint8Array<ArrayBuffer> =>
  join([named(exAudio | codedFrames, fourcc), data])

/** OpusHead (RFC 7845 §5.1) for encoders that give none. */
export const opusHead = (channels: number, sampleRate: number): Uint8Array => {
  const head = new Uint8Array(19)
  head.set([...'OpusHead'].map((letter) => letter.charCodeAt(0)))
  const view = new DataView(head.buffer)
  view.setUint8(8, 1)
  view.setUint8(9, channels)
  // What Opus encoders add in front, in samples of 48 kHz.
  view.setUint16(10, 312, true)
  view.setUint32(12, sampleRate, true)
  return head
}

/** VPCodecConfigurationRecord, which encoders don't give: profile and level out of `vp09.PP.LL.DD`. */
export const vp9Record = (codec: string): Uint8Array => {
  const [, profile = '00', level = '31', depth = '08'] = codec.split('.')
  // 4:2:0 colocated, limited range, BT.709.
  return Uint8Array.of(Number(profile), Number(level), (Number(depth) << 4) | (1 << 1), 1, 1, 1, 0, 0)
}

/** AV1CodecConfigurationRecord without OBUs: the stream's own sequence headers count. */
export const av1Record = (codec: string): Uint8Array => {
  const [, profile = '0', level = '08M'] = codec.split('.')
  const tier = level.endsWith('H') ? 0x80 : 0
  // 4:2:0, eight bits, colocated.
  return Uint8Array.of(0x81, (Number(profile) << 5) | Number.parseInt(level, 10), tier | 0x0d, 0)
}

/** One frame as the slices that go over the socket. */
export const slicesOf = (
  kind: FrameKind,
  timestampMs: number,
  body: Uint8Array,
): Uint8Array<ArrayBuffer>[] => {
  const frame = new Uint8Array(frameHeadBytes + body.length)
  const view = new DataView(frame.buffer)
  view.setUint32(0, body.length)
  view.setUint8(0, frameKinds[kind])
  view.setUint32(4, Math.round(timestampMs) >>> 0)
  frame.set(body, frameHeadBytes)
  const slices = []
  for (let at = 0; at < frame.length; at += sliceBytes) slices.push(frame.subarray(at, at + sliceBytes))
  return slices
}
