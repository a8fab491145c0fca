/** Owns running the real command line as a process. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Ran {
  code: number | null
  out: string
  err: string
}

interface Options {
  environment?: Record<string, string>
  /** Where the caller stands. */
  cwd?: string
  input?: string
  signal?: AbortSignal
  /** Sends SIGINT as Ctrl-C does, once this was printed. */
  interruptAt?: string
}

const launcher = join(import.meta.dirname, '..', 'bin', 'vireo')

export const vireo = (args: readonly string[], options: Options = {}): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(launcher, [...args], {
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    let out = ''
    let err = ''
    let isInterrupted = false
    child.stdout.on('data', (chunk) => {
      out += String(chunk)
      if (options.interruptAt === undefined || isInterrupted || !out.includes(options.interruptAt)) return
      isInterrupted = true
      child.kill('SIGINT')
    })
    child.stderr.on('data', (chunk) => (err += String(chunk)))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
    child.stdin.end(options.input ?? '')
  })

/** The settings of a running test machine, for a command beside it. */
export const settingsOf = (machine: {
  dataDir: string
  httpPort: number
  rtmpPort: number
}): Record<string, string> => ({
  VIREO_PROFILE: 'test',
  VIREO_DATA_DIR: machine.dataDir,
  VIREO_HTTP_PORT: String(machine.httpPort),
  VIREO_RTMP_PORT: String(machine.rtmpPort),
  VIREO_DISK_RESERVE: '1M',
})
