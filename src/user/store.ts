/** Owns all SQL on users and their counters. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import { seek } from '../platform/db/cursor.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { forUpdate, upsert } from '../platform/db/portable.ts'
import { preparedList } from '../platform/db/prepared.ts'
import type { UserCounterTable, UserTable } from './tables.ts'

export type UserRow = Selectable<UserTable>
export type UserWithCounts = UserRow & Omit<Selectable<UserCounterTable>, 'user_id'>
export type Counter = 'followers' | 'following' | 'videos' | 'likes'

const keyOf = (nickname: string): string => nickname.toLowerCase().slice(0, 60)

export const insertUser = async (trx: Transaction, row: Omit<UserRow, 'nickname_key'>): Promise<void> => {
  await trx
    .insertInto('user')
    .values({ ...row, nickname_key: keyOf(row.nickname) })
    .execute()
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
export const findAuthors: (db: Queries, ids: readonly string[]) => Promise<AuthorRow[]> = preparedList(
  (db, ids) =>
    db
      .selectFrom('user')
      .innerJoin('user_counter as counter', 'counter.user_id', 'user.id')
      .select(['user.id', 'user.nickname', 'user.username', 'user.avatar_key', 'counter.followers'])
      .where('user.id', 'in', ids),
)

/** The rows that exist among `ids`, in no order; at most one page of ids. */
export const findUsers = async (db: Queries, ids: readonly string[]): Promise<UserWithCounts[]> =>
  ids.length === 0
    ? []
    : withCounts(db)
        .where('user.id', 'in', [...ids])
        .execute()

export const updateUser = async (db: Queries, id: string, change: Partial<UserRow>): Promise<void> => {
  if (Object.keys(change).length === 0) return
  const keyed = change.nickname === undefined ? change : { ...change, nickname_key: keyOf(change.nickname) }
  await db.updateTable('user').set(keyed).where('id', '=', id).execute()
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

/** Who runs the site, at most 200. */
export const listStaff = (db: Queries): Promise<UserRow[]> =>
  db
    .selectFrom('user')
    .selectAll()
    .where('role', 'in', ['admin', 'moderator'])
    .orderBy('role')
    .limit(200)
    .execute()

/** Is there anybody besides these and those who run the site? */
export const hasOthers = async (db: Queries, usernameKeys: readonly string[]): Promise<boolean> =>
  (await db
    .selectFrom('user')
    .select('id')
    .where('role', 'in', ['user', 'creator'])
    .where((eb) => eb.or([eb('username_key', 'is', null), eb('username_key', 'not in', [...usernameKeys])]))
    .limit(1)
    .executeTakeFirst()) !== undefined
/** Administrators who may sign in; they stay as they are until the transaction ends. At most two are of interest. */
export const lockAdmins = async (trx: Transaction): Promise<string[]> => {
  const rows = await trx
    .selectFrom('user')
    .select('id')
    .where('role', '=', 'admin')
    .where('banned_ms', 'is', null)
    .modifyEnd(forUpdate(trx))
    .execute()
  return rows.map((row) => row.id)
}

export type Who = { role: string } | { banned: true } | undefined

/** People, the newest first; those who are banned by when that was. */
export const peopleQuery = (
  db: Queries,
  who: Who,
  page: { limit: number; after?: { ms: number; id: string } | undefined },
) => {
  const query = db.selectFrom('user').select(['id', 'banned_ms'])
  const { after, limit } = page
  if (who !== undefined && 'banned' in who) {
    const banned = query.where('banned_ms', '>', 0)
    const rest = after
      ? banned.where(
          seek([
            ['banned_ms', 'desc', after.ms],
            ['id', 'desc', after.id],
          ]),
        )
      : banned
    return rest.orderBy('banned_ms', 'desc').orderBy('id', 'desc').limit(limit)
  }
  const some = who === undefined ? query : query.where('role', '=', who.role)
  const rest = after ? some.where('id', '<', after.id) : some
  return rest.orderBy('id', 'desc').limit(limit)
}

/** After every text that begins with `prefix`: the largest code point sorts last on both engines. */
const beyond = (prefix: string): string => `${prefix}\u{10ffff}`

/** People whose nickname begins so, in the order of nicknames. */
export const nicknameQuery = (
  db: Queries,
  prefix: string,
  page: { limit: number; after?: readonly [key: string, id: string] | undefined },
) => {
  let rows = db
    .selectFrom('user')
    .select(['id', 'nickname_key'])
    .where('nickname_key', '>=', prefix)
    .where('nickname_key', '<', beyond(prefix))
  if (page.after) {
    const [key, id] = page.after
    rows = rows.where(
      seek([
        ['nickname_key', 'asc', key],
        ['id', 'asc', id],
      ]),
    )
  }
  return rows.orderBy('nickname_key').orderBy('id').limit(page.limit)
}

export const usernameQuery = (db: Queries, prefix: string, limit: number) =>
  db
    .selectFrom('user')
    .select('id')
    .where('username_key', '>=', prefix)
    .where('username_key', '<', beyond(prefix))
    .orderBy('username_key')
    .limit(limit)

/** People registered since the id `fromId`, which sorts by time: reads the keys of that time only. */
export const madeSinceQuery = (db: Queries, fromId: string) =>
  db
    .selectFrom('user')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('id', '>=', fromId)

/** Kept for somebody else than `userId`? */
export const isReserved = async (
  q: Queries,
  usernameKey: string,
  userId: string,
  nowMs: number,
): Promise<boolean> =>
  (await q
    .selectFrom('reserved_username')
    .select('user_id')
    .where('username_key', '=', usernameKey)
    .where('user_id', '!=', userId)
    .where('until_ms', '>', nowMs)
    .executeTakeFirst()) !== undefined

export const reserveUsername = (
  trx: Queries,
  usernameKey: string,
  userId: string,
  untilMs: number,
): Promise<void> =>
  upsert(trx, 'reserved_username', [{ username_key: usernameKey, user_id: userId, until_ms: untilMs }], {
    key: ['username_key'],
    replace: ['user_id', 'until_ms'],
  })
