/** Owns all SQL on users and their counters. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Queries, Transaction } from '../platform/db/db.ts'
import type { UserCounterTable, UserTable } from './tables.ts'

export type UserRow = Selectable<UserTable>
export type UserWithCounts = UserRow & Omit<Selectable<UserCounterTable>, 'user_id'>
export type Counter = 'followers' | 'following' | 'videos' | 'likes'

export const insertUser = async (trx: Transaction, row: UserRow): Promise<void> => {
  await trx.insertInto('user').values(row).execute()
  await trx
    .insertInto('user_counter')
    .values({ user_id: row.id, followers: 0, following: 0, videos: 0, likes: 0 })
    .execute()
}

const withCounts = (db: Queries) =>
  db
    .selectFrom('user')
    .innerJoin('user_counter as counter', 'counter.user_id', 'user.id')
    .selectAll('user')
    .select(['counter.followers', 'counter.following', 'counter.videos', 'counter.likes'])

export const findUser = (db: Queries, id: string): Promise<UserWithCounts | undefined> =>
  withCounts(db).where('user.id', '=', id).executeTakeFirst()

export const findUserByUsername = (db: Queries, usernameKey: string): Promise<UserWithCounts | undefined> =>
  withCounts(db).where('user.username_key', '=', usernameKey).executeTakeFirst()

export const findUserByRoom = (db: Queries, roomId: string): Promise<UserWithCounts | undefined> =>
  withCounts(db).where('user.room_id', '=', roomId).executeTakeFirst()

export type AuthorRow = Pick<UserWithCounts, 'id' | 'nickname' | 'username' | 'avatar_key' | 'followers'>

/** As `findUsers`, only what stands beside a video or a comment: half the cost of a page is reading columns. */
export const findAuthors = async (db: Queries, ids: readonly string[]): Promise<AuthorRow[]> =>
  ids.length === 0
    ? []
    : db
        .selectFrom('user')
        .innerJoin('user_counter as counter', 'counter.user_id', 'user.id')
        .select(['user.id', 'user.nickname', 'user.username', 'user.avatar_key', 'counter.followers'])
        .where('user.id', 'in', [...ids])
        .execute()

/** The rows that exist among `ids`, in no order; at most one page of ids. */
export const findUsers = async (db: Queries, ids: readonly string[]): Promise<UserWithCounts[]> =>
  ids.length === 0
    ? []
    : withCounts(db)
        .where('user.id', 'in', [...ids])
        .execute()

export const updateUser = async (db: Queries, id: string, change: Partial<UserRow>): Promise<void> => {
  if (Object.keys(change).length === 0) return
  await db.updateTable('user').set(change).where('id', '=', id).execute()
}

/** Adds `by` (may be negative) in one statement; never below 0. */
export const addToCounter = async (
  trx: Queries,
  userId: string,
  counter: Counter,
  by: number,
): Promise<void> => {
  const column = sql.ref(counter)
  await trx
    .updateTable('user_counter')
    .set({ [counter]: sql`CASE WHEN ${column} + ${by} < 0 THEN 0 ELSE ${column} + ${by} END` })
    .where('user_id', '=', userId)
    .execute()
}

export const countOf = async (q: Queries, userId: string, counter: Counter): Promise<number> =>
  (await q.selectFrom('user_counter').select(counter).where('user_id', '=', userId).executeTakeFirst())?.[
    counter
  ] ?? 0

export const hasAdmin = async (db: Queries): Promise<boolean> =>
  (await db.selectFrom('user').select('id').where('role', '=', 'admin').limit(1).executeTakeFirst()) !==
  undefined
