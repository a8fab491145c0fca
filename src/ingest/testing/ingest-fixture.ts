/** Owns starting a real ingest process, a link to it and real publishers for tests; all of it ends with the test. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../platform/clock/clock.ts'
import { silentLog } from '../../platform/log/log.ts'
import { createIngestLink } from '../index.ts'
import type { IngestEvent, IngestLink, IngestSettingsInput, PublishAnswer } from '../index.ts'

const mainFile = fileURLToPath(new URL('../main.ts', import.meta.url))

export interface IngestFixture {
  readonly dir: string
  readonly recordingsDir: string
  readonly rtmpPort: number
  /** 0 without TLS. */
  readonly rtmpsPort: number
  readonly link: IngestLink
  readonly events: IngestEvent[]
  readonly logs: Record<string, unknown>[]
  readonly process: ChildProcess
  /** Waits for the first event from index `from` on that matches. */
  event<T extends IngestEvent['type']>(type: T, from?: number): Promise<Extract<IngestEvent, { type: T }>>
  start(): Promise<void>
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>
  publish(options?: PublisherOptions): Publisher
  [Symbol.asyncDispose](): Promise<void>
}

export interface PublisherOptions {
  key?: string
  /** Seconds; endless otherwise. */
  seconds?: number
  size?: string
  gop?: number
  audio?: boolean
  video?: boolean
  extra?: string[]
  /** Over TLS. */
  secure?: boolean
}

export interface Publisher {
  readonly process: ChildProcess
  readonly stderr: () => string
  exited(): Promise<number | null>
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Polls until `probe` gives something; for what has no event of its own. */
export const until = async <T>(
  probe: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 20_000,
): Promise<T> => {
  const endMs = Date.now() + timeoutMs
  for (;;) {
    const value = await probe()
    if (value !== undefined) return value
    if (Date.now() > endMs) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

export const startIngest = async (
  options: {
    authorise?: (key: string) => PublishAnswer
    settings?: Partial<IngestSettingsInput>
  } = {},
): Promise<IngestFixture> => {
  const dir = await mkdtemp(join(tmpdir(), 'vireo-ingest-'))
  const recordingsDir = join(dir, 'recordings')
  const events: IngestEvent[] = []
  const logs: Record<string, unknown>[] = []
  const children = new Set<ChildProcess>()
  let child: ChildProcess | undefined
  let rtmpPort = 0
  let rtmpsPort = 0

  const start = async (): Promise<void> => {
    const settings: IngestSettingsInput = {
      host: '127.0.0.1',
      rtmpPort,
      linkAddress: join(dir, 'link.sock'),
      dataDir: dir,
      recordingsDir,
      ...options.settings,
    }
    const made = spawn(process.execPath, [mainFile, JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = made
    children.add(made)
    const listening = new Promise<number>((resolve, reject) => {
      createInterface({ input: made.stdout }).on('line', (line) => {
        const entry = JSON.parse(line) as Record<string, unknown>
        logs.push(entry)
        if (entry['msg'] !== 'ingest is listening') return
        rtmpsPort = (entry['rtmpsPort'] as number | undefined) ?? 0
        resolve(entry['rtmpPort'] as number)
      })
      made.once('exit', () => reject(new Error(`ingest ended: ${JSON.stringify(logs.at(-1))}`)))
    })
    rtmpPort = await listening
  }

  await start()
  const authorise =
    options.authorise ??
    ((key: string): PublishAnswer =>
      key === 'good-key'
        ? { ok: true, roomId: 'room1', sessionId: 'session1', record: true, recordingQuotaBytes: 1e9 }
        : { ok: false, reason: 'stream_key_wrong' })
  const link = createIngestLink({
    address: join(dir, 'link.sock'),
    log: silentLog,
    clock: systemClock,
    authorise: (request) => Promise.resolve(authorise(request.streamKey)),
    onEvent: (event) => events.push(event),
  })

  const end = async (process: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
    if (process.exitCode === null && process.signalCode === null) {
      process.kill(signal)
      await once(process, 'exit')
    }
    return process.exitCode
  }

  return {
    dir,
    recordingsDir,
    get rtmpPort() {
      return rtmpPort
    },
    get rtmpsPort() {
      return rtmpsPort
    },
    link,
    events,
    logs,
    get process() {
      if (child === undefined) throw new Error('not started')
      return child
    },
    event: (type, from = 0) =>
      until(
        () =>
          events.slice(from).find((event) => event.type === type) as
            Extract<IngestEvent, { type: typeof type }> | undefined,
      ),
    start,
    kill: (signal) => (child === undefined ? Promise.resolve(null) : end(child, signal)),
    publish(wanted = {}) {
      const made = spawn('ffmpeg', publisherArguments(wanted, wanted.secure ? rtmpsPort : rtmpPort), {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      children.add(made)
      let stderr = ''
      made.stderr.on('data', (bytes: Buffer) => (stderr = (stderr + bytes.toString()).slice(-4_000)))
      return {
        process: made,
        stderr: () => stderr,
        exited: async () => {
          if (made.exitCode === null && made.signalCode === null) await once(made, 'exit')
          return made.exitCode
        },
        stop: (signal = 'SIGKILL') => end(made, signal),
      }
    },
    async [Symbol.asyncDispose]() {
      await link.close()
      await Promise.all([...children].map((process) => end(process, 'SIGKILL')))
      await rm(dir, { recursive: true, force: true })
    },
  }
}

const publisherArguments = (wanted: PublisherOptions, port: number): string[] => {
  const { key = 'good-key', size = '320x180', gop = 30, audio = true, video = true } = wanted
  const duration = wanted.seconds === undefined ? [] : ['-t', String(wanted.seconds)]
  return [
    ...['-hide_banner', '-loglevel', 'error'],
    ...(video ? ['-re', '-f', 'lavfi', '-i', `testsrc2=s=${size}:r=30`] : []),
    ...(audio ? ['-re', '-f', 'lavfi', '-i', 'sine=r=48000'] : []),
    ...duration,
    ...(video ? ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', String(gop)] : []),
    ...(video ? ['-sc_threshold', '0', '-pix_fmt', 'yuv420p'] : []),
    ...(audio ? ['-c:a', 'aac'] : []),
    ...(wanted.extra ?? []),
    ...['-f', 'flv', `rtmp${wanted.secure ? 's' : ''}://127.0.0.1:${port}/live/${key}`],
  ]
}
