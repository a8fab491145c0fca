/** Owns `npm start`: reads the settings, keeps the processes of this machine running, ends them in time. */
import { ConfigError, loadConfig } from './config/load.ts'
import { superviseMachine } from './supervisor/supervisor.ts'

process.title = 'vireo'

const start = async (): Promise<void> => {
  const supervisor = await superviseMachine(loadConfig())
  const stop = (): void => {
    void supervisor.stop().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  const reason = await supervisor.failed
  process.stderr.write(`${reason}\n`)
  await supervisor.stop()
  process.exit(1)
}

start().catch((error: unknown) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String((error as Error).stack)}\n`)
  process.exit(error instanceof ConfigError ? 2 : 1)
})
