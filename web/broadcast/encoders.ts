/**
 * Owns turning pictures and samples into tags: one encoder each, a keyframe every two seconds, headers before the first
 * frame of each connection. It drops pictures rather than let them queue.
 */
import { av1Record, audioBody, audioHeader, opusHead, videoBody, videoHeader, vp9Record } from './tags.ts'
import type { FrameKind } from './tags.ts'
import { channels, sampleRate } from './quality.ts'
import type { AudioChoice, VideoChoice } from './quality.ts'

export interface Encoders {
  /** Closes the frame. `atMs` on the clock that sound uses too. */
  picture(frame: VideoFrame, atMs: number): void
  /** Interleaved by channel: all of the left, then all of the right. */
  sound(planes: Float32Array<ArrayBuffer>, atMs: number): void
  /** A new connection: headers and a keyframe come first. */
  renew(): void
  setBitrate(bitsPerS: number): void
  close(): void
}

interface Options {
  video: VideoChoice
  audio: AudioChoice
  onTag: (kind: FrameKind, timestampMs: number, body: Uint8Array) => void
  onDropped: () => void
  onError: (error: Error) => void
}

const keyframeEveryMs = 2_000
/** More than these in the encoder: the machine is too slow for the picture. */
const maxQueued = 4

const bytesOf = (source: AllowSharedBufferSource): Uint8Array =>
  ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)

const dataOf = (chunk: EncodedVideoChunk | EncodedAudioChunk): Uint8Array => {
  const data = new Uint8Array(chunk.byteLength)
  chunk.copyTo(data)
  return data
}

export const createEncoders = ({ video, audio, onTag, onDropped, onError }: Options): Encoders => {
  const { codec } = video.config
  let videoRecord: Uint8Array | undefined =
    video.fourcc === 'vp09' ? vp9Record(codec) : video.fourcc === 'av01' ? av1Record(codec) : undefined
  let audioRecord: Uint8Array | undefined =
    audio.fourcc === 'Opus' ? opusHead(channels, sampleRate) : undefined
  let headed = false
  let soundHeaded = false
  let lastKeyMs = -Infinity
  let config = video.config

  const videoEncoder = new VideoEncoder({
    error: onError,
    output(chunk, metadata) {
      const description = metadata?.decoderConfig?.description
      if (description && video.fourcc === 'avc1') {
        videoRecord = bytesOf(description)
        headed = false
      }
      const atMs = chunk.timestamp / 1000
      const key = chunk.type === 'key'
      // Nothing can be shown before a keyframe.
      if (!headed && (!key || !videoRecord)) return
      if (!headed && videoRecord) onTag('video', atMs, videoHeader(video.fourcc, videoRecord))
      headed = true
      onTag('video', atMs, videoBody(video.fourcc, key, dataOf(chunk)))
    },
  })
  const audioEncoder = new AudioEncoder({
    error: onError,
    output(chunk, metadata) {
      const description = metadata?.decoderConfig?.description
      if (description && !audioRecord) audioRecord = bytesOf(description)
      const atMs = chunk.timestamp / 1000
      if (!audioRecord) return
      if (!soundHeaded) onTag('audio', atMs, audioHeader(audio.fourcc, audioRecord))
      soundHeaded = true
      onTag('audio', atMs, audioBody(audio.fourcc, dataOf(chunk)))
    },
  })
  videoEncoder.configure(config)
  audioEncoder.configure(audio.config)

  return {
    picture(frame, atMs) {
      if (videoEncoder.state !== 'configured') return frame.close()
      if (videoEncoder.encodeQueueSize > maxQueued) {
        onDropped()
        return frame.close()
      }
      const keyFrame = atMs - lastKeyMs >= keyframeEveryMs
      if (keyFrame) lastKeyMs = atMs
      const timed = new VideoFrame(frame, { timestamp: Math.round(atMs * 1000) })
      frame.close()
      videoEncoder.encode(timed, { keyFrame })
      timed.close()
    },
    sound(data, atMs) {
      if (audioEncoder.state !== 'configured') return
      const samples = new AudioData({
        format: 'f32-planar',
        sampleRate,
        numberOfChannels: channels,
        numberOfFrames: data.length / channels,
        timestamp: Math.round(atMs * 1000),
        data,
      })
      audioEncoder.encode(samples)
      samples.close()
    },
    renew() {
      headed = false
      soundHeaded = false
      lastKeyMs = -Infinity
    },
    setBitrate(bitsPerS) {
      if (videoEncoder.state !== 'configured' || config.bitrate === bitsPerS) return
      config = { ...config, bitrate: bitsPerS }
      videoEncoder.configure(config)
    },
    close() {
      if (videoEncoder.state !== 'closed') videoEncoder.close()
      if (audioEncoder.state !== 'closed') audioEncoder.close()
    },
  }
}
