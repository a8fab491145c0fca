/** Owns counting what a publication sends and turning it into a health report every two seconds. */
import type { MediaItem } from '../media/codec/packet.ts'
import type { PackagerStats } from '../media/hls/packager.ts'
import { createMissingFrames } from './missing-frames.ts'
import { createSkew } from './skew.ts'
import type { StreamHealth, StreamWarning } from './types.ts'

export interface HealthCounter {
  /** One message of `bytes` that came at `nowMs`, and what the demuxer made of it. */
  video(nowMs: number, bytes: number, item: MediaItem | undefined): void
  audio(nowMs: number, bytes: number, item: MediaItem | undefined): void
  /**
   * Since the last report, or the first frame; undefined where that is too short ago to tell a rate, which the next
   * one then does.
   */
  report(nowMs: number, stats: PackagerStats, extra: HealthExtra): StreamHealth | undefined
}

export interface HealthExtra {
  droppedReaders: number
  recordingBytes: number
  recordingStopped: boolean
}

const longGopMs = 4_100
const shortestMs = 500

const perSecond = (count: number, elapsedMs: number): number => (count * 1000) / elapsedMs
const kbps = (bytes: number, elapsedMs: number): number => Math.round((bytes * 8) / elapsedMs)

/** One per publication: whoever comes back is counted anew, so that the time between is nobody's loss. */
export const createHealthCounter = (): HealthCounter => {
  let sinceMs: number | undefined
  let videoBytes = 0
  let audioBytes = 0
  let videoFrames = 0
  let audioFrames = 0
  let reports = 0
  let sinceKeyMs = 0
  let lastKeyframe: number | undefined
  const missing = createMissingFrames()
  const skew = createSkew()

  const warningsOf = (stats: PackagerStats, extra: HealthExtra): StreamWarning[] => {
    const warnings: StreamWarning[] = []
    if (Math.max(stats.keyframeIntervalMs ?? 0, sinceKeyMs) > longGopMs) warnings.push('long_gop')
    // The first report may come before the first frame of either kind.
    if (reports > 1 && videoFrames === 0) warnings.push('no_video')
    if (reports > 1 && audioFrames === 0) warnings.push('no_audio')
    if (stats.clockJumps > 0) warnings.push('clock_jump')
    if (extra.recordingStopped) warnings.push('recording_stopped')
    return warnings
  }

  const followKeyframes = ({ keyframes, video }: PackagerStats, elapsedMs: number): void => {
    if (lastKeyframe === keyframes && video !== undefined) sinceKeyMs += elapsedMs
    else sinceKeyMs = 0
    lastKeyframe = keyframes
  }

  return {
    video(nowMs, bytes, item) {
      videoBytes += bytes
      if (item?.kind !== 'video') return
      sinceMs ??= nowMs
      videoFrames++
      missing.frame(item.timestampMs)
      skew.arrived('video', item.timestampMs)
    },
    audio(nowMs, bytes, item) {
      audioBytes += bytes
      if (item?.kind !== 'audio') return
      sinceMs ??= nowMs
      audioFrames++
      skew.arrived('audio', item.timestampMs)
    },
    report(nowMs, stats, extra) {
      if (sinceMs === undefined) return undefined
      const elapsedMs = nowMs - sinceMs
      // Negative when the machine's clock was set back: it begins again.
      if (elapsedMs < 0) sinceMs = nowMs
      if (elapsedMs < shortestMs) return undefined
      sinceMs = nowMs
      reports++
      followKeyframes(stats, elapsedMs)
      const { video, audio } = stats
      const fps = Math.round(perSecond(videoFrames, elapsedMs) * 10) / 10
      const health: StreamHealth = {
        video:
          video === undefined ? null : { codec: video.codec, width: video.width, height: video.height, fps },
        audio:
          audio === undefined
            ? null
            : { codec: audio.codec, sampleRate: audio.outputSampleRate, channels: audio.channels },
        videoKbps: kbps(videoBytes, elapsedMs),
        audioKbps: kbps(audioBytes, elapsedMs),
        keyframeIntervalMs: stats.keyframeIntervalMs ?? null,
        missingFrames: missing.take() ?? null,
        skewMs: skew.take() ?? null,
        droppedReaders: extra.droppedReaders,
        recordingBytes: extra.recordingBytes,
        warnings: warningsOf(stats, extra),
      }
      videoBytes = audioBytes = videoFrames = audioFrames = 0
      return health
    },
  }
}
