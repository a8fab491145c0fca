/** Owns a whole machine for end-to-end tests: `src/main.ts` on free ports with a directory of its own, and its clients. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { captchaAnswer, fetchPicture, freshMobile } from './app.ts'
import { keepMachineLogs } from './leaks.ts'

export interface Machine extends AsyncDisposable {
  readonly base: string
  readonly httpPort: number
  readonly rtmpPort: number
  readonly dataDir: string
  readonly process: ChildProcess
  /** All that was printed so far. */
  output(): string
  /** The pid of one of its processes by title, `vireo-api` or `vireo-ingest`. */
  pidOf(title: string): Promise<number | undefined>
  request(
    method: string,
    path: string,
    token?: string,
    body?: unknown,
  ): Promise<{ status: number; data: unknown; error: string | undefined }>
  register(): Promise<Person>
  /** Ends it and gives its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface Person {
  id: string
  roomId: string
  token: string
  mobile: string
  password: string
}

interface MachineOptions {
  environment?: Record<string, string>
  /** An existing directory is kept; a temporary one is removed. */
  dataDir?: string
  /** False for a machine that only ingests. */
  hasHttp?: boolean
}

/** A hang, not a claim about speed: several machines may start on one. */
const startMs = 60_000

export const startMachine = async (options: MachineOptions = {}): Promise<Machine> => {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'vireo-machine-')))
  const [httpPort, rtmpPort] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, ['src/main.ts'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      VIREO_PROFILE: 'test',
      VIREO_CAPTCHA_ANSWER: captchaAnswer,
      VIREO_HTTP_PORT: String(httpPort),
      VIREO_RTMP_PORT: String(rtmpPort),
      VIREO_DATA_DIR: dataDir,
      VIREO_DISK_RESERVE: '1M',
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  const keep = (chunk: Buffer): void => {
    printed = (printed + chunk.toString()).slice(-200_000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const scheme = options.environment?.['VIREO_TLS_CERT'] === undefined ? 'http' : 'https'
  const base = `${scheme}://127.0.0.1:${httpPort}`
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return exited
  }
  try {
    await until(
      'the machine is ready',
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${printed}`)
        return printed.includes('is ready.') && (options.hasHttp === false || (await isOk(`${base}/readyz`)))
      },
      startMs,
    )
  } catch (error) {
    await stop('SIGKILL')
    throw new Error(`${String(error)}\n${printed}`, { cause: error })
  }
  const request: Machine['request'] = async (method, path, token, body) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const envelope = (await response.json()) as { data?: unknown; error?: string }
    return { status: response.status, data: envelope.data, error: envelope.error }
  }
  return {
    base,
    httpPort,
    rtmpPort,
    dataDir,
    process: child,
    output: () => printed,
    pidOf: (title) => childWithTitle(child.pid ?? 0, title),
    request,
    register: () => register(base, request),
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      await keepMachineLogs(dataDir, printed)
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
    },
  }
}

const register = async (base: string, request: Machine['request']): Promise<Person> => {
  const mobile = freshMobile()
  const password = `Aa1-${randomBytes(9).toString('base64url')}`
  const { data } = await request('POST', '/api/v1/passport/register', undefined, {
    mobile,
    password,
    img_code_id: await fetchPicture(base),
    img_code: captchaAnswer,
  })
  const { user, access_token: token } = data as {
    user: { id: string; room_id: string }
    access_token: string
  }
  return { id: user.id, roomId: user.room_id, token, mobile, password }
}

const isOk = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

/** Asks every 50 ms until `condition` holds; gives up after `timeoutMs`, which is a hang, not a claim about speed. */
export const until = async (
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs = 20_000,
): Promise<void> => {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`gave up waiting until ${what}`)
    await sleep(50)
  }
}

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/** A direct child of `parent` whose title begins with `title`. */
const childWithTitle = async (parent: number, title: string): Promise<number | undefined> => {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')
  for (const pid of children.trim().split(/\s+/).filter(Boolean)) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (commandLine.startsWith(title)) return Number(pid)
  }
  return undefined
}
