/** Owns the ingest process: its one argument in, RTMP and link servers up, a clean end on SIGTERM. */
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { systemClock } from '../platform/clock/clock.ts'
import { readCertificate, watchCertificate } from '../platform/tls/certificate.ts'
import { startRtmpServer } from '../media/rtmp/server.ts'
import type { RtmpServer, RtmpServerOptions } from '../media/rtmp/server.ts'
import { startLinkServer } from './link-server.ts'
import { createProcessLog } from './process-log.ts'
import { createSessions } from './sessions.ts'
import { ingestSettings } from './settings.ts'
import type { IngestSettings } from './settings.ts'

const readSettings = (): IngestSettings => ingestSettings.parse(JSON.parse(process.argv[2] ?? 'null'))

/** Takes up a renewed certificate while it runs; who publishes stays connected. */
const startRtmps = async (
  { port, cert, key }: NonNullable<IngestSettings['rtmps']>,
  common: Omit<RtmpServerOptions, 'port' | 'tls'>,
): Promise<RtmpServer> => {
  const files = { cert, key }
  const current = readCertificate(files)
  const server = await startRtmpServer({ ...common, port, tls: current })
  watchCertificate({ files, current, log: common.log, onChange: server.useCertificate })
  return server
}

const run = async (settings: IngestSettings): Promise<void> => {
  const now = (): number => systemClock.now()
  const log = createProcessLog(settings.logLevel, now, (line) => process.stdout.write(line))
  const sessions = createSessions({
    stateDir: join(settings.dataDir, 'ingest'),
    recordingsDir: settings.recordingsDir,
    quotaBytes: settings.recording.quotaBytes,
    bundleBytes: settings.recording.bundleBytes,
    partMs: settings.partMs,
    log,
    now,
    ask: (intent) => link.ask(intent),
    onEvent(event) {
      link.broadcast(event)
      link.timeline(event.sessionId)
    },
  })
  // Before the link opens, so that `hello` knows every session.
  await sessions.resume()
  const link = await startLinkServer({
    address: settings.linkAddress,
    secret: settings.linkSecret,
    log,
    sessions: () => sessions,
  })

  const { host, rtmps } = settings
  const { authorise } = sessions
  const common = { host, limits: settings.limits, log, now, authorise }
  const servers: RtmpServer[] = [await startRtmpServer({ ...common, port: settings.rtmpPort })]
  if (rtmps !== undefined) servers.push(await startRtmps(rtmps, common))
  log.info(
    { rtmpPort: servers[0]?.port, rtmpsPort: servers[1]?.port, linkPort: link.port },
    'ingest is listening',
  )
  process.send?.({ type: 'ready' })

  let stopping = false
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'ingest is stopping')
    // Never longer than the supervisor waits, whatever a disk does.
    setTimeout(() => process.exit(1), 1_800).unref()
    await sessions.suspend()
    await Promise.all(servers.map((server) => server.close()))
    await link.close()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))
  // Without its supervisor nobody would end this process.
  process.on('disconnect', () => void stop('disconnect'))
}

// Media lies outside of V8's heap. Left alone V8 collects its small heap whenever 64 MB of that came and went, twice a
// second under twenty streams; so it counts together with what is alive, and a third of the processor is free again.
setFlagsFromString('--external-memory-accounted-in-global-limit')

process.title = 'vireo-ingest'
// The supervisor may die first; a log line that nobody reads is no reason to cut a publisher.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)
// A bug ends the process with a line of its own; the supervisor starts the next, sessions go on from their files.
process.on('uncaughtException', (error) => {
  const line = {
    level: 'error',
    time: systemClock.now(),
    msg: 'ingest failed',
    err: error.stack ?? String(error),
  }
  process.stdout.write(JSON.stringify(line) + '\n', () => process.exit(1))
})
try {
  await run(readSettings())
} catch (error) {
  const code = (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 78 : 1
  const port = (error as { port?: number }).port
  const text =
    code === 78
      ? `port ${port} is in use; set VIREO_RTMP_PORT or VIREO_RTMPS_PORT to another`
      : `ingest can't start: ${error instanceof Error ? error.message : String(error)}`
  process.stdout.write(
    JSON.stringify({ level: 'error', time: new Date().toISOString(), process: 'ingest', msg: text }) + '\n',
  )
  // 78 tells the supervisor that starting again can not help.
  process.exitCode = code
  setTimeout(() => process.exit(code), 100)
}
