/** Owns the processes of one machine, those that its roles name: each started again when it dies, one log for all. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeDirectory } from '../config/directory.ts'
import { certificateProblem, childEnvironment, ConfigError } from '../config/load.ts'
import type { Config } from '../config/load.ts'
import { loadSecrets } from '../config/secrets.ts'
import { addressesOf } from './addresses.ts'
import { banner } from './banner.ts'
import { keepRunning } from './child.ts'
import { openJournal } from './journal.ts'
import { beOnlyOne, socketPath } from './only-one.ts'

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
  makeDirectory(config.dataDir)
  const { roles } = config
  for (const role of roles) {
    const name = role === 'api' ? 'vireo.sock' : `vireo-${role}.sock`
    await beOnlyOne(socketPath(config.dataDir, name))
  }
  const secrets = loadSecrets(config.dataDir, config.givenSecretKey)
  const journal = openJournal({ file: config.logFile, isTerminal: process.stdout.isTTY })
  const linkAddress = config.ingestLink ?? socketPath(config.dataDir, 'ingest.sock')
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

  const run = (name: string, script: string, args: () => string[], onMessage: (message: unknown) => void) =>
    keepRunning({
      name,
      script: source(script),
      args,
      environment: childEnvironment(config.dataDir),
      onLine: (line) => {
        lastLines.set(name, line)
        journal.write(line)
      },
      onMessage,
      onDeath: onDeath(name),
    })

  const ingestSettings = (): string =>
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
      partMs: config.livePartMs,
      logLevel: config.logLevel,
    })

  const isReady = (role: string) => (message: unknown) => {
    if ((message as { type?: unknown }).type === 'ready' && !roles.includes('api'))
      process.stdout.write(`\n  ${config.siteName} ${role} is ready.\n\n`)
  }
  const ingest = roles.includes('ingest')
    ? run('ingest', 'ingest/main.ts', () => [ingestSettings()], isReady('ingest'))
    : undefined
  const api = roles.includes('api') ? run('api', 'api-main.ts', () => [linkAddress], announce) : undefined
  // Beside the API, jobs run in its process.
  const worker =
    roles.includes('worker') && api === undefined
      ? run('worker', 'worker-main.ts', () => [], isReady('worker'))
      : undefined

  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    journal.say('info', 'stopping')
    // Viewers' answers end first; publishers last, so that what they sent is on disk.
    await Promise.all([api?.stop(apiGraceMs), worker?.stop(apiGraceMs), ingest?.stop(ingestGraceMs)])
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
