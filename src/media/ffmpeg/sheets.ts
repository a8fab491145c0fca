/** Owns the command line that draws small pictures of a film onto sheets, for looking along its seek bar. */
import { inputArgs, limited } from './ffmpeg.ts'
import type { Outcome } from './ffmpeg.ts'
import { runLimited } from './limited.ts'

const gb = 1024 ** 3

export interface SheetPlan {
  /** A picture every so many seconds. */
  stepS: number
  /** Of one picture. */
  width: number
  height: number
  columns: number
  rows: number
}

/** Writes `s1.jpg`, `s2.jpg` … into `directory`, from an MP4 that we made ourselves. Only key frames are decoded. */
export const drawSheets = async (input: {
  source: string
  directory: string
  plan: SheetPlan
  durationS: number
  signal?: AbortSignal
}): Promise<Outcome<undefined>> => {
  const { stepS, width, height, columns, rows } = input.plan
  const filter = [
    `fps=fps=${(1 / stepS).toFixed(6)}:round=down:start_time=0`,
    `scale=${width}:${height}:force_original_aspect_ratio=decrease`,
    `pad=${width}:${height}:-1:-1`,
    `tile=${columns}x${rows}`,
  ].join(',')
  const run = await runLimited(
    [
      ...limited('ffmpeg'),
      ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-y', '-threads', '1', '-skip_frame', 'nokey'],
      ...inputArgs('mov', input.source),
      ...['-map', '0:v:0', '-an', '-vf', filter, '-q:v', '5', '-threads', '1', '-f', 'image2'],
      `${input.directory}/s%d.jpg`,
    ],
    {
      timeoutMs: 120_000 + input.durationS * 200,
      maxRssBytes: 2 * gb,
      background: true,
      ...(input.signal ? { signal: input.signal } : {}),
    },
  )
  return run.ended === 'exited' && run.code === 0
    ? { result: undefined }
    : { failed: run.ended, detail: run.stderr.slice(-500) }
}
