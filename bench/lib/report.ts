/** Owns what a measure says: a line per claim, printed and, when all are run, gathered into one table. */
import { appendFileSync } from 'node:fs'
import { env } from 'node:process'

export interface Line {
  /** What was measured: `list of 20, first page`. */
  what: string
  /** Ours, with its unit. */
  ours: string
  /** Against what, in the same run, with its unit: `24,100/s bare Fastify`. */
  peer: string
  /** Ours divided by the peer's. */
  ratio: number
  /** What the ratio has to keep. */
  limit: { least: number } | { most: number }
  /** Sizes, counts, versions: what one needs to run it again. */
  settings: string
}

/** A line held against a target of ours instead of a peer; `most` and `least` are in the value's unit. */
export const against = (claim: {
  what: string
  value: number
  target: { most: number } | { least: number }
  unit: string
  digits?: number
  settings: string
}): Line => {
  const { what, value, target, unit, digits = 0, settings } = claim
  const wanted = 'most' in target ? target.most : target.least
  return {
    what,
    ours: `${value.toFixed(digits)} ${unit}`,
    peer: `${'most' in target ? '≤' : '≥'} ${wanted} ${unit} is the target`,
    ratio: value / wanted,
    limit: 'most' in target ? { most: 1 } : { least: 1 },
    settings,
  }
}

export const isMet = ({ ratio, limit }: Line): boolean =>
  'least' in limit ? ratio >= limit.least : ratio <= limit.most

const limitText = ({ limit }: Line): string =>
  'least' in limit ? `≥ ${limit.least.toFixed(2)}` : `≤ ${limit.most.toFixed(2)}`

/** As text with aligned columns. */
export const tableOf = (lines: readonly Line[]): string => {
  const rows = [
    ['what', 'ours', 'peer', 'ratio', 'limit', '', 'settings'],
    ...lines.map((line) => [
      line.what,
      line.ours,
      line.peer,
      line.ratio.toFixed(2),
      limitText(line),
      isMet(line) ? 'held' : 'MISSED',
      line.settings,
    ]),
  ]
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Prints the lines; `scripts/bench.ts` gathers them by the file that it names. */
export const report = (lines: readonly Line[]): void => {
  process.stdout.write(`${tableOf(lines)}\n`)
  const file = env['VIREO_BENCH_LINES']
  if (file !== undefined) for (const line of lines) appendFileSync(file, `${JSON.stringify(line)}\n`)
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The value below which this part of them lies. */
export const quantile = (values: readonly number[], part: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN
}

export const perSecond = (n: number): string => `${Math.round(n).toLocaleString('en')}/s`
