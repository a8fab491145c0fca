/** Owns reading what `ffmpeg -progress` says (fftools/ffmpeg.c, print_report): lines of `key=value`. */

/** Feeds on pieces of output; tells the fraction of `durationS` that is done. */
export const createProgressReader = (
  durationS: number,
  onProgress: (fraction: number) => void,
): ((text: string) => void) => {
  let pending = ''
  return (text) => {
    const lines = (pending + text).slice(-10_000).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) {
      // Despite its name out_time_ms is in microseconds, too; before the first frame it is N/A.
      const us = /^out_time_us=(\d+)$/.exec(line)?.[1]
      if (us !== undefined && durationS > 0) onProgress(Math.min(1, Number(us) / 1e6 / durationS))
    }
  }
}
