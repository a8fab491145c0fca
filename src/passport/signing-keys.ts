/** Owns the keys that sign access tokens: random, sealed in the database, changed with overlap. */
import { randomBytes } from 'node:crypto'
import type { Secret } from '../config/secrets.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { sortableId } from '../platform/ids/ids.ts'
import type { Seal } from './seal.ts'
import * as store from './signing-key-store.ts'

/** The key before any rotation, derived from the secret key. */
const firstId = '1'
/** How long another process may go on signing with the key before: it asks again by then. */
const freshMs = 30_000
/** A token that was signed just then lives 15 minutes. */
const overlapMs = 20 * 60_000

export interface SigningKey {
  id: string
  bytes: Buffer
}

export type SigningKeys = ReturnType<typeof createSigningKeys>

interface Deps {
  db: Db
  clock: Clock
  seal: Seal
  first: Secret
  audit: Audit
}

export const createSigningKeys = ({ db, clock, seal, first, audit }: Deps) => {
  let known: { atMs: number; keys: SigningKey[] } | undefined

  /** The newest first. A key goes when its successor is older than any token of it. */
  const read = async (): Promise<SigningKey[]> => {
    const rows = await store.newestKeys(db, 10)
    const since = clock.now() - overlapMs
    const keys: SigningKey[] = []
    for (const row of rows) {
      keys.push({ id: row.id, bytes: seal.open(row.sealed_key, `signing:${row.id}`) })
      if (row.created_ms < since) return keys
    }
    return [...keys, { id: firstId, bytes: first.reveal() }]
  }
  const load = async (): Promise<SigningKey[]> => {
    const keys = await read()
    known = { atMs: clock.now(), keys }
    return keys
  }
  const current = async (): Promise<SigningKey[]> =>
    known === undefined || clock.now() - known.atMs > freshMs ? load() : known.keys

  return {
    async signing(): Promise<SigningKey> {
      return (await current())[0] ?? { id: firstId, bytes: first.reveal() }
    },

    /** The key of a token. An unknown one may be news from another process: the database is asked once a second at most. */
    async verifying(id: string | undefined): Promise<Buffer | undefined> {
      const found = (await current()).find((key) => key.id === id)
      if (found !== undefined) return found.bytes
      if (known !== undefined && clock.now() - known.atMs < 1000) return undefined
      return (await load()).find((key) => key.id === id)?.bytes
    },

    /** A new key from now on; tokens of the one before stay good until they end. `actorId` is null at the command line. */
    async rotate(actorId: string | null = null): Promise<string> {
      const nowMs = clock.now()
      const id = sortableId(nowMs)
      await db.transaction(async (trx) => {
        await store.insertKey(trx, {
          id,
          sealed_key: seal.close(randomBytes(32), `signing:${id}`),
          created_ms: nowMs,
        })
        await audit.record(trx, {
          actorId,
          action: 'keys.rotated',
          subject: { kind: 'key', id },
          address: null,
        })
      })
      await load()
      return id
    },
  }
}
