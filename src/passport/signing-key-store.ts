/** Owns all SQL on the keys that sign access tokens. */
import type { Selectable } from 'kysely'
import type { Queries, Transaction } from '../platform/db/db.ts'
import type { SigningKeyTable } from './tables.ts'

export const newestKeys = (db: Queries, limit: number): Promise<Selectable<SigningKeyTable>[]> =>
  db.selectFrom('signing_key').selectAll().orderBy('id', 'desc').limit(limit).execute()

export const insertKey = async (trx: Transaction, row: Selectable<SigningKeyTable>): Promise<void> => {
  await trx.insertInto('signing_key').values(row).execute()
}
