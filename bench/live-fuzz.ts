/**
 * Owns the long run of hostile publishers: mutated captures through everything that reads a stranger's bytes, without a
 * crash, a hang or growth.
 *
 * usage: npm run bench -- live-fuzz [inputs] [seed]
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fuzz } from '../tests/rtmp/fuzz.ts'
import { against, report } from './lib/report.ts'

const inputs = Number(process.argv[2] ?? 10_000_000)
const seed = Number(process.argv[3] ?? 1)
const rounds = 20

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const usedMb = (): number => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1024 / 1024
}

fuzz(10_000, seed)
const beforeMb = usedMb()
const startedMs = performance.now()
let [refused, slowestMs] = [0, 0]
for (let round = 1; round <= rounds; round++) {
  const result = fuzz(Math.ceil(inputs / rounds), seed + round)
  refused += result.refused
  slowestMs = Math.max(slowestMs, result.slowestMs)
  process.stdout.write(`${round} of ${rounds} rounds, ${usedMb().toFixed(1)} MB\n`)
}
const settings = `${inputs.toLocaleString('en')} inputs in ${((performance.now() - startedMs) / 1000).toFixed(0)} s, ${((refused / inputs) * 100).toFixed(0)} % refused, seed ${seed}`
report([
  against({
    what: 'fuzz: slowest input',
    value: slowestMs,
    target: { most: 1_000 },
    unit: 'ms',
    settings: `${settings}; no crash`,
  }),
  against({
    what: 'fuzz: growth',
    value: Math.max(0, usedMb() - beforeMb),
    target: { most: 20 },
    unit: 'MB',
    digits: 1,
    settings,
  }),
])
