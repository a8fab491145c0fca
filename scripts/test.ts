/** Owns `npm test`: runs vitest and ends with one plain line. What is skipped for want of a service fails under CI. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  numFailedTestSuites: number
  success: boolean
}

const dir = mkdtempSync(join(tmpdir(), 'vireo-test-report-'))
const file = join(dir, 'report.json')
const vitest = spawn(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => vitest.kill(signal))
vitest.on('close', (code) => {
  process.exitCode = summarise(code ?? 1)
  rmSync(dir, { recursive: true })
})

const summarise = (code: number): number => {
  let report: Report
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    process.stdout.write('0 passed, 1 failed, 0 skipped\n')
    return code || 1
  }
  const skipped = report.numPendingTests + report.numTodoTests
  // A file that can not even be loaded has no failed test, but it has failed.
  const failed = Math.max(report.numFailedTests, report.success ? 0 : 1)
  process.stdout.write(`${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`)
  if (process.env['CI'] === 'true' && skipped > 0) return 1
  return report.success ? code : code || 1
}
