/** Owns finding the product for the demo: the one that runs on this data directory, or one started for it. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeDirectory } from '../../config/directory.ts'
import type { Config } from '../../config/load.ts'
import { isAnswered, socketPath } from '../../supervisor/only-one.ts'
import { CommandError } from '../command.ts'

export interface Running extends AsyncDisposable {
  readonly base: string
}

const script = fileURLToPath(new URL('../../main.ts', import.meta.url))
const startMs = 60_000

/** Ends what it started, and leaves alone what ran before. */
export const findMachine = async (config: Config, signal: AbortSignal): Promise<Running> => {
  const host = ['0.0.0.0', '::'].includes(config.host) ? '127.0.0.1' : config.host
  const base = `http://${host.includes(':') ? `[${host}]` : host}:${config.httpPort}`
  makeDirectory(config.dataDir)
  if (await isAnswered(socketPath(config.dataDir, 'vireo.sock')))
    return { base, [Symbol.asyncDispose]: async () => undefined }
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (said = (said + String(chunk)).slice(-4000)))
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) child.kill('SIGTERM')
    await exited
  }
  try {
    await untilReady(base, () => child.exitCode === null, signal)
  } catch (error) {
    await stop()
    signal.throwIfAborted()
    throw new CommandError(`Vireo could not be started: ${said.trim().split('\n').at(-1)}`, { cause: error })
  }
  return { base, [Symbol.asyncDispose]: stop }
}

const untilReady = async (base: string, isAlive: () => boolean, signal: AbortSignal): Promise<void> => {
  const deadline = Date.now() + startMs
  while (isAlive() && Date.now() < deadline) {
    const isReady = await fetch(`${base}/readyz`, { signal }).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return
    await sleep(100, undefined, { signal })
  }
  throw new Error('not ready')
}
