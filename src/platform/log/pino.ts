/** Owns writing log lines: JSON to stdout, where the supervisor picks them up. */
import { pino } from 'pino'
import type { Log } from './log.ts'

export const createLog = ({ level }: { level: 'debug' | 'info' | 'warn' | 'error' }): Log =>
  pino({ level, base: null, serializers: { err: pino.stdSerializers.err } })
