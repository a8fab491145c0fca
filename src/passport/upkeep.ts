/** Owns clearing away what time has ended: counters, sessions, devices. */
import type { Log } from '../platform/log/log.ts'

const everyMs = 10 * 60_000

/** Gives what stops it. */
export const startUpkeep = ({
  log,
  work,
}: {
  log: Log
  work: readonly (() => Promise<void>)[]
}): (() => void) => {
  const timer = setInterval(() => {
    for (const one of work) {
      one().catch((error: unknown) =>
        log.error({ err: error }, 'what is old in the passport was not cleared'),
      )
    }
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
