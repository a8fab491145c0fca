/** Owns what the site says of itself. */
import type { Site } from '../../contract/site.ts'
import type { Config } from '../config/load.ts'
import type { Missing } from './missing.ts'
import type { Setup } from './setup.ts'

/** tus sends a file in pieces of this size: small enough to lose little, large enough to cost little. */
const chunkBytes = 16 * 1024 * 1024
const freshMs = 5_000

interface Deps {
  config: Pick<Config, 'siteName' | 'registration' | 'rtmpPort' | 'tls' | 'uploadMaxBytes'>
  version: string
  setup: Setup
  missing: Missing
  now: () => number
}

/** Every page asks for this: one answer serves for some seconds. */
export const createSiteDescription = ({
  config,
  version,
  setup,
  missing,
  now,
}: Deps): (() => Promise<Site>) => {
  let known: { atMs: number; site: Promise<Site> } | undefined
  const read = async (): Promise<Site> => ({
    name: config.siteName,
    version,
    registration: config.registration,
    needs_setup: await setup.isNeeded(),
    rtmp: { port: config.rtmpPort, path: '/live' },
    rtmps: config.tls ? { port: config.tls.rtmpsPort, path: '/live' } : null,
    missing: await missing.list(),
    upload: { max_bytes: config.uploadMaxBytes, chunk_bytes: chunkBytes },
  })
  return () => {
    if (known === undefined || now() - known.atMs > freshMs) known = { atMs: now(), site: read() }
    const forget = (): void => {
      known = undefined
    }
    // The first set-up shows at once: until then nothing is kept.
    known.site.then((site) => site.needs_setup && forget(), forget)
    return known.site
  }
}
