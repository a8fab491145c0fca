/** Owns which picture sizes a browser may send, what they cost, and with which codec this browser makes them. */
import type { AudioFourcc, VideoFourcc } from './tags.ts'

export interface Quality {
  id: '1080p' | '720p' | '480p' | '360p'
  width: number
  height: number
  fps: number
  /** Bits a second. */
  bitrate: number
}

export const qualities: readonly Quality[] = [
  { id: '1080p', width: 1920, height: 1080, fps: 30, bitrate: 4_500_000 },
  { id: '720p', width: 1280, height: 720, fps: 30, bitrate: 2_500_000 },
  { id: '480p', width: 854, height: 480, fps: 30, bitrate: 1_200_000 },
  { id: '360p', width: 640, height: 360, fps: 30, bitrate: 700_000 },
]

export interface VideoChoice {
  fourcc: VideoFourcc
  config: VideoEncoderConfig
}

export interface AudioChoice {
  fourcc: AudioFourcc
  config: AudioEncoderConfig
}

export const sampleRate = 48_000
export const channels = 2

/** H.264 first, which everything plays; level 4.2 carries 1080p60. */
const videoCodecs: readonly [VideoFourcc, string][] = [
  ['avc1', 'avc1.64002a'],
  ['avc1', 'avc1.4d402a'],
  ['avc1', 'avc1.42e02a'],
  ['vp09', 'vp09.00.41.08'],
  ['av01', 'av01.0.08M.08'],
]

/** The first codec that this browser encodes at this quality; undefined if there is none. */
export const chooseVideo = async (quality: Quality): Promise<VideoChoice | undefined> => {
  if (typeof VideoEncoder === 'undefined') return undefined
  for (const [fourcc, codec] of videoCodecs) {
    const config: VideoEncoderConfig = {
      codec,
      width: quality.width - (quality.width % 2),
      height: quality.height,
      bitrate: quality.bitrate,
      framerate: quality.fps,
      latencyMode: 'realtime',
      ...(fourcc === 'avc1' ? { avc: { format: 'avc' } } : {}),
    }
    if (await isSupported(() => VideoEncoder.isConfigSupported(config))) return { fourcc, config }
  }
  return undefined
}

/** AAC first, which everything plays; Chromium on Linux encodes Opus alone. */
export const chooseAudio = async (): Promise<AudioChoice | undefined> => {
  if (typeof AudioEncoder === 'undefined') return undefined
  const common = { sampleRate, numberOfChannels: channels, bitrate: 128_000 }
  const choices: AudioChoice[] = [
    { fourcc: 'mp4a', config: { codec: 'mp4a.40.2', ...common } },
    { fourcc: 'Opus', config: { codec: 'opus', ...common } },
  ]
  for (const choice of choices)
    if (await isSupported(() => AudioEncoder.isConfigSupported(choice.config))) return choice
  return undefined
}

// Some browsers throw for codecs that they do not know.
const isSupported = async (ask: () => Promise<{ supported?: boolean }>): Promise<boolean> => {
  try {
    return (await ask()).supported === true
  } catch {
    return false
  }
}

export type Obstacle = 'insecure' | 'no_devices' | 'no_encoder'

/** Why this browser can not go live; undefined if it can. */
export const obstacle = async (): Promise<Obstacle | undefined> => {
  if (!isSecureContext) return 'insecure'
  if (!('mediaDevices' in navigator)) return 'no_devices'
  const [smallest] = qualities.slice(-1)
  const able = smallest && (await chooseVideo(smallest)) && (await chooseAudio())
  return able ? undefined : 'no_encoder'
}
