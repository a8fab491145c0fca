/**
 * Owns deciding when a run may begin: which frames wait, whether tracks are settled, how long the first GOP is.
 * Pure functions over what waits; the packager acts on their answers.
 */
import type { VideoConfig } from '../codec/packet.ts'
import { maxTargetS } from './shape.ts'

export interface VideoItem {
  kind: 'video'
  ms: number
  compositionMs: number
  key: boolean
  data: Buffer
  wallMs: number
  /** In force from this frame on. */
  config: VideoConfig
}
export interface AudioItem {
  kind: 'audio'
  ms: number
  data: Buffer
  wallMs: number
}
export type Item = VideoItem | AudioItem

// Tracks that are this late at the start are left out of the init; they join at the next IDR.
const settleMs = 1_000
// Video that is there without an IDR is worth waiting for so long, then audio begins alone.
const idrPatienceMs = 10_000

/** What waits begins with an IDR, as far as video is concerned. */
export const firstVideo = (items: readonly Item[]): VideoItem | undefined =>
  items.find((item): item is VideoItem => item.kind === 'video')

export const firstAudio = (items: readonly Item[]): AudioItem | undefined =>
  items.find((item): item is AudioItem => item.kind === 'audio')

/** `waitedMs` of media since the first frame of any kind, `videoSeen` even without an IDR. */
export const tracksSettled = (items: readonly Item[], waitedMs: number, videoSeen: boolean): boolean => {
  const key = firstVideo(items)
  const audio = firstAudio(items)
  const settled = waitedMs >= settleMs
  if (key !== undefined) return audio !== undefined || settled
  return settled && audio !== undefined && (!videoSeen || waitedMs >= idrPatienceMs)
}

/** The first GOP in ms; `none` once it is clear that it is long; undefined: wait. */
export const firstGop = (items: readonly Item[], key: VideoItem): number | 'none' | undefined => {
  const second = items.find((item) => item.kind === 'video' && item.key && item !== key)
  if (second !== undefined) return second.ms - key.ms
  const last = items.findLast((item) => item.kind === 'video')
  return last !== undefined && last.ms - key.ms >= maxTargetS * 1000 ? 'none' : undefined
}

export const videoTimes = (items: readonly Item[]): number[] =>
  items.filter((item) => item.kind === 'video').map((item) => item.ms)
