/** Owns the settings of hls.js for each kind of source. */
import type { HlsConfig } from 'hls.js'
import type { PlaySource } from './source.ts'

const shared: Partial<HlsConfig> = {
  preferManagedMediaSource: true,
  // Ours is fragmented MP4 that passes through; a worker would only cost the first picture time.
  enableWorker: false,
  abrEwmaDefaultEstimate: 5_000_000,
  startFragPrefetch: true,
}

/** A change of speed that nobody hears. */
export const followRate = 1.08

const live: Partial<HlsConfig> = {
  ...shared,
  lowLatencyMode: true,
  maxLiveSyncPlaybackRate: followRate,
  liveSyncOnStallIncrease: 0.5,
  backBufferLength: 30,
  maxBufferLength: 10,
}
const lookBack: Partial<HlsConfig> = {
  ...shared,
  lowLatencyMode: true,
  // The playhead stays where it was put.
  maxLiveSyncPlaybackRate: 1,
  backBufferLength: 60,
  maxBufferLength: 20,
}
const video: Partial<HlsConfig> = { ...shared, maxBufferLength: 30, backBufferLength: 60 }

export const settingsFor = (source: PlaySource, startAt: number): Partial<HlsConfig> => {
  if (!source.live) return { ...video, startPosition: startAt }
  return { ...(source.behind === undefined ? live : lookBack), startPosition: -1 }
}
