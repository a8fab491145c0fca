/**
 * Owns running a program on a stranger's bytes: no shell, no standard input, no network where the system can take it
 * away, limits on time, memory and output, and no survivor when we are killed.
 */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process'
import { readFile } from 'node:fs/promises'

export interface Limits {
  /** The program is killed after this long. */
  timeoutMs: number
  /** … or when it has said nothing for this long: it hangs. */
  quietMs?: number
  /** … or when it holds more memory than this. */
  maxRssBytes: number
  /** … or when it says more than this; 1 MB by default. */
  maxOutputBytes?: number
  signal?: AbortSignal
  /** It may take long: whoever watches goes first. */
  background?: boolean
}

export type Ended = 'exited' | 'timeout' | 'quiet' | 'memory' | 'output' | 'aborted' | 'missing'

export interface Run {
  ended: Ended
  code: number | null
  /** Empty if it was handed to `onOutput`. */
  stdout: string
  /** The end of it. */
  stderr: string
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin'
const keptStderr = 4000

/** Runs `command` (program, then arguments) under `limits`; never rejects. */
export const runLimited = async (
  command: readonly string[],
  limits: Limits,
  onOutput?: (text: string) => void,
): Promise<Run> => {
  const [program = '', ...args] = [
    ...(await confinement()),
    ...(limits.background === true ? ['nice', '-n', '10'] : []),
    ...command,
  ]
  return new Promise((resolve) => {
    // Our own environment holds secrets: the child gets none of it.
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: path, LANG: 'C.UTF-8' },
    })
    let ended: Ended = 'exited'
    let stdout = ''
    let said = 0
    let stderr = ''
    const kill = (reason: Ended): void => {
      if (ended !== 'exited') return
      ended = reason
      child.kill('SIGKILL')
    }
    const stopWatching = watch(child, limits, kill)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stopWatching.heard()
      said += text.length
      if (said > (limits.maxOutputBytes ?? 1_000_000)) kill('output')
      else if (onOutput) onOutput(text)
      else stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-keptStderr)
    })
    child.on('error', () => {
      ended = 'missing'
    })
    child.on('close', (code) => {
      stopWatching.end()
      // What wraps the program says by 127 that there is none.
      resolve({ ended: ended === 'exited' && code === 127 ? 'missing' : ended, code, stdout, stderr })
    })
  })
}

/** Starts `command` confined likewise, for as long as its caller lets it run, with pipes to talk through. */
export const spawnConfined = async (command: readonly string[]): Promise<ChildProcessWithoutNullStreams> => {
  const [program = '', ...args] = [...(await confinement()), ...command]
  return spawn(program, args, { stdio: 'pipe', env: { PATH: path, LANG: 'C.UTF-8' } })
}

const watch = (child: ChildProcess, limits: Limits, kill: (reason: Ended) => void) => {
  const onAbort = (): void => kill('aborted')
  limits.signal?.addEventListener('abort', onAbort)
  if (limits.signal?.aborted === true) onAbort()
  const late = setTimeout(() => kill('timeout'), limits.timeoutMs)
  const startQuiet = () => limits.quietMs && setTimeout(() => kill('quiet'), limits.quietMs)
  let quiet = startQuiet()
  const memory = setInterval(() => {
    if (child.pid === undefined) return
    rssOf(child.pid).then(
      (bytes) => bytes > limits.maxRssBytes && kill('memory'),
      () => undefined, // It has ended, or the system has no /proc.
    )
  }, 250)
  return {
    heard() {
      if (quiet) clearTimeout(quiet)
      quiet = startQuiet()
    },
    end() {
      limits.signal?.removeEventListener('abort', onAbort)
      clearTimeout(late)
      if (quiet) clearTimeout(quiet)
      clearInterval(memory)
    },
  }
}

const pageBytes = 4096
const rssOf = async (pid: number): Promise<number> =>
  Number((await readFile(`/proc/${pid}/statm`, 'latin1')).split(' ')[1]) * pageBytes

let found: Promise<string[]> | undefined

/** What stands before the program, by what this system offers; asked once. All of these become the program itself. */
const confinement = (): Promise<string[]> => (found ??= findConfinement())

const findConfinement = async (): Promise<string[]> => {
  const layers: string[][] = [
    ['setpriv', '--pdeathsig', 'KILL', '--'],
    ['unshare', '--net', '--'],
    ['unshare', '--map-root-user', '--net', '--'],
    ['prlimit', '--core=0', '--nofile=256', '--'],
  ]
  const chosen: string[][] = []
  for (const layer of layers) {
    if (layer[0] === 'unshare' && chosen.some(([name]) => name === 'unshare')) continue
    if (await works([...chosen.flat(), ...layer])) chosen.push(layer)
  }
  return chosen.flat()
}

const works = ([program = '', ...args]: string[]): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(program, [...args, 'true'], { timeout: 5000, env: { PATH: path } }, (error) =>
      resolve(error === null),
    )
  })
