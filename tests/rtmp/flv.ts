/** Owns FLV files as lists of tags, and making them with ffmpeg: what an encoder would have sent over RTMP. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Tag {
  /** 8 audio, 9 video, 18 data. */
  type: number
  timestampMs: number
  body: Buffer
}

/** FLV 10.1 §E.2 to E.4; a file that is cut short ends with its last whole tag. */
export const readFlv = (bytes: Buffer): Tag[] => {
  const tags: Tag[] = []
  for (let at = 13; at + 11 <= bytes.length;) {
    const size = bytes.readUIntBE(at + 1, 3)
    if (at + 11 + size > bytes.length) break
    const timestampMs = (bytes.readUIntBE(at + 4, 3) | ((bytes[at + 7] ?? 0) << 24)) >>> 0
    tags.push({ type: bytes[at] ?? 0, timestampMs, body: bytes.subarray(at + 11, at + 11 + size) })
    at += 11 + size + 4
  }
  return tags
}

export interface ClipOptions {
  seconds: number
  size?: string
  fps?: number
  gop?: number
  bFrames?: number
  videoKbps?: number
  video?: boolean
  audio?: boolean
}

/** An H.264 and AAC clip as tags. Its bit rate is constant where one is given. */
export const makeClip = (options: ClipOptions): Tag[] => {
  const { seconds, size = '320x180', fps = 30, gop = 60, bFrames = 2, videoKbps } = options
  const hasVideo = options.video !== false
  const hasAudio = options.audio !== false
  const rate = videoKbps === undefined ? [] : constantRate(videoKbps)
  const dir = mkdtempSync(join(tmpdir(), 'vireo-flv-'))
  try {
    const file = join(dir, 'clip.flv')
    execFileSync('ffmpeg', [
      ...['-nostdin', '-hide_banner', '-loglevel', 'error'],
      ...(hasVideo ? ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${fps}`] : []),
      ...(hasAudio ? ['-f', 'lavfi', '-i', 'sine=r=48000'] : []),
      ...['-t', String(seconds)],
      ...(hasVideo ? ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'] : []),
      ...(hasVideo ? ['-bf', String(bFrames), '-g', String(gop), '-sc_threshold', '0', ...rate] : []),
      ...(hasAudio ? ['-c:a', 'aac', '-b:a', '128k'] : []),
      file,
    ])
    return readFlv(readFileSync(file))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const constantRate = (kbps: number): string[] => [
  ...['-b:v', `${kbps}k`, '-maxrate', `${kbps}k`, '-bufsize', `${kbps}k`],
  ...['-x264-params', 'nal-hrd=cbr:filler=1'],
]

/** Sequence headers and onMetaData: sent once at the front. */
export const isHeader = ({ type, body }: Tag): boolean => {
  if (type === 18) return true
  const first = body[0] ?? 0
  if (type === 9) return (first & 0x80) === 0 ? body[1] === 0 : (first & 15) === 0
  return first >> 4 === 9 ? (first & 15) === 0 : first >> 4 === 10 && body[1] === 0
}
