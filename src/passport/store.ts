/** Owns all SQL on accounts and sessions. */
import type { Selectable } from 'kysely'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { upsert } from '../platform/db/portable.ts'
import { prepared } from '../platform/db/prepared.ts'
import type { AccountTable, SessionTable } from './tables.ts'

export type AccountRow = Selectable<AccountTable>
export type SessionRow = Selectable<SessionTable>

export const insertAccount = async (
  trx: Transaction,
  row: Omit<AccountRow, 'mobile_tail'>,
): Promise<void> => {
  await trx
    .insertInto('account')
    .values({ ...row, mobile_tail: row.mobile?.slice(-4) ?? '' })
    .execute()
}

export const mobileTakenQuery = (db: Queries, mobile: string) =>
  db.selectFrom('account').select('user_id').where('mobile', '=', mobile).limit(1)

/** Touches at most one row, by the unique index. */
export const isMobileTaken = async (db: Queries, mobile: string): Promise<boolean> =>
  (await mobileTakenQuery(db, mobile).executeTakeFirst()) !== undefined

export const accountByMobileQuery = (db: Queries, mobile: string) =>
  db.selectFrom('account').selectAll().where('mobile', '=', mobile)

export const findAccountByMobile = (db: Queries, mobile: string): Promise<AccountRow | undefined> =>
  accountByMobileQuery(db, mobile).executeTakeFirst()

export const accountByEmailQuery = (db: Queries, key: string) =>
  db.selectFrom('account').selectAll().where('email_key', '=', key)

export const findAccountByEmail = (db: Queries, key: string): Promise<AccountRow | undefined> =>
  accountByEmailQuery(db, key).executeTakeFirst()

export const updateAccount = async (
  q: Queries,
  userId: string,
  change: Partial<Omit<AccountRow, 'user_id'>>,
): Promise<void> => {
  await q.updateTable('account').set(change).where('user_id', '=', userId).execute()
}

/** Takes a number that was never proven away from whoever has it; true if it was there. */
export const takeUnprovenMobile = async (
  trx: Transaction,
  mobile: string,
  userId: string,
): Promise<boolean> => {
  const result = await trx
    .updateTable('account')
    .set({ mobile: null, mobile_tail: '' })
    .where('mobile', '=', mobile)
    .where('user_id', '=', userId)
    .where('mobile_proven_ms', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Stops a deletion that has not begun; true if there was one. */
export const cancelDeletion = async (q: Queries, userId: string): Promise<boolean> => {
  const result = await q
    .updateTable('account')
    .set({ delete_due_ms: null })
    .where('user_id', '=', userId)
    .where('delete_due_ms', 'is not', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** True for one caller at a time once the deletion is due: the row is marked so that a sign-in comes too late. */
export const claimDeletion = async (trx: Transaction, userId: string, nowMs: number): Promise<boolean> => {
  const result = await trx
    .updateTable('account')
    .set({
      delete_due_ms: null,
      mobile: null,
      mobile_tail: '',
      mobile_proven_ms: null,
      email: null,
      email_key: null,
      email_proven_ms: null,
      password_hash: '',
      two_step: 0,
    })
    .where('user_id', '=', userId)
    .where('delete_due_ms', '<=', nowMs)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export const insertTombstone = (
  trx: Transaction,
  row: { identity_mac: string; deleted_ms: number; banned: number },
) => upsert(trx, 'tombstone', [row], { key: ['identity_mac'], replace: ['deleted_ms', 'banned'] })

export const isBannedIdentity = async (db: Queries, identityMac: string): Promise<boolean> =>
  (
    await db
      .selectFrom('tombstone')
      .select('banned')
      .where('identity_mac', '=', identityMac)
      .executeTakeFirst()
  )?.banned === 1

export const findAccountByUsername = (db: Queries, usernameKey: string): Promise<AccountRow | undefined> =>
  db
    .selectFrom('account')
    .innerJoin('user', 'user.id', 'account.user_id')
    .selectAll('account')
    .where('user.username_key', '=', usernameKey)
    .executeTakeFirst()

export const findAccount = (db: Queries, userId: string): Promise<AccountRow | undefined> =>
  db.selectFrom('account').selectAll().where('user_id', '=', userId).executeTakeFirst()

export const insertSession = async (trx: Queries, row: SessionRow): Promise<void> => {
  await trx.insertInto('session').values(row).execute()
}

export const findSession = (db: Queries, id: string): Promise<SessionRow | undefined> =>
  db.selectFrom('session').selectAll().where('id', '=', id).executeTakeFirst()

export const sessionWithUserQuery = (db: Queries, id: string) =>
  db
    .selectFrom('session')
    .innerJoin('user', 'user.id', 'session.user_id')
    .innerJoin('account', 'account.user_id', 'session.user_id')
    .select([
      'session.id',
      'session.user_id',
      'session.revoked_ms',
      'session.expires_ms',
      'session.absolute_expires_ms',
      'user.role',
      'user.banned_ms',
      'user.deleted_ms',
      'account.two_step',
      'account.created_ms as account_created_ms',
    ])
    .where('session.id', '=', id)

/** The session with its user's role and ban, or undefined if either is not there. Asked with every request. */
export const findSessionWithUser = prepared(sessionWithUserQuery)

/** Moves to the next generation; true for exactly one of any number of parallel callers. */
export const advanceSession = async (
  db: Queries,
  id: string,
  fromGeneration: number,
  change: { nowMs: number; expiresMs: number; address: string },
): Promise<boolean> => {
  const result = await db
    .updateTable('session')
    .set({
      generation: fromGeneration + 1,
      rotated_ms: change.nowMs,
      last_seen_ms: change.nowMs,
      expires_ms: change.expiresMs,
      address: change.address,
    })
    .where('id', '=', id)
    .where('generation', '=', fromGeneration)
    .where('revoked_ms', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export const revokeSession = async (db: Queries, id: string, nowMs: number): Promise<void> => {
  await db
    .updateTable('session')
    .set({ revoked_ms: nowMs })
    .where('id', '=', id)
    .where('revoked_ms', 'is', null)
    .execute()
}

/** Ends all sessions of a user but `keepId`; how many that were. */
export const revokeSessionsOf = async (
  q: Queries,
  userId: string,
  nowMs: number,
  keepId: string | undefined,
): Promise<number> => {
  let sessions = q
    .updateTable('session')
    .set({ revoked_ms: nowMs })
    .where('user_id', '=', userId)
    .where('revoked_ms', 'is', null)
  if (keepId !== undefined) sessions = sessions.where('id', '!=', keepId)
  return Number((await sessions.executeTakeFirst()).numUpdatedRows)
}

/** Ends a session of this user; false if there is none. */
export const revokeOwnSession = async (
  q: Queries,
  userId: string,
  id: string,
  nowMs: number,
): Promise<boolean> => {
  const result = await q
    .updateTable('session')
    .set({ revoked_ms: nowMs })
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .where('revoked_ms', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Sessions that may still be used, the newest first. */
export const openSessionsQuery = (db: Queries, userId: string, nowMs: number, limit: number) =>
  db
    .selectFrom('session')
    .selectAll()
    .where('user_id', '=', userId)
    .where('revoked_ms', 'is', null)
    .where('expires_ms', '>', nowMs)
    .where('absolute_expires_ms', '>', nowMs)
    .orderBy('id', 'desc')
    .limit(limit)

/** The rows that exist among `userIds`, in no order; at most one page of ids. */
export const findAccounts = async (db: Queries, userIds: readonly string[]): Promise<AccountRow[]> =>
  userIds.length === 0
    ? []
    : db
        .selectFrom('account')
        .selectAll()
        .where('user_id', 'in', [...userIds])
        .execute()

export const setPasswordHash = async (trx: Queries, userId: string, hash: string): Promise<void> => {
  await trx.updateTable('account').set({ password_hash: hash }).where('user_id', '=', userId).execute()
}

export const mobileTailQuery = (db: Queries, tail: string, limit: number) =>
  db
    .selectFrom('account')
    .select('user_id')
    .where('mobile_tail', '=', tail)
    .orderBy('user_id', 'desc')
    .limit(limit)

/** Sessions that nobody can use any more, a bounded number at a time. */
export const deleteOldSessions = async (db: Queries, beforeMs: number): Promise<void> => {
  const rows = await db
    .selectFrom('session')
    .select('id')
    .where('absolute_expires_ms', '<', beforeMs)
    .orderBy('absolute_expires_ms')
    .limit(1000)
    .execute()
  if (rows.length > 0)
    await db
      .deleteFrom('session')
      .where(
        'id',
        'in',
        rows.map(({ id }) => id),
      )
      .execute()
}

export const forgetSessionsOf = async (trx: Transaction, userId: string): Promise<void> => {
  await trx.deleteFrom('session').where('user_id', '=', userId).execute()
}
