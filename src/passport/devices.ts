/** Owns by which devices an account is known: they have a lane of their own when others guess, and may skip the second step. */
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Queries } from '../platform/db/db.ts'
import { secretToken } from '../platform/ids/ids.ts'
import * as store from './device-store.ts'
import { isSameText } from './mac.ts'
import type { Mac } from './mac.ts'

const day = 24 * 3600_000
const trustMs = 30 * day
const forgetMs = 400 * day

export interface KnownDevice {
  key: string
  trusted: boolean
}

export type Devices = ReturnType<typeof createDevices>

export const createDevices = ({ db, clock, mac }: { db: Db; clock: Clock; mac: Mac }) => {
  /** The device behind a token of ours: `random.mac`. */
  const idOf = (token: string | undefined): string | undefined => {
    const [id = '', proof = '', ...rest] = (token ?? '').split('.')
    return id !== '' && rest.length === 0 && isSameText(proof, mac('device', id)) ? id : undefined
  }
  const keyOf = (id: string): string => mac('known-device', id)
  return {
    /** Whether this account was signed in to on this device before; the same work for an account that is not there. */
    async recognise(userId: string | undefined, token: string | undefined): Promise<KnownDevice | undefined> {
      const id = idOf(token)
      if (id === undefined) return undefined
      const row = await store.findDevice(db, userId ?? 'nobody', keyOf(id))
      if (row === undefined || userId === undefined) return undefined
      return { key: row.device_key, trusted: (row.trusted_until_ms ?? 0) > clock.now() }
    },

    /** Remembers the device in the transaction that signs in; gives the token to show next time. */
    async remember(q: Queries, userId: string, token: string | undefined, trust: boolean): Promise<string> {
      const known = idOf(token)
      const id = known ?? secretToken(24)
      const nowMs = clock.now()
      const key = keyOf(id)
      const before = known === undefined ? undefined : await store.findDevice(q, userId, key)
      const trusted = trust ? nowMs + trustMs : (before?.trusted_until_ms ?? null)
      await store.saveDevice(q, {
        user_id: userId,
        device_key: key,
        seen_ms: nowMs,
        trusted_until_ms: trusted,
      })
      return `${id}.${mac('device', id)}`
    },

    countTrusted: (userId: string): Promise<number> => store.countTrusted(db, userId, clock.now()),
    /** Every device is asked for the second step again. */
    forgetTrust: store.forgetTrust,
    forgetAllTrust: (userId: string): Promise<void> => store.forgetTrust(db, userId),
    forget: store.forgetDevices,
    prune: (): Promise<void> => store.deleteOldDevices(db, clock.now() - forgetMs),
  }
}
