/** Owns describing a track in words that health reports, journals and playlists share. Pure. */
import type { TrackConfig } from '../codec/packet.ts'
import type { TrackSummary } from './updates.ts'

export const summarise = (config: TrackConfig, frameMs: number): TrackSummary =>
  config.kind === 'video'
    ? {
        kind: 'video',
        codec: config.codec,
        codecString: config.codecString,
        width: config.width,
        height: config.height,
        fps: Math.round((config.fps ?? 1000 / frameMs) * 100) / 100,
      }
    : {
        kind: 'audio',
        codec: config.codec,
        codecString: config.codecString,
        sampleRate: config.outputSampleRate,
        channels: config.channels,
      }
