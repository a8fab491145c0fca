/** Owns what the site says of itself. */
import type { Site } from '../../contract/site.ts'
import type { Config } from '../config/load.ts'
import type { Missing } from './missing.ts'
import type { Settings } from './settings.ts'
import type { Setup } from './setup.ts'

/** tus sends a file in pieces of this size: small enough to lose little, large enough to cost little. */
const chunkBytes = 16 * 1024 * 1024
/** With what the settings themselves hold back, a change shows within two seconds. */
const freshMs = 500

interface Deps {
  config: Pick<Config, 'registrationProof' | 'phoneCountries' | 'rtmpPort' | 'tls'>
  settings: Pick<Settings, 'read' | 'fixed'>
  version: string
  setup: Setup
  missing: Missing
  now: () => number
}

/** Every page asks for this: one answer serves for some seconds. */
export const createSiteDescription = ({
  config,
  settings,
  version,
  setup,
  missing,
  now,
}: Deps): (() => Promise<Site>) => {
  let known: { atMs: number; site: Promise<Site> } | undefined
  const read = async (): Promise<Site> => {
    const set = await settings.read()
    return {
      name: set.site_name,
      version,
      registration: set.registration,
      registration_proof: config.registrationProof,
      registration_identity: set.registration_identity,
      phone_countries: [...config.phoneCountries],
      announcement: set.announcement,
      icp_number: set.icp_number,
      setup_asks: (['registration', 'registration_identity'] as const).filter(
        (key) => !settings.fixed.some((one) => one.key === key),
      ),
      needs_setup: await setup.isNeeded(),
      rtmp: { port: config.rtmpPort, path: '/live' },
      rtmps: config.tls ? { port: config.tls.rtmpsPort, path: '/live' } : null,
      missing: await missing.list(),
      upload: { max_bytes: set.upload_max_bytes, chunk_bytes: chunkBytes },
    }
  }
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
