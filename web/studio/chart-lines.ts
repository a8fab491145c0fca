/** Owns where the points of a chart lie: scales with round ends, and lines that break where nothing was measured. Pure. */
export interface Point {
  atMs: number
  value: number
}

/** Their halves are round too. */
const roundEnds = [1, 2, 4, 6, 8, 10]
/** One point comes every two seconds; a longer pause was a lost connection. */
const longestPauseMs = 7_000

/** The next round number from `value` on; above zero. */
export const roundTop = (value: number): number => {
  const size = 10 ** Math.floor(Math.log10(Math.max(value, 1e-6)))
  return (roundEnds.find((end) => end * size >= value) ?? 10) * size
}

/** Stretches without a break; null was not measured. */
export const stretches = (times: readonly number[], values: readonly (number | null)[]): Point[][] => {
  const found: Point[][] = []
  let beforeMs = -Infinity
  for (const [n, atMs] of times.entries()) {
    const value = values[n] ?? null
    if (value === null) {
      beforeMs = -Infinity
      continue
    }
    if (atMs - beforeMs > longestPauseMs) found.push([])
    found.at(-1)?.push({ atMs, value })
    beforeMs = atMs
  }
  return found
}

export interface Scale {
  x: (atMs: number) => number
  y: (value: number) => number
}

/** For `points` of a polyline. One alone is written twice, so that a round end shows it. */
export const polyline = (stretch: readonly Point[], { x, y }: Scale): string =>
  [...stretch, ...(stretch.length === 1 ? stretch : [])]
    .map(({ atMs, value }) => `${x(atMs).toFixed(1)},${y(value).toFixed(1)}`)
    .join(' ')
