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

export interface SheetSource {
  /** An MP4 that we made ourselves. */
  path: string
  /** So many steps it fills, exactly; the last picture stands for those that are missing. */
  pictures: number
}

/**
 * Writes `s1.jpg`, `s2.jpg` … into `directory`, one source behind the other; each may be of another size and codec. Only
 * key frames are decoded.
 */
export const drawSheets = async (input: {
  sources: readonly SheetSource[]
  directory: string
  plan: SheetPlan
  durationS: number
  signal?: AbortSignal
}): Promise<Outcome<undefined>> => {
  const run = await runLimited(
    [
      ...limited('ffmpeg'),
      ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-y'],
      ...input.sources.flatMap(({ path }) => [
        ...['-threads', '1', '-skip_frame', 'nokey'],
        ...inputArgs('mov', path),
      ]),
      ...['-filter_complex', filterOf(input.plan, input.sources), '-map', '[sheets]'],
      ...['-q:v', '5', '-threads', '1', '-f', 'image2', `${input.directory}/s%d.jpg`],
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

const filterOf = (
  { stepS, width, height, columns, rows }: SheetPlan,
  sources: readonly SheetSource[],
): string => {
  const picture = [
    // As a fraction: a rounded rate would put what lies at a step's very beginning into the one before.
    `fps=fps=1000/${Math.round(stepS * 1000)}:round=down:start_time=0:eof_action=pass`,
    `scale=${width}:${height}:force_original_aspect_ratio=decrease`,
    `pad=${width}:${height}:-1:-1`,
    'setsar=1',
  ].join(',')
  const each = sources.map(({ pictures }, n) => {
    // How long the last frame of a file lasts is not known to all versions of ffmpeg.
    const exactly = `tpad=stop_mode=clone:stop=${pictures},trim=end_frame=${pictures}`
    return `[${n}:v:0]${picture},${exactly}[p${n}]`
  })
  const all = sources.map((_, n) => `[p${n}]`).join('')
  const joined = sources.length > 1 ? `concat=n=${sources.length},` : ''
  return [...each, `${all}${joined}tile=${columns}x${rows}[sheets]`].join(';')
}
