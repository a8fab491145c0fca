/**
 * Owns `npm run bench`: runs the named measure, a group of them (`live` is every `live-…`), or all of them one after the
 * other, and gathers one table.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { isMet, tableOf } from '../bench/lib/report.ts'
import type { Line } from '../bench/lib/report.ts'

const known = readdirSync('bench')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
const [wanted, ...rest] = process.argv.slice(2)
/** They take from ten minutes to an hour: only who is named alone runs. */
const long = ['soak', 'live-fuzz', 'live-conformance', 'accounts', 'community']
const chosen = known.filter(
  (name) =>
    name === wanted || (!long.includes(name) && (wanted === undefined || name.startsWith(`${wanted}-`))),
)
if (chosen.length === 0) {
  process.stderr.write(`There is no bench ${wanted}; there are: ${known.join(', ')}\n`)
  process.exit(2)
}
const dir = mkdtempSync(join(tmpdir(), 'vireo-bench-lines-'))
const file = join(dir, 'lines')
writeFileSync(file, '')
for (const name of chosen) {
  process.stdout.write(`\n${name}\n`)
  const { status } = spawnSync(process.execPath, [`bench/${name}.ts`, ...(chosen.length === 1 ? rest : [])], {
    stdio: 'inherit',
    env: { ...env, VIREO_BENCH_LINES: file },
  })
  if (status !== 0) process.exitCode = 1
}
const lines = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Line)
rmSync(dir, { recursive: true })
if (chosen.length > 1 && lines.length > 0) process.stdout.write(`\n${wanted ?? 'all'}\n${tableOf(lines)}\n`)

const at = new Date().toISOString()
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version }
mkdirSync('bench/results', { recursive: true })
const saved = `bench/results/${wanted ?? 'all'}.json`
writeFileSync(saved, `${JSON.stringify({ at, machine, lines }, null, 2)}\n`)
const missed = lines.filter((line) => !isMet(line)).length
process.stdout.write(`\n${lines.length - missed} held, ${missed} missed; saved to ${saved}\n`)
