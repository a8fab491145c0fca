/** Owns the command line: finds the command, reads its arguments, turns how it ended into words and an exit code. */
import { ConfigError, loadConfig } from '../config/load.ts'
import { isAppError } from '../platform/errors/app-error.ts'
import { CommandError, helpOf, readArguments, table, UsageError } from './command.ts'
import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { createTerminal } from './terminal.ts'

process.title = 'vireo-cli'

const usage = (): string =>
  [
    'usage: vireo <command> [options]',
    '',
    ...table(commands.map(({ name, about }) => [name, about] as const)),
    '',
    '`vireo <command> --help` tells more. Settings are VIREO_* variables: docs/reference/settings.md.',
    'Exit code: 0, 1 failed, 2 wrong usage.',
    '',
  ].join('\n')

/** What went wrong, for whoever runs the machine; a bug keeps its stack. */
const wordsOf = (error: unknown): string => {
  if (error instanceof CommandError || error instanceof ConfigError) return error.message
  if (isAppError(error)) return causeOf(error) ?? error.message
  const { code, path, message, stack } = error as NodeJS.ErrnoException
  if (code !== undefined && path !== undefined) return `${path}: ${code}`
  return code === undefined && message.length > 0 && !(error instanceof TypeError) ? message : String(stack)
}

const causeOf = (error: Error): string | undefined =>
  error.cause instanceof Error ? (causeOf(error.cause) ?? error.cause.message) : undefined

const runCommand = async (command: Command, args: readonly string[], directory: string): Promise<void> => {
  const { help, ...given } = readArguments(command, args)
  if (help) {
    process.stdout.write(helpOf(command))
    return
  }
  const config = loadConfig()
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
  const terminal = createTerminal(process.stdout)
  try {
    await command.run({ ...given, config, directory, signal: stop.signal, ...terminal })
  } finally {
    terminal.end()
  }
}

const main = async ([directory = '.', name, ...args]: readonly string[]): Promise<number> => {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage())
    return 0
  }
  const command = commands.find((known) => known.name === name)
  if (command === undefined) {
    if (name !== undefined) process.stderr.write(`vireo: there is no command ${name}\n`)
    process.stderr.write(usage())
    return 2
  }
  try {
    await runCommand(command, args, directory)
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`vireo ${command.name}: ${error.message}\n\n${helpOf(command)}`)
      return 2
    }
    const words = (error as Error).name === 'AbortError' ? 'stopped' : wordsOf(error)
    process.stderr.write(`vireo ${command.name}: ${words}\n`)
    return error instanceof ConfigError ? 2 : 1
  }
}

process.exitCode = await main(process.argv.slice(2))
