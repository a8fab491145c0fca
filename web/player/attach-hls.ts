/** Owns playing through hls.js: its recovery from errors, the latency after stalls, and looking back. */
import type Hls from 'hls.js'
import type { ErrorData } from 'hls.js'
import { backoffMs } from '../api/random.ts'
import { followRate, settingsFor } from './hls-settings.ts'
import type { Playback, PlaybackOptions, PlayFigures } from './source.ts'

const calmMs = 60_000
const maxMediaRepairs = 3
const fallbackAfter = 4
/** So many stalls within a minute: the network is too uneven for low latency. */
const unevenStalls = 4

export const attachHls = (Library: typeof Hls, options: PlaybackOptions): Playback => {
  const { video, source, keepTrying, onState } = options
  let hls: Hls | undefined
  let url = source.lowLatency ?? source.hls
  let failures = 0
  let mediaRepairs = 0
  let stalls: number[] = []
  let stallCount = 0
  let behind = source.behind
  let startAt = source.startAt ?? -1
  let timer: ReturnType<typeof setTimeout> | undefined
  let ended = false

  const start = (): void => {
    hls?.destroy()
    hls = new Library(settingsFor(source, startAt))
    hls.on(Library.Events.ERROR, (_name, data) => onError(data))
    hls.on(Library.Events.FRAG_BUFFERED, () => {
      failures = 0
      onState('ready')
    })
    if (behind !== undefined)
      hls.once(Library.Events.LEVEL_UPDATED, (_name, { details }) => lookBack(details.edge))
    hls.loadSource(url)
    hls.attachMedia(video)
  }
  /** Only the playlist tells where its edge is: the first place is put right once it is known. */
  const lookBack = (edge: number): void => {
    if (!hls || behind === undefined) return
    hls.stopLoad()
    hls.startLoad(Math.max(0, edge - behind))
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
        else if (behind !== undefined) behind = behindNow() ?? behind
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

  /** Many stalls in a minute: the plain playlist holds three segments in hand instead of three parts. */
  const onStall = (): void => {
    const nowMs = Date.now()
    stalls = [...stalls.filter((atMs) => nowMs - atMs < calmMs), nowMs]
    stallCount += 1
    if (stalls.length < unevenStalls || url !== source.lowLatency || url === source.hls) return
    url = source.hls
    stalls = []
    start()
    void video.play().catch(() => undefined)
  }

  const onError = (data: ErrorData): void => {
    if (data.details === Library.ErrorDetails.BUFFER_STALLED_ERROR) onStall()
    if (!data.fatal) return
    if (data.type === Library.ErrorTypes.MEDIA_ERROR) repairMedia()
    else again()
  }

  // A stall raises the target for good; a calm minute takes it back to what the playlist asks.
  const calm = setInterval(() => {
    const last = stalls.at(-1)
    if (!hls || last === undefined || Date.now() - last < calmMs) return
    const details = hls.latestLevelDetails
    const base = details && (details.partHoldBack || details.holdBack)
    if (!base) return
    hls.targetLatency = base
    stalls = []
  }, 5000)

  const behindNow = (): number | undefined => {
    const details = hls?.latestLevelDetails
    return details ? Math.max(0, details.edge + details.age - video.currentTime) : undefined
  }
  const modeOf = (): PlayFigures['mode'] => {
    if (!source.live) return 'video'
    if (source.behind !== undefined) return 'look_back'
    return url === source.lowLatency ? 'low_latency' : 'plain'
  }
  const goLive = (): void => {
    const edge = hls?.liveSyncPosition
    if (typeof edge === 'number') video.currentTime = edge
    void video.play().catch(() => undefined)
  }

  start()
  return {
    playingDate: () => hls?.playingDate ?? undefined,
    latency: () => {
      if (!source.live || !hls) return undefined
      // hls.js knows it from the first timeupdate on; before a place is found it would be nonsense.
      return hls.latency > 0 ? hls.latency : undefined
    },
    place: () => {
      const details = hls?.latestLevelDetails
      const [first] = details?.fragments ?? []
      if (!source.live || !details || !first) return undefined
      const edge = details.edge + Math.min(details.age, details.targetduration)
      return { at: video.currentTime - first.start, edge: edge - first.start, whole: details.startSN === 0 }
    },
    figures: () => ({
      mode: modeOf(),
      latency: source.live && hls && hls.latency > 0 ? hls.latency : undefined,
      targetLatency: (source.live && hls?.targetLatency) || undefined,
      bandwidth: hls?.bandwidthEstimate,
      codecs: [hls?.levels[hls.currentLevel]?.videoCodec, hls?.levels[hls.currentLevel]?.audioCodec]
        .filter(Boolean)
        .join(', '),
      stalls: stallCount,
    }),
    goLive,
    follow: (on) => {
      if (hls) hls.config.maxLiveSyncPlaybackRate = on ? followRate : 1
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
