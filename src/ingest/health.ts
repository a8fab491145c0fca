/** Owns counting what a publication sends and turning it into a health report every two seconds. */
import type { PackagerStats } from '../media/hls/packager.ts'
import type { StreamHealth, StreamWarning } from './types.ts'

export interface HealthCounter {
  video(bytes: number): void
  audio(bytes: number): void
  /** Counts since the last report; `elapsedMs` is how long that was. */
  report(stats: PackagerStats, extra: HealthExtra): StreamHealth
}

export interface HealthExtra {
  elapsedMs: number
  droppedReaders: number
  recordingBytes: number
  recordingStopped: boolean
}

const longGopMs = 4_100

export const createHealthCounter = (): HealthCounter => {
  let bytes = 0
  let videoFrames = 0
  let audioFrames = 0
  let reports = 0
  let sinceKeyMs = 0
  let lastKeyframe: number | undefined

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

  return {
    video(size) {
      bytes += size
      videoFrames++
    },
    audio(size) {
      bytes += size
      audioFrames++
    },
    report(stats, extra) {
      reports++
      if (lastKeyframe === stats.keyframes && stats.video !== undefined) sinceKeyMs += extra.elapsedMs
      else sinceKeyMs = 0
      lastKeyframe = stats.keyframes
      const fps = Math.round((videoFrames * 1000 * 10) / extra.elapsedMs) / 10
      const { video, audio } = stats
      const health: StreamHealth = {
        video:
          video === undefined ? null : { codec: video.codec, width: video.width, height: video.height, fps },
        audio:
          audio === undefined
            ? null
            : { codec: audio.codec, sampleRate: audio.outputSampleRate, channels: audio.channels },
        bitrateKbps: Math.round((bytes * 8) / extra.elapsedMs),
        keyframeIntervalMs: stats.keyframeIntervalMs ?? null,
        droppedReaders: extra.droppedReaders,
        recordingBytes: extra.recordingBytes,
        warnings: warningsOf(stats, extra),
      }
      bytes = videoFrames = audioFrames = 0
      return health
    },
  }
}
