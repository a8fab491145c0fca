/** Owns writing log lines: JSON to stdout and to a file of bounded size. It refuses to fail its caller. */
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { destination, multistream, pino, stdTimeFunctions } from 'pino'
import type { Logger } from 'pino'
import { clean, cleanFields, cleanText } from './clean.ts'
import type { Log } from './log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogDeps {
  level: LogLevel
  stdout: boolean
  /** `logs/vireo.log`; the ones before it are `logs/vireo.log.1`, … */
  file?: { path: string; maxBytes?: number; keep?: number }
}

export interface OpenLog extends Log {
  /** Writes what is still held. */
  close(): void
}

export type Sink = ReturnType<typeof destination>

/** What may wait in memory while nobody reads stdout or the disk is slow; above it lines are dropped. */
const maxWaitingBytes = 8 * 1024 * 1024

export const createLog = (deps: LogDeps): OpenLog => {
  const sinks: Sink[] = []
  if (deps.stdout) sinks.push(openSink(1))
  if (deps.file) sinks.push(openLogFile(deps.file))
  const streams = sinks.map((stream) => ({ level: deps.level, stream: stream }))
  const options = { level: deps.level, base: null, timestamp: stdTimeFunctions.isoTime }
  const root = pino({ ...options, formatters: { level: (level) => ({ level }) } }, multistream(streams))
  return {
    ...logOf(root),
    close() {
      for (const sink of sinks) {
        try {
          sink.flushSync()
        } catch {
          // A closed pipe or a full disk: nothing is left to say it with.
        }
        sink.end()
      }
    },
  }
}

const logOf = (logger: Logger): Log => ({
  debug: (fields, msg) => {
    if (logger.isLevelEnabled('debug')) logger.debug(cleanFields(fields), cleanText(msg))
  },
  info: (fields, msg) => logger.info(cleanFields(fields), cleanText(msg)),
  warn: (fields, msg) => logger.warn(cleanFields(fields), cleanText(msg)),
  error: (fields, msg) => logger.error(cleanFields(fields), cleanText(msg)),
  child: (fields) => logOf(logger.child(clean(fields) as Record<string, unknown>)),
})

const openSink = (dest: string | number): Sink => {
  const sink = destination({ dest, sync: false, maxLength: maxWaitingBytes })
  // A full disk or a reader that left must not end the program.
  sink.on('error', () => undefined)
  return sink
}

/** A sink whose file is moved aside to `path.1`, `path.2`, … when it is full. */
export const openLogFile = ({
  path,
  maxBytes = 20 * 1024 * 1024,
  keep = 5,
}: NonNullable<LogDeps['file']>): Sink => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
  let sizeBytes = existsSync(path) ? statSync(path).size : 0
  const sink = openSink(path)
  sink.on('write', (writtenBytes: number) => {
    sizeBytes += writtenBytes
    if (sizeBytes < maxBytes) return
    sizeBytes = 0
    try {
      rotate(path, keep)
      sink.reopen()
    } catch {
      // It stays too long until the next try; better than no log.
    }
  })
  return sink
}

const rotate = (path: string, keep: number): void => {
  for (let n = keep - 1; n >= 1; n--) {
    if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`)
  }
  renameSync(path, `${path}.1`)
}
