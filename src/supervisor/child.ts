/** Owns one child process: starts it, passes on what it logs, starts it again when it dies, ends it in time. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

/** An exit with this code means: starting again can not help (wrong settings, port taken). */
export const fatalExitCode = 78

export interface ChildOptions {
  name: string
  script: string
  args: () => readonly string[]
  environment: NodeJS.ProcessEnv
  /** One line of its stdout or stderr. */
  onLine: (line: string) => void
  onMessage: (message: unknown) => void
  /** It ended without being asked to. `restartInMs` is undefined when it will not be started again. */
  onDeath: (how: string, restartInMs: number | undefined) => void
}

export interface Child {
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. */
  stop(graceMs: number): Promise<void>
}

const shortestDelayMs = 100
const longestDelayMs = 5_000
/** A child that lived this long is started again at once. */
const steadyMs = 20_000

export const keepRunning = (options: ChildOptions): Child => {
  let current: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let stopping = false
  let delayMs = shortestDelayMs

  const start = (): void => {
    const startedMs = Date.now()
    const child = fork(options.script, [...options.args()], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: options.environment,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    current = child
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', options.onLine)
    }
    child.on('message', options.onMessage)
    child.on('error', (error) =>
      options.onLine(JSON.stringify({ level: 'error', msg: `${options.name}: ${error.message}` })),
    )
    child.on('exit', (code, signal) => {
      current = undefined
      if (stopping) return
      const lived = Date.now() - startedMs
      delayMs = lived > steadyMs ? shortestDelayMs : Math.min(delayMs * 2, longestDelayMs)
      const isFinal = code === fatalExitCode
      options.onDeath(signal ?? `exit code ${code}`, isFinal ? undefined : delayMs)
      if (!isFinal) timer = setTimeout(start, delayMs)
    })
  }

  start()
  return {
    async stop(graceMs) {
      stopping = true
      clearTimeout(timer)
      const child = current
      if (child === undefined) return
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await gone
      clearTimeout(killer)
    },
  }
}
