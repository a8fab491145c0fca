/** Owns playing through hls.js: its settings, its recovery from errors, and the latency after stalls. */
import type Hls from 'hls.js'
import type { ErrorData, HlsConfig } from 'hls.js'
import { backoffMs } from '../api/random.ts'
import type { Playback, PlaybackOptions } from './source.ts'

const shared: Partial<HlsConfig> = {
  preferManagedMediaSource: true,
  // Ours is fragmented MP4 that passes through; a worker would only cost the first picture time.
  enableWorker: false,
  abrEwmaDefaultEstimate: 5_000_000,
  startFragPrefetch: true,
}
const liveSettings: Partial<HlsConfig> = {
  ...shared,
  lowLatencyMode: true,
  maxLiveSyncPlaybackRate: 1.08,
  liveSyncOnStallIncrease: 0.5,
  backBufferLength: 30,
  maxBufferLength: 10,
}
const videoSettings: Partial<HlsConfig> = { ...shared, maxBufferLength: 30, backBufferLength: 60 }

const calmMs = 60_000
const maxMediaRepairs = 3
const fallbackAfter = 4

export const attachHls = (Library: typeof Hls, options: PlaybackOptions): Playback => {
  const { video, source, keepTrying, onState } = options
  let hls: Hls | undefined
  let url = source.lowLatency ?? source.hls
  let failures = 0
  let mediaRepairs = 0
  let lastStallMs = 0
  let startAt = source.startAt ?? -1
  let timer: ReturnType<typeof setTimeout> | undefined
  let ended = false

  const start = (): void => {
    hls?.destroy()
    hls = new Library({
      ...(source.live ? liveSettings : videoSettings),
      startPosition: source.live ? -1 : startAt,
    })
    hls.on(Library.Events.ERROR, (_name, data) => onError(data))
    hls.on(Library.Events.FRAG_BUFFERED, () => {
      failures = 0
      onState('ready')
    })
    hls.loadSource(url)
    hls.attachMedia(video)
  }

  /** Tries again after a while: at first the same playlist, after several failures the plain one. */
  const again = (): void => {
    const waiting = source.live && keepTrying()
    if (failures >= 8 && !waiting) return onState('failed')
    onState('waiting')
    clearTimeout(timer)
    timer = setTimeout(
      () => {
        if (ended) return
        if (!source.live) startAt = video.currentTime || startAt
        if (failures >= fallbackAfter && failures % 2 === 0)
          url = url === source.hls ? (source.lowLatency ?? url) : source.hls
        start()
        void video.play().catch(() => undefined)
      },
      backoffMs(failures, 500, source.live ? 2500 : 8000),
    )
    failures += 1
  }

  const repairMedia = (): void => {
    mediaRepairs += 1
    setTimeout(() => (mediaRepairs = Math.max(0, mediaRepairs - 1)), 30_000)
    if (mediaRepairs > maxMediaRepairs) return again()
    hls?.recoverMediaError()
    void video.play().catch(() => undefined)
  }

  const onError = (data: ErrorData): void => {
    if (data.details === Library.ErrorDetails.BUFFER_STALLED_ERROR) lastStallMs = Date.now()
    if (!data.fatal) return
    if (data.type === Library.ErrorTypes.MEDIA_ERROR) repairMedia()
    else again()
  }

  // A stall raises the target for good; a calm minute takes it back to what the playlist asks.
  const calm = setInterval(() => {
    if (!hls || lastStallMs === 0 || Date.now() - lastStallMs < calmMs) return
    const details = hls.latestLevelDetails
    const base = details && (details.partHoldBack || details.holdBack)
    if (!base) return
    hls.targetLatency = base
    lastStallMs = 0
  }, 5000)

  start()
  return {
    playingDate: () => hls?.playingDate ?? undefined,
    latency: () => (source.live && hls && hls.latency > 0 ? hls.latency : undefined),
    goLive: () => {
      const edge = hls?.liveSyncPosition
      if (typeof edge === 'number') video.currentTime = edge
      void video.play().catch(() => undefined)
    },
    retry: () => {
      failures = 0
      onState('loading')
      start()
      void video.play().catch(() => undefined)
    },
    destroy: () => {
      ended = true
      clearTimeout(timer)
      clearInterval(calm)
      hls?.destroy()
      hls = undefined
    },
  }
}
