/** Owns the whole start: reads the settings, keeps the processes of this machine running, ends them in time. */
import { ConfigError, loadConfig, readEnvironment } from './config/load.ts'
import { AlreadyRunning } from './supervisor/only-one.ts'
import { superviseMachine } from './supervisor/supervisor.ts'

process.title = 'vireo'

const start = async (): Promise<void> => {
  const isWorker = process.argv[2] === 'worker'
  const given = isWorker ? { ...readEnvironment(), VIREO_ROLES: 'worker' } : readEnvironment()
  const supervisor = await superviseMachine(loadConfig(given))
  const stop = (): void => {
    void supervisor.stop().then(() => process.exit(0))
  }
  // More than once: npm passes on what a terminal has already sent.
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  const reason = await supervisor.failed
  process.stderr.write(`${reason}\n`)
  await supervisor.stop()
  process.exit(1)
}

/** What of a failed start the operator can change, without a stack. */
const wordsOf = (error: unknown): string => {
  if (error instanceof ConfigError) return error.message
  if (error instanceof AlreadyRunning)
    return 'Vireo already runs on this data directory; VIREO_DATA_DIR names another'
  const { code, path, stack } = error as NodeJS.ErrnoException
  const isPath = ['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOENT', 'ENOTDIR', 'ENOSPC'].includes(code ?? '')
  return isPath && path !== undefined
    ? `cannot write ${path} (${code}); VIREO_DATA_DIR must be a directory that this user may write`
    : String(stack)
}

start().catch((error: unknown) => {
  process.stderr.write(`${wordsOf(error)}\n`)
  process.exit(error instanceof ConfigError ? 2 : 1)
})
