/** Owns the machine's log: JSON lines to a rotated file and to stdout, there as short lines when a person reads. */
import { openLogFile } from '../platform/log/pino.ts'

export interface Journal {
  /** A line as a process wrote it. */
  write(line: string): void
  /** The supervisor's own word. */
  say(level: 'info' | 'warn' | 'error', msg: string, fields?: object): void
  close(): void
}

export const openJournal = ({ file, isTerminal }: { file: string; isTerminal: boolean }): Journal => {
  const log = openLogFile({ path: file })
  const write = (line: string): void => {
    log.write(`${line}\n`)
    process.stdout.write(`${isTerminal ? forPeople(line) : line}\n`)
  }
  return {
    write,
    say: (level, msg, fields = {}) =>
      write(JSON.stringify({ level, time: new Date().toISOString(), process: 'vireo', ...fields, msg })),
    close() {
      log.flushSync()
      log.end()
    },
  }
}

/** `12:04:05 warn  message  key=value`; a line that is no JSON stays as it is. */
const forPeople = (line: string): string => {
  try {
    const {
      level,
      time,
      msg,
      pid: _pid,
      hostname: _host,
      ...fields
    } = JSON.parse(line) as Record<string, unknown>
    const at = new Date(typeof time === 'string' ? time : Date.now()).toTimeString().slice(0, 8)
    const rest = Object.entries(fields).map(
      ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
    return `${at} ${String(level).padEnd(5)} ${String(msg)}  ${rest.join(' ')}`.trimEnd()
  } catch {
    return line
  }
}
