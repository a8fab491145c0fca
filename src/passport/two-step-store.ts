/** Owns all SQL on authenticator apps, recovery codes and passkeys. */
import type { Selectable } from 'kysely'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { upsert } from '../platform/db/portable.ts'
import type { PasskeyTable, TotpTable } from './tables.ts'

export type TotpRow = Selectable<TotpTable>
export type PasskeyRow = Selectable<PasskeyTable>

export const findTotp = (q: Queries, userId: string): Promise<TotpRow | undefined> =>
  q.selectFrom('totp').selectAll().where('user_id', '=', userId).executeTakeFirst()

/** A new secret, not confirmed yet. Only where none is confirmed: the caller has looked in the same transaction. */
export const replaceTotp = (trx: Transaction, row: TotpRow): Promise<void> =>
  upsert(trx, 'totp', [row], {
    key: ['user_id'],
    replace: ['sealed_secret', 'confirmed_ms', 'last_step', 'created_ms'],
  })

/** Moves on to a later step; true for exactly one caller per step. */
export const takeStep = async (q: Queries, userId: string, step: number): Promise<boolean> => {
  const result = await q
    .updateTable('totp')
    .set({ last_step: step })
    .where('user_id', '=', userId)
    .where('last_step', '<', step)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export const confirmTotp = async (trx: Transaction, userId: string, nowMs: number): Promise<boolean> => {
  const result = await trx
    .updateTable('totp')
    .set({ confirmed_ms: nowMs })
    .where('user_id', '=', userId)
    .where('confirmed_ms', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export const deleteTotp = async (trx: Queries, userId: string): Promise<void> => {
  await trx.deleteFrom('totp').where('user_id', '=', userId).execute()
}

export const replaceRecoveryCodes = async (
  trx: Queries,
  userId: string,
  macs: readonly string[],
): Promise<void> => {
  await trx.deleteFrom('recovery_code').where('user_id', '=', userId).execute()
  if (macs.length > 0)
    await trx
      .insertInto('recovery_code')
      .values(macs.map((code_mac) => ({ user_id: userId, code_mac })))
      .execute()
}

/** Uses a recovery code up; true for exactly one caller. */
export const takeRecoveryCode = async (q: Queries, userId: string, mac: string): Promise<boolean> => {
  const result = await q
    .deleteFrom('recovery_code')
    .where('user_id', '=', userId)
    .where('code_mac', '=', mac)
    .executeTakeFirst()
  return result.numDeletedRows === 1n
}

export const countRecoveryCodes = async (q: Queries, userId: string): Promise<number> =>
  (await q.selectFrom('recovery_code').select('code_mac').where('user_id', '=', userId).execute()).length

export const insertPasskey = async (trx: Transaction, row: PasskeyRow): Promise<void> => {
  await trx.insertInto('passkey').values(row).execute()
}

/** All of a user; there are at most a few. */
export const passkeysQuery = (q: Queries, userId: string) =>
  q.selectFrom('passkey').selectAll().where('user_id', '=', userId).orderBy('id').limit(50)

export const findPasskey = (q: Queries, credentialKey: string): Promise<PasskeyRow | undefined> =>
  q.selectFrom('passkey').selectAll().where('credential_key', '=', credentialKey).executeTakeFirst()

/** Notes a use; false if the counter was moved meanwhile. */
export const usePasskey = async (
  q: Queries,
  row: PasskeyRow,
  change: { sign_count: number; used_ms: number },
): Promise<boolean> => {
  const result = await q
    .updateTable('passkey')
    .set(change)
    .where('id', '=', row.id)
    .where('sign_count', '=', row.sign_count)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export const renamePasskey = async (q: Queries, userId: string, id: string, name: string): Promise<void> => {
  await q.updateTable('passkey').set({ name }).where('id', '=', id).where('user_id', '=', userId).execute()
}

export const deletePasskey = async (trx: Queries, userId: string, id: string): Promise<boolean> => {
  const result = await trx
    .deleteFrom('passkey')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return result.numDeletedRows === 1n
}

export const deletePasskeys = async (trx: Queries, userId: string): Promise<void> => {
  await trx.deleteFrom('passkey').where('user_id', '=', userId).execute()
}
