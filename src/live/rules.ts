/** Owns the pure rules of rooms and live sessions. */
import { createHash } from 'node:crypto'
import type { Health, HealthPoint } from '../../contract/live.ts'
import type { StreamHealth } from '../ingest/index.ts'
import type { SessionRow } from './store.ts'

/** For so long a publisher that is gone may come back to the same session. */
export const returnMs = 60_000
/** Shorter sessions leave no replay. */
export const shortestReplayMs = 10_000
/** Health that is older says nothing about now. */
export const healthLifeMs = 6_000

/** Keys have 192 random bits: a plain hash can't be turned round, and an index finds it. */
export const keyHash = (streamKey: string): string =>
  createHash('sha256').update(streamKey).digest('base64url')

/** Stands where a key's hash would while the owner publishes without one; no key hashes to it. Void, it cuts them too. */
export const keylessMark = (userId: string): string => `web:${userId}`

export const hasStreamKey = (hash: string | null | undefined): boolean =>
  hash != null && !hash.startsWith('web:')

export const defaultTitle = (nickname: string): string => `${nickname}的直播间`

export const roomStateOf = (session: SessionRow | undefined): 'idle' | 'live' | 'reconnecting' =>
  session?.state === 'live' || session?.state === 'reconnecting' ? session.state : 'idle'

export const deservesReplay = (session: SessionRow, mediaMs: number): boolean =>
  session.replay !== 'none' && session.recorded === 1 && mediaMs >= shortestReplayMs

const toSeconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000)

export const toHealth = (health: StreamHealth): Health => {
  const { video, audio, keyframeIntervalMs } = health
  const warnings = health.warnings.filter(
    (warning) => warning !== 'clock_jump' && warning !== 'variable_frame_rate',
  )
  return {
    video: video && {
      ...video,
      bitrate_kbps: health.videoKbps,
      keyframe_interval: toSeconds(keyframeIntervalMs),
    },
    audio: audio && {
      codec: audio.codec,
      sample_rate: audio.sampleRate,
      channels: audio.channels,
      bitrate_kbps: health.audioKbps,
    },
    warnings: [
      ...warnings,
      ...(video !== null && video.fps > 0 && video.fps < 15 ? ['low_fps' as const] : []),
    ],
  }
}

export const toHealthPoint = (atMs: number, health: StreamHealth): HealthPoint => ({
  at: new Date(atMs).toISOString(),
  video_kbps: health.videoKbps,
  audio_kbps: health.audioKbps,
  fps: health.video?.fps ?? 0,
  keyframe_interval: toSeconds(health.keyframeIntervalMs),
  dropped_frames: health.missingFrames,
  skew: health.skewMs,
})
