/** Owns the use cases of destinations: adding, changing, looking at how they do. A key goes in and never out. */
import type { z } from 'zod'
import type { Destination, addDestination, changeDestination } from '../../../contract/restream.ts'
import type { Secrets } from '../../config/secrets.ts'
import { createSeal } from '../../passport/index.ts'
import type { Clock } from '../../platform/clock/clock.ts'
import type { Db } from '../../platform/db/db.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { publicId } from '../../platform/ids/ids.ts'
import { isoTime } from '../../user/index.ts'
import { DestinationError, readTarget, resolveTarget } from './address.ts'
import * as store from './destination-store.ts'
import type { DestinationRow } from './destination-store.ts'

interface Deps {
  db: Db
  clock: Clock
  secrets: Secrets
  allowPrivate: boolean
}

type Given = z.output<NonNullable<typeof addDestination.body>>
type Change = z.output<NonNullable<typeof changeDestination.body>>

const most = 5

export type Destinations = ReturnType<typeof createDestinations>

export const createDestinations = ({ db, clock, secrets, allowPrivate }: Deps) => {
  const seal = createSeal(secrets.keyFor('destination'))

  /** Throws `destination_refused` for an address that is none, or not public. A name nobody knows yet may come to be. */
  const assertUsable = async (url: string): Promise<void> => {
    const target = readTarget(url)
    if (target === undefined) throw new AppError('destination_refused')
    try {
      await resolveTarget(target.host, allowPrivate)
    } catch (cause) {
      const isRefused = cause instanceof DestinationError && cause.problem === 'address_refused'
      if (isRefused) throw new AppError('destination_refused', { cause })
    }
  }

  const viewOf = (row: DestinationRow): Destination => {
    const isHeld = row.sender !== null && row.sender_until_ms > clock.now()
    const isSending = row.state === 'connecting' || row.state === 'live'
    const state = row.enabled === 0 ? 'off' : isSending && !isHeld ? 'idle' : row.state
    return {
      id: row.id,
      name: row.name,
      url: row.url,
      enabled: row.enabled === 1,
      state,
      problem: state === 'off' ? null : row.problem,
      since: isoTime(row.since_ms),
      retry_at: row.retry_ms === null || state !== 'retrying' ? null : isoTime(row.retry_ms),
      failures: row.failures,
    }
  }

  const find = async (ownerId: string, id: string): Promise<DestinationRow> => {
    const row = await store.findDestination(db, ownerId, id)
    if (row === undefined) throw new AppError('not_found')
    return row
  }

  const fresh = (enabled: boolean) => ({
    enabled: enabled ? 1 : 0,
    state: enabled ? ('idle' as const) : ('off' as const),
    problem: null,
    since_ms: clock.now(),
    retry_ms: null,
    failures: 0,
  })

  return {
    list: async (ownerId: string): Promise<Destination[]> =>
      (await store.ownedQuery(db, ownerId, most).execute()).map(viewOf),

    async add(ownerId: string, { name, url, stream_key: streamKey }: Given): Promise<Destination> {
      await assertUsable(url)
      const id = publicId()
      await db.transaction(async (trx) => {
        if ((await store.ownedQuery(trx, ownerId, most).execute()).length >= most)
          throw new AppError('too_many')
        await store.insertDestination(trx, {
          id,
          owner_id: ownerId,
          name,
          url,
          stream_key: seal.close(streamKey, ownerId),
          ...fresh(true),
          version: 0,
          sender: null,
          sender_until_ms: 0,
        })
      })
      return viewOf(await find(ownerId, id))
    },

    async change(ownerId: string, id: string, change: Change): Promise<Destination> {
      const row = await find(ownerId, id)
      const { name, url, stream_key: streamKey, enabled } = change
      const moved = url !== undefined && url !== row.url
      if (url !== undefined) await assertUsable(url)
      // Whoever got hold of this account must not get the key by sending it to a server of theirs.
      if (moved && streamKey === undefined)
        throw new AppError('params_missing', {
          details: [{ field: 'stream_key', error: 'params_missing', msg: 'stream_key' }],
        })
      await store.changeDestination(db, id, {
        ...(name !== undefined && { name }),
        ...(url !== undefined && { url }),
        ...(streamKey !== undefined && { stream_key: seal.close(streamKey, ownerId) }),
        ...fresh(enabled ?? row.enabled === 1),
      })
      return viewOf(await find(ownerId, id))
    },

    async remove(ownerId: string, id: string): Promise<void> {
      if (!(await store.deleteDestination(db, ownerId, id))) throw new AppError('not_found')
    },
  }
}
