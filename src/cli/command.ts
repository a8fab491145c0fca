/** Owns what a command is: its name, its words, its options, and how its arguments are read. */
import { parseArgs } from 'node:util'
import type { Config } from '../config/load.ts'

export interface Option {
  readonly about: string
  /** What stands behind it in the usage; without it, it is a switch. */
  readonly value?: string
}

export interface Command {
  readonly name: string
  /** What stands behind the name: `FILE`. */
  readonly usage: string
  /** One sentence. */
  readonly about: string
  /** More of it, a line each. */
  readonly details?: readonly string[]
  readonly options?: Readonly<Record<string, Option>>
  /** How many words there may be besides options. */
  readonly words: readonly [least: number, most: number]
  run(call: Call): Promise<void>
}

export interface Call {
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | undefined>>
  readonly config: Config
  /** Where the caller stands: what files are named from. */
  readonly directory: string
  /** Set when somebody asks to stop. */
  readonly signal: AbortSignal
  /** A line for whoever called. */
  say(line: string): void
  /** What is under way: in place on a terminal, else a line now and then. */
  progress(line: string): void
}

/** Wrong usage: the words and how it is used; exit code 2. */
export class UsageError extends Error {}

/** It did not work, for a reason that the caller can read; exit code 1. */
export class CommandError extends Error {}

/** Throws UsageError. */
export const readArguments = (
  command: Command,
  args: readonly string[],
): Pick<Call, 'words' | 'options'> & { help: boolean } => {
  const options = Object.fromEntries(
    Object.entries(command.options ?? {}).map(
      ([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' }] as const,
    ),
  )
  let parsed
  try {
    parsed = parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    })
  } catch (error) {
    // The library's second sentence is about its own escapes.
    throw new UsageError((error as Error).message.split('. ')[0] ?? '')
  }
  const { help, ...rest } = parsed.values
  const [least, most] = command.words
  const count = parsed.positionals.length
  if (help !== true && (count < least || count > most))
    throw new UsageError(count < least ? 'something is missing' : 'that is too much')
  return { words: parsed.positionals, options: rest, help: help === true }
}

export const helpOf = (command: Command): string => {
  const options = Object.entries(command.options ?? {}).map(([name, { about, value }]): [string, string] => [
    `--${name}${value ? ` ${value}` : ''}`,
    about,
  ])
  const lines = table([...options, ['--help', 'these words']])
  return [
    `usage: vireo ${command.name}${command.usage ? ` ${command.usage}` : ''}`,
    '',
    command.about,
    ...(command.details?.length ? ['', ...command.details] : []),
    '',
    ...lines,
    '',
  ].join('\n')
}

/** Two columns. */
export const table = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`.trimEnd())
}
