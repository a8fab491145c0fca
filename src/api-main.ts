/** Owns the API process: config → app → wait for a signal. */
import { createApp } from './app.ts'
import { loadConfig } from './config/load.ts'
import { loadSecrets } from './config/secrets.ts'
import { systemClock } from './platform/clock/clock.ts'
import { createLog } from './platform/log/pino.ts'
import { runProcess } from './supervisor/process.ts'

process.title = 'vireo-api'

await runProcess('api', async () => {
  const config = loadConfig()
  const [, , linkAddress = ''] = process.argv
  const log = createLog({ level: config.logLevel, stdout: true }).child({ process: 'api' })
  const secrets = loadSecrets(config.dataDir, config.givenSecretKey)
  const app = await createApp({ config, secrets, clock: systemClock, log, ingestAddress: linkAddress })
  const ready = {
    httpPort: app.httpPort,
    setupToken: await app.newSetupToken(),
    missing: await app.missing(),
  }
  return { close: () => app.close(), log, ready }
})
