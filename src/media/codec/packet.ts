/** Owns what a compressed frame and a track's configuration look like between demuxer and packager. */

export interface VideoConfig {
  readonly kind: 'video'
  readonly codec: 'h264' | 'h265' | 'av1' | 'vp9'
  /** RFC 6381, for CODECS and MSE. */
  readonly codecString: string
  readonly width: number
  readonly height: number
  /** From the bitstream's own timing, if it has any. */
  readonly fps: number | undefined
  /** The content of avcC, hvcC, av1C or vpcC (vpcC without version and flags). */
  readonly record: Buffer
}

export interface AudioConfig {
  readonly kind: 'audio'
  readonly codec: 'aac' | 'opus'
  readonly codecString: string
  /** Of the core decoder: frames count `frameSamples` in this rate. */
  readonly sampleRate: number
  /** What a player hears: twice `sampleRate` with SBR. */
  readonly outputSampleRate: number
  readonly channels: number
  readonly frameSamples: number
  /** AudioSpecificConfig, or the content of dOps. */
  readonly record: Buffer
}

export type TrackConfig = VideoConfig | AudioConfig

export interface VideoFrame {
  readonly kind: 'video'
  /** Raw RTMP milliseconds, 32 bits, may wrap. */
  readonly timestampMs: number
  /** PTS − DTS in ms, signed. */
  readonly compositionMs: number
  /** The container's word; the packager checks H.264 for itself. */
  readonly key: boolean
  readonly data: Buffer
}

export interface AudioFrame {
  readonly kind: 'audio'
  readonly timestampMs: number
  readonly data: Buffer
}

/** What the demuxer makes of one message. */
export type MediaItem = VideoFrame | AudioFrame | { kind: 'config'; config: TrackConfig }

/** Bytes that can't be packaged; the text is for the publisher. Caught where one message is read. */
export class MediaError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MediaError'
  }
}

/** Whether two configurations decode alike, so that a repeated sequence header changes nothing. */
export const sameConfig = (a: TrackConfig | undefined, b: TrackConfig): boolean =>
  a !== undefined && a.codec === b.codec && a.record.equals(b.record)
