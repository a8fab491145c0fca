/** Owns all SQL on accounts and sessions. */
import type { Selectable } from 'kysely'
import type { Queries, Transaction } from '../platform/db/db.ts'
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

/** Touches at most one row, by the unique index. */
export const isMobileTaken = async (db: Queries, mobile: string): Promise<boolean> =>
  (await db
    .selectFrom('account')
    .select('user_id')
    .where('mobile', '=', mobile)
    .limit(1)
    .executeTakeFirst()) !== undefined

export const findAccountByMobile = (db: Queries, mobile: string): Promise<AccountRow | undefined> =>
  db.selectFrom('account').selectAll().where('mobile', '=', mobile).executeTakeFirst()

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

/** The session with its user's role and ban, or undefined if either is not there. */
export const findSessionWithUser = (db: Queries, id: string) =>
  db
    .selectFrom('session')
    .innerJoin('user', 'user.id', 'session.user_id')
    .select([
      'session.id',
      'session.user_id',
      'session.revoked_ms',
      'session.expires_ms',
      'session.absolute_expires_ms',
      'user.role',
      'user.banned_ms',
    ])
    .where('session.id', '=', id)
    .executeTakeFirst()

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

/** Sessions that hold now, the newest first. */
export const sessionsQuery = (db: Queries, userId: string, nowMs: number, limit: number) =>
  db
    .selectFrom('session')
    .select(['id', 'device', 'address', 'created_ms', 'last_seen_ms'])
    .where('user_id', '=', userId)
    .where('revoked_ms', 'is', null)
    .where('expires_ms', '>', nowMs)
    .where('absolute_expires_ms', '>', nowMs)
    .orderBy('id', 'desc')
    .limit(limit)

/** Ends all sessions of somebody, or the one with this id; gives how many there were. */
export const revokeSessionsOf = async (
  db: Queries,
  userId: string,
  nowMs: number,
  sessionId?: string,
): Promise<number> => {
  let update = db
    .updateTable('session')
    .set({ revoked_ms: nowMs })
    .where('user_id', '=', userId)
    .where('revoked_ms', 'is', null)
  if (sessionId !== undefined) update = update.where('id', '=', sessionId)
  return Number((await update.executeTakeFirst()).numUpdatedRows)
}

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

export const revokeAllSessions = async (trx: Queries, userId: string, nowMs: number): Promise<void> => {
  await trx
    .updateTable('session')
    .set({ revoked_ms: nowMs })
    .where('user_id', '=', userId)
    .where('revoked_ms', 'is', null)
    .execute()
}
export const mobileTailQuery = (db: Queries, tail: string, limit: number) =>
  db
    .selectFrom('account')
    .select('user_id')
    .where('mobile_tail', '=', tail)
    .orderBy('user_id', 'desc')
    .limit(limit)
