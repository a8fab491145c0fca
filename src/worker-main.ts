/** Owns the worker process: config → worker → wait for a signal. */
import { loadConfig, readEnvironment } from './config/load.ts'
import { loadSecrets } from './config/secrets.ts'
import { systemClock } from './platform/clock/clock.ts'
import { createLog } from './platform/log/pino.ts'
import { runProcess } from './supervisor/process.ts'
import { createWorkerProcess } from './worker.ts'

process.title = 'vireo-worker'

await runProcess('worker', async () => {
  const config = loadConfig({ ...readEnvironment(), VIREO_ROLES: 'worker' })
  const log = createLog({ level: config.logLevel, stdout: true }).child({ process: 'worker' })
  const secrets = loadSecrets(config.dataDir, config.givenSecretKey)
  const worker = await createWorkerProcess({ config, secrets, clock: systemClock, log })
  return { close: () => worker.close(), log, ready: {} }
})
