/** Owns what one look at the machine finds. */
import type { Config } from '../../config/load.ts'

export interface Finding {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail'
  /** What was seen. */
  readonly about: string
  /** What to do about it; only where it is not well. */
  readonly mend?: string
}

export type Look = (config: Config) => AsyncIterable<Finding>

export const ok = (name: string, about: string): Finding => ({ name, state: 'ok', about })
export const warn = (name: string, about: string, mend: string): Finding => ({
  name,
  state: 'warn',
  about,
  mend,
})
export const fail = (name: string, about: string, mend: string): Finding => ({
  name,
  state: 'fail',
  about,
  mend,
})

/** Is `version` at least `least`? Only numbers count: `8.0.16-debian` is 8.0.16. */
export const isAtLeast = (version: string, least: string): boolean => {
  const [have, want] = [version, least].map((text) =>
    (/\d+(\.\d+)*/.exec(text)?.[0] ?? '0').split('.').map(Number),
  )
  for (let part = 0; part < 3; part++) {
    const difference = (have?.[part] ?? 0) - (want?.[part] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (error.cause instanceof Error) return reasonOf(error.cause)
  const { code } = error as NodeJS.ErrnoException
  // Several addresses were tried: the message is empty, the reasons stand beside it.
  if (error instanceof AggregateError) return reasonOf(error.errors[0])
  return error.message || code || error.name
}
