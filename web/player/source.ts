/** Owns what a player can be given. */

export interface PlaySource {
  /** Plain HLS: a video's master playlist, or the live playlist that caches can keep. */
  hls: string
  /** Low-latency playlist of a live room. */
  lowLatency?: string | undefined
  live: boolean
  /** Where a video begins, in seconds. */
  startAt?: number | undefined
}

export type PlayState = 'loading' | 'ready' | 'waiting' | 'failed'

export interface Playback {
  /** Program date-time at the playhead, if the stream has one. */
  playingDate(): Date | undefined
  /** Seconds between the playhead and the live edge. */
  latency(): number | undefined
  /** Goes to the live edge. */
  goLive(): void
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
