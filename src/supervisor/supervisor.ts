/** Owns the processes of one machine: the API and the ingest, each started again when it dies, one log for both. */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { certificateProblem, ConfigError } from '../config/load.ts'
import type { Config } from '../config/load.ts'
import { loadSecrets } from '../config/secrets.ts'
import { addressesOf } from './addresses.ts'
import { banner } from './banner.ts'
import { keepRunning } from './child.ts'
import { openJournal } from './journal.ts'
import { beOnlyOne } from './only-one.ts'

export interface Supervisor {
  stop(): Promise<void>
  /** Resolves with words when a process can not be started at all. */
  readonly failed: Promise<string>
}

/** What the API process says once it listens. */
export interface ReadyMessage {
  type: 'ready'
  httpPort: number
  setupToken: string | undefined
  missing: readonly string[]
}

const source = (path: string): string => join(dirname(fileURLToPath(import.meta.url)), '..', path)

const apiGraceMs = 4_000
const ingestGraceMs = 2_500

export const superviseMachine = async (config: Config): Promise<Supervisor> => {
  const problem = certificateProblem(config)
  if (problem !== undefined) throw new ConfigError([problem])
  // Recordings, uploads and state are not for every account of this machine; our children inherit it.
  process.umask(0o027)
  mkdirSync(config.dataDir, { recursive: true })
  await beOnlyOne(socketPath(config.dataDir, 'vireo.sock'))
  const secrets = loadSecrets(config.dataDir, config.givenSecretKey)
  const journal = openJournal({ file: config.logFile, isTerminal: process.stdout.isTTY })
  const linkAddress = socketPath(config.dataDir, 'ingest.sock')
  let fail: (reason: string) => void = () => undefined
  const failed = new Promise<string>((resolve) => {
    fail = resolve
  })
  let isAnnounced = false
  /** The last line of each process. */
  const lastLines = new Map<string, string>()

  const onDeath = (name: string) => (how: string, restartInMs: number | undefined) => {
    if (restartInMs === undefined) fail(`${name} could not start: ${wordsOf(lastLines.get(name))}`)
    else journal.say('warn', `${name} ended (${how}); it starts again`, { restart_in_ms: restartInMs })
  }

  const announce = (message: unknown): void => {
    const ready = message as ReadyMessage
    if (ready.type !== 'ready' || isAnnounced) return
    isAnnounced = true
    process.stdout.write(
      `${banner({
        siteName: config.siteName,
        addresses: addressesOf(config, ready.httpPort),
        rtmpPort: config.rtmpPort,
        rtmpsPort: config.tls?.rtmpsPort,
        setupToken: ready.setupToken,
        missing: ready.missing,
        isTerminal: process.stdout.isTTY,
      })}\n`,
    )
  }

  const ingest = keepRunning({
    name: 'ingest',
    script: source('ingest/main.ts'),
    args: () => [
      JSON.stringify({
        host: config.host,
        rtmpPort: config.rtmpPort,
        ...(config.tls && {
          rtmps: { port: config.tls.rtmpsPort, cert: config.tls.cert, key: config.tls.key },
        }),
        linkAddress,
        linkSecret: secrets.keyFor('ingest-link').reveal().toString('base64url'),
        dataDir: config.dataDir,
        recordingsDir: config.recordingsDir,
        logLevel: config.logLevel,
      }),
    ],
    onLine: (line) => {
      lastLines.set('ingest', line)
      journal.write(line)
    },
    onMessage: () => undefined,
    onDeath: onDeath('ingest'),
  })

  const api = keepRunning({
    name: 'api',
    script: source('api-main.ts'),
    args: () => [linkAddress],
    onLine: (line) => {
      lastLines.set('api', line)
      journal.write(line)
    },
    onMessage: announce,
    onDeath: onDeath('api'),
  })

  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    journal.say('info', 'stopping')
    // Viewers' answers end first; publishers last, so that what they sent is on disk.
    await Promise.all([api.stop(apiGraceMs), ingest.stop(ingestGraceMs)])
    journal.say('info', 'stopped')
    journal.close()
  }
  return { failed, stop: () => (stopping ??= stop()) }
}

/** The message of a log line; a line that is no JSON as it is. */
const wordsOf = (line = ''): string => {
  try {
    return String((JSON.parse(line) as { msg?: unknown }).msg)
  } catch {
    return line
  }
}

/** A Unix socket's path holds about 100 bytes: a deep data directory gets its socket in the temporary one. */
const socketPath = (dataDir: string, name: string): string => {
  const near = join(dataDir, 'run', name)
  if (Buffer.byteLength(near) <= 100) {
    mkdirSync(dirname(near), { recursive: true, mode: 0o700 })
    return near
  }
  const far = join(tmpdir(), `vireo-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`)
  mkdirSync(far, { recursive: true, mode: 0o700 })
  return join(far, name)
}
