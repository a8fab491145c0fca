/** Owns what the API process is made of: features first, HTTP last, ended in the order reversed. */
import type { Config } from './config/load.ts'
import type { Secrets } from './config/secrets.ts'
import { createFeatures } from './features.ts'
import { createHttp } from './http.ts'
import type { Clock } from './platform/clock/clock.ts'
import type { Log } from './platform/log/log.ts'

export interface App extends AsyncDisposable {
  readonly httpPort: number
  close(): Promise<void>
  /** The token of the one-time setup link; undefined once there is an administrator. */
  newSetupToken(): Promise<string | undefined>
  /** What this machine can not do, in words. */
  missing(): Promise<string[]>
}

export interface AppDeps {
  config: Config
  secrets: Secrets
  clock: Clock
  log: Log
  /** Where the ingest process listens; a path or host:port. */
  ingestAddress: string
}

export const createApp = async (deps: AppDeps): Promise<App> => {
  // Ends in the order reversed, also when a later part can not be made.
  await using making = new AsyncDisposableStack()
  const features = await createFeatures(deps, making)
  const http = await createHttp({ ...deps, features })
  making.defer(() => http.close())
  await http.listen({ host: deps.config.host, port: deps.config.httpPort })
  const made = making.move()
  const close = (): Promise<void> => made.disposeAsync()
  return {
    httpPort: (http.server.address() as { port: number }).port,
    newSetupToken: features.setup.newToken,
    missing: features.missing.inWords,
    close,
    [Symbol.asyncDispose]: close,
  }
}
