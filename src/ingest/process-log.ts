/** Owns ingest's log: one JSON line per entry on stdout, where the supervisor collects them. */
import type { Log } from '../platform/log/log.ts'

const levels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof levels)[number]

/** `write` takes a whole line. Entries below `level` are not made. */
export const createProcessLog = (
  level: LogLevel,
  now: () => number,
  write: (line: string) => void,
  bound: object = {},
): Log => {
  const entry = (at: LogLevel) => (fields: object, msg: string) => {
    if (levels.indexOf(at) < levels.indexOf(level)) return
    write(
      JSON.stringify({
        level: at,
        time: new Date(now()).toISOString(),
        process: 'ingest',
        ...bound,
        ...fields,
        msg,
      }) + '\n',
    )
  }
  return {
    debug: entry('debug'),
    info: entry('info'),
    warn: entry('warn'),
    error: entry('error'),
    child: (fields) => createProcessLog(level, now, write, { ...bound, ...fields }),
  }
}
