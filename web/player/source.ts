/** Owns what a player can be given, and what a playback says of itself. */

export interface PlaySource {
  /** Plain HLS: a video's master playlist, or the live playlist that caches can keep. */
  hls: string
  /** Low-latency playlist of a live room. */
  lowLatency?: string | undefined
  /** The whole live session so far with its live edge, where it is recorded. */
  dvr?: string | undefined
  live: boolean
  /** Where a video begins, in seconds. */
  startAt?: number | undefined
  /** Looks back: this far behind the live edge it begins, and it does not hurry there by itself. */
  behind?: number | undefined
}

export type PlayState = 'loading' | 'ready' | 'waiting' | 'failed'

/** Seconds since the session began. */
export interface LivePlace {
  at: number
  edge: number
  /** The playlist reaches back to the beginning, so that places are media time. */
  whole: boolean
}

export interface PlayFigures {
  mode: 'low_latency' | 'plain' | 'look_back' | 'video' | 'native'
  latency: number | undefined
  targetLatency: number | undefined
  /** Bits a second that the network gave. */
  bandwidth: number | undefined
  codecs: string | undefined
  stalls: number
}

export interface Playback {
  /** Program date-time at the playhead, if the stream has one. */
  playingDate(): Date | undefined
  /** Seconds between the playhead and the live edge. */
  latency(): number | undefined
  /** Of a live stream that is looked back at. */
  place(): LivePlace | undefined
  figures(): PlayFigures
  /** Goes to the live edge. */
  goLive(): void
  /** Whether it keeps up with the live edge by small changes of speed. */
  follow(on: boolean): void
  /** Starts anew after a failure. */
  retry(): void
  destroy(): void
}

export interface PlaybackOptions {
  video: HTMLVideoElement
  source: PlaySource
  /** Asked before another attempt at a live stream that does not answer: is it still worth waiting? */
  keepTrying: () => boolean
  onState: (state: PlayState) => void
}
