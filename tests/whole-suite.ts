/**
 * Owns what holds for the suite as a whole (security.md #12 #37 #58): after the last test the logs of every app and
 * machine that ran, at every level, hold no secret, code, token, password or whole number.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { searchSuiteLogs, suiteLogs } from './leaks.ts'

export const setup = async (): Promise<(() => Promise<void>) | undefined> => {
  // Once for all projects.
  if (env[suiteLogs] !== undefined) return undefined
  const directory = await mkdtemp(join(tmpdir(), 'vireo-suite-logs-'))
  env[suiteLogs] = directory
  return async () => {
    const { bytes, leaks, internal } = await searchSuiteLogs(directory)
    await rm(directory, { recursive: true, force: true })
    process.stdout.write(`logs of the suite: ${bytes} bytes searched, ${leaks.length} leaks\n`)
    // Where a test says no more than that an answer was `internal`.
    if (internal.length > 0) process.stdout.write('requests that ended in `internal`, as one test wants:\n')
    for (const line of internal.slice(0, 10)) process.stdout.write(`${line.slice(0, 600)}\n`)
    if (leaks.length > 0) {
      process.exitCode = 1
      throw new Error(`The logs of the suite give away:\n${[...new Set(leaks)].slice(0, 20).join('\n')}`)
    }
  }
}
