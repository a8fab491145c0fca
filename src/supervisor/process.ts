/** Owns how a process that the supervisor started says that it is ready, ends when asked, and why it can not start. */
import type { Log } from '../platform/log/log.ts'
import { fatalExitCode } from './child.ts'

export interface Started {
  close(): Promise<void>
  log: Log
  /** Told to the supervisor beside `type: 'ready'`. */
  ready: object
}

export const runProcess = async (name: string, start: () => Promise<Started>): Promise<void> => {
  try {
    const { close, log, ready } = await start()
    let isStopping = false
    const stop = (): void => {
      if (isStopping) return
      isStopping = true
      close().then(
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
    process.send?.({ type: 'ready', ...ready })
  } catch (error) {
    const { code, port } = error as { code?: string; port?: number }
    const isTaken = code === 'EADDRINUSE'
    const msg = isTaken
      ? `port ${port} is in use; set VIREO_HTTP_PORT to another`
      : String((error as Error).stack ?? error)
    const time = new Date().toISOString()
    process.stdout.write(`${JSON.stringify({ level: 'error', time, process: name, msg })}\n`)
    process.exit(isTaken ? fatalExitCode : 1)
  }
}
