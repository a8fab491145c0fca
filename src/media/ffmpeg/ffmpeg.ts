/** Owns every command line of ffmpeg and ffprobe that touches an upload. The demuxer is always forced. */
import { cpus } from 'node:os'
import type { Container } from './container.ts'
import { runLimited } from './limited.ts'
import type { Ended } from './limited.ts'
import { createProgressReader } from './progress.ts'

const gb = 1024 ** 3
const hour = 3600_000

/** Address space is no memory: decoders reserve more than they touch. */
export const limited = (program: string): string[] => ['prlimit', `--as=${8 * gb}`, '--', program]

/** Only plain files are read, whatever the container names. */
export const inputArgs = (container: Container, path: string): string[] => [
  '-protocol_whitelist',
  'file,pipe',
  '-f',
  container,
  '-i',
  path,
]

export interface StreamFacts {
  codec: string
  width: number
  height: number
  /** Perceptual quantiser or hybrid log-gamma: must be mapped to what ordinary screens show. */
  hdr: boolean
}

export interface FfprobeFacts {
  durationS: number
  video: StreamFacts | undefined
  audio: { codec: string } | undefined
}

interface ProbeJson {
  streams?: {
    codec_type?: string
    codec_name?: string
    width?: number
    height?: number
    color_transfer?: string
    disposition?: { attached_pic?: number }
  }[]
  format?: { duration?: string }
}

export type Outcome<T> = { result: T } | { failed: Ended; detail: string }

export const hasFfmpeg = async (): Promise<boolean> => {
  const run = await runLimited(['ffmpeg', '-hide_banner', '-version'], { timeoutMs: 10_000, maxRssBytes: gb })
  return run.ended === 'exited' && run.code === 0
}

export const ffprobe = async (
  path: string,
  container: Container,
  signal?: AbortSignal,
): Promise<Outcome<FfprobeFacts>> => {
  const args = ['-v', 'error', '-hide_banner', ...inputArgs(container, path)]
  const show = ['-show_streams', '-show_format', '-of', 'json']
  const run = await runLimited([...limited('ffprobe'), ...args, ...show], {
    timeoutMs: 60_000,
    maxRssBytes: 2 * gb,
    ...(signal ? { signal } : {}),
  })
  if (run.ended !== 'exited' || run.code !== 0) return { failed: run.ended, detail: run.stderr.slice(-500) }
  return { result: readProbe(JSON.parse(run.stdout) as ProbeJson) }
}

const readProbe = (json: ProbeJson): FfprobeFacts => {
  const streams = json.streams ?? []
  const video = streams.find((s) => s.codec_type === 'video' && s.disposition?.attached_pic !== 1)
  const audio = streams.find((s) => s.codec_type === 'audio')
  const durationS = Number(json.format?.duration ?? 0)
  return {
    durationS: Number.isFinite(durationS) ? durationS : 0,
    video: video && {
      codec: video.codec_name ?? '',
      width: video.width ?? 0,
      height: video.height ?? 0,
      hdr: /smpte2084|arib-std-b67/.test(video.color_transfer ?? ''),
    },
    audio: audio && { codec: audio.codec_name ?? '' },
  }
}

export interface TranscodeInput {
  source: string
  container: Container
  /** A plain MP4. */
  target: string
  durationS: number
  hdr: boolean
  copyVideo: boolean
  copyAudio: boolean
}

/** H.264 and AAC of at most 1080p that every browser plays; turned upright, key frames every 2 s. */
export const transcode = async (
  input: TranscodeInput,
  options: { signal?: AbortSignal; onProgress?: (fraction: number) => void },
): Promise<Outcome<undefined>> => {
  const onProgress = createProgressReader(input.durationS, options.onProgress ?? (() => undefined))
  const run = await runLimited(
    [...limited('ffmpeg'), ...transcodeArgs(input)],
    {
      // Slower than a twentieth of real time is no use to anyone.
      timeoutMs: Math.max(0.5 * hour, input.durationS * 20_000),
      quietMs: 120_000,
      background: true,
      maxRssBytes: 3 * gb,
      maxOutputBytes: Infinity,
      ...(options.signal ? { signal: options.signal } : {}),
    },
    onProgress,
  )
  return run.ended === 'exited' && run.code === 0
    ? { result: undefined }
    : { failed: run.ended, detail: run.stderr.slice(-500) }
}

const transcodeArgs = (input: TranscodeInput): string[] => [
  ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-y', '-nostats', '-progress', 'pipe:1'],
  ...['-threads', String(threads())],
  ...inputArgs(input.container, input.source),
  ...['-map', '0:V:0', '-map', '0:a:0?', '-sn', '-dn', '-map_metadata', '-1', '-map_chapters', '-1'],
  ...(input.copyVideo ? ['-c:v', 'copy'] : videoArgs(input.hdr)),
  ...(input.copyAudio ? ['-c:a', 'copy'] : ['-c:a', 'aac', '-b:a', '160k', '-ac', '2', '-ar', '48000']),
  ...['-max_muxing_queue_size', '4096', '-f', 'mp4', input.target],
]

const videoArgs = (hdr: boolean): string[] => [
  '-vf',
  [
    // Only fields that are marked as such are joined.
    'yadif=deint=interlaced',
    "scale=w='trunc(iw*sar/2)*2':h='trunc(ih/2)*2'",
    "scale=w='min(iw,if(gte(iw,ih),1920,1080))':h='min(ih,if(gte(iw,ih),1080,1920))'" +
      ':force_original_aspect_ratio=decrease:force_divisible_by=2',
    'setsar=1',
    ...(hdr ? hdrFilters : []),
    'format=yuv420p',
  ].join(','),
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '22', '-profile:v', 'high'],
  ...['-fpsmax', '60', '-force_key_frames', 'expr:gte(t,n_forced*2)', '-threads', String(threads())],
]

const hdrFilters = [
  'zscale=t=linear:npl=100',
  'format=gbrpf32le',
  'zscale=p=bt709',
  'tonemap=hable:desat=0',
  'zscale=t=bt709:m=bt709:r=tv',
]

/** One core stays with those who watch. */
const threads = (): number => Math.max(1, Math.min(8, cpus().length - 1))

/** A JPEG of the frame at `atS`, at most 1280 wide, of a file that we made ourselves. */
export const extractFrame = async (input: {
  source: string
  target: string
  atS: number
  signal?: AbortSignal
}): Promise<Outcome<undefined>> => {
  const args = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-y', '-ss', input.atS.toFixed(3)]
  const output = [
    '-map',
    '0:v:0',
    '-frames:v',
    '1',
    '-vf',
    "scale='min(1280,iw)':-2",
    '-q:v',
    '3',
    '-f',
    'image2',
  ]
  const run = await runLimited(
    [
      ...limited('ffmpeg'),
      ...args,
      '-threads',
      '1',
      ...inputArgs('mov', input.source),
      ...output,
      input.target,
    ],
    {
      timeoutMs: 60_000,
      maxRssBytes: 2 * gb,
      background: true,
      ...(input.signal ? { signal: input.signal } : {}),
    },
  )
  return run.ended === 'exited' && run.code === 0
    ? { result: undefined }
    : { failed: run.ended, detail: run.stderr.slice(-500) }
}
