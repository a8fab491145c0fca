/** Owns the API process: config → app → wait for a signal. */
import { createApp } from './app.ts'
import { loadConfig } from './config/load.ts'
import { loadSecrets } from './config/secrets.ts'
import { systemClock } from './platform/clock/clock.ts'
import { createLog } from './platform/log/pino.ts'
import { fatalExitCode } from './supervisor/child.ts'

process.title = 'vireo-api'

const start = async (): Promise<void> => {
  const config = loadConfig()
  const [, , linkAddress = ''] = process.argv
  const log = createLog({ level: config.logLevel, stdout: true }).child({ process: 'api' })
  const secrets = loadSecrets(config.dataDir, config.givenSecretKey)
  const app = await createApp({ config, secrets, clock: systemClock, log, ingestAddress: linkAddress })

  let isStopping = false
  const stop = (): void => {
    if (isStopping) return
    isStopping = true
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'could not stop cleanly')
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
  // Without its supervisor nobody would end this process.
  process.on('disconnect', stop)
  process.send?.({
    type: 'ready',
    httpPort: app.httpPort,
    setupToken: await app.newSetupToken(),
    missing: await app.missing(),
  })
}

start().catch((error: unknown) => {
  const { code, port } = error as { code?: string; port?: number }
  const words =
    code === 'EADDRINUSE'
      ? `port ${port} is in use; set VIREO_HTTP_PORT to another`
      : String((error as Error).stack ?? error)
  process.stdout.write(
    `${JSON.stringify({ level: 'error', time: new Date().toISOString(), process: 'api', msg: words })}\n`,
  )
  process.exit(code === 'EADDRINUSE' ? fatalExitCode : 1)
})
