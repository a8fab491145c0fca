/** Owns the shape of a log line as the rest of the program sees it; pino stands behind it. */

export interface Log {
  debug(fields: object, msg: string): void
  info(fields: object, msg: string): void
  warn(fields: object, msg: string): void
  error(fields: object, msg: string): void
  child(fields: object): Log
}

/** Says nothing; for tests of parts whose log does not matter. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
}
