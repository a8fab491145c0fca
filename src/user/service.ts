/** Owns the use cases about profiles: making a user's rows, reading and changing them. */
import type { z } from 'zod'
import type { Author, Role, User, patchMe } from '../../contract/user.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { isDuplicate } from '../platform/db/db.ts'
import type { Db, Queries, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { publicId, sortableId, timeOf } from '../platform/ids/ids.ts'
import * as relations from './relation-store.ts'
import { standingTo } from './relations.ts'
import { isUsername, randomNickname, usernameKey } from './rules.ts'
import * as store from './store.ts'
import type { UserWithCounts } from './store.ts'
import { toAuthor, toUser } from './view.ts'

export interface NewUser {
  nickname: string | undefined
  username: string | undefined
  role: Role
}

export type ProfileChange = z.output<NonNullable<typeof patchMe.body>>

export type UserService = ReturnType<typeof createUserService>

export const createUserService = ({ db, clock }: { db: Db; clock: Clock }) => ({
  /** Inserts a user's rows in the caller's transaction. Throws `username_taken`. */
  async create(trx: Transaction, given: NewUser): Promise<string> {
    const id = sortableId(clock.now())
    const row = {
      id,
      nickname: given.nickname || randomNickname(),
      username: given.username ?? null,
      username_key: given.username === undefined ? null : usernameKey(given.username),
      avatar_key: null,
      signature: '',
      sex: 0,
      birth_date: null,
      links: '[]',
      role: given.role,
      banned_ms: null,
      ban_until_ms: null,
      ban_reason: '',
      room_id: publicId(),
      created_ms: clock.now(),
      deleted_ms: null,
    }
    if (row.username_key !== null && (await store.isReserved(trx, row.username_key, id, clock.now())))
      throw new AppError('username_taken')
    await refusingTakenNames(() => store.insertUser(trx, row))
    return id
  },

  /** As `viewerId` sees them. */
  async find(id: string, viewerId?: string): Promise<User | undefined> {
    const row = id.startsWith('@')
      ? await store.findUserByUsername(db, usernameKey(id.slice(1)))
      : await store.findUser(db, id)
    if (row === undefined || row.deleted_ms !== null) return undefined
    return toUser(row, viewerId === undefined ? undefined : await standingTo(db, viewerId, row.id))
  },

  row: (id: string): Promise<UserWithCounts | undefined> => store.findUser(db, id),

  /** The user whose room has this public id. */
  byRoom: (roomId: string): Promise<UserWithCounts | undefined> => store.findUserByRoom(db, roomId),

  /** Authors by id as `viewerId` sees them; one query for a page, and one for whom the viewer follows. */
  async authors(ids: readonly string[], viewerId?: string): Promise<Map<string, Author>> {
    const unique = [...new Set(ids)]
    const [rows, followed] = await Promise.all([
      store.findAuthors(db, unique),
      viewerId === undefined ? undefined : relations.followsAmong(db, viewerId, unique),
    ])
    return new Map(rows.map((row) => [row.id, toAuthor(row, followed?.has(row.id) === true)]))
  },

  /** Whom of these `viewerId` follows; at most one page of ids. */
  async followedAmong(viewerId: string, ids: readonly string[], q: Queries = db): Promise<Set<string>> {
    return new Set((await relations.followsAmong(q, viewerId, ids)).keys())
  },

  /** Since when `followerId` follows `userId`, ms since 1970; undefined if they do not. */
  async followedSince(followerId: string, userId: string): Promise<number | undefined> {
    const key = await relations.followKey(db, followerId, userId)
    return key === undefined ? undefined : timeOf(key)
  },

  /** Who of these follows `userId`. */
  followersAmong: (userId: string, ids: readonly string[]): Promise<Set<string>> =>
    relations.followersAmong(db, userId, ids),

  /** The public ids of several users' rooms, by user. */
  async roomIds(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await store.findUsers(db, [...new Set(ids)])
    return new Map(rows.map((row) => [row.id, row.room_id]))
  },

  /** Has `byId` blocked `userId`? Whoever is blocked may not write to, answer or mention the one who did. */
  isBlocked: (byId: string, userId: string, q: Queries = db): Promise<boolean> =>
    relations.hasBlock(q, byId, userId),

  async changeProfile(id: string, change: ProfileChange): Promise<void> {
    const { username, links, birth_date: birthDate, ...rest } = change
    if (username !== undefined) assertUsername(username)
    const columns = {
      ...withoutUndefined(rest),
      ...(links && { links: JSON.stringify(links) }),
      ...(birthDate !== undefined && { birth_date: birthDate || null }),
      ...(username !== undefined && { username, username_key: usernameKey(username) }),
    }
    await refusingTakenNames(() =>
      username === undefined
        ? store.updateUser(db, id, columns)
        : db.transaction((trx) => changeUsername(trx, id, usernameKey(username), columns, clock.now())),
    )
  },

  async setAvatar(id: string, avatarKey: string): Promise<void> {
    await store.updateUser(db, id, { avatar_key: avatarKey })
  },

  /** Is it somebody's, or kept for who gave it up? */
  async isUsernameTaken(username: string): Promise<boolean> {
    const key = usernameKey(username)
    return (
      (await store.findUserByUsername(db, key)) !== undefined || store.isReserved(db, key, '', clock.now())
    )
  },

  /** Takes what is personal away; the row stays as that of a deleted user. */
  async erase(trx: Transaction, id: string): Promise<{ wasBanned: boolean }> {
    const before = await store.findUser(trx, id)
    if (before?.username_key)
      await store.reserveUsername(trx, before.username_key, id, clock.now() + reservedMs)
    await store.updateUser(trx, id, {
      nickname: deletedNickname,
      username: null,
      username_key: null,
      avatar_key: null,
      signature: '',
      sex: 0,
      birth_date: null,
      links: '[]',
      role: 'user',
      deleted_ms: clock.now(),
    })
    return { wasBanned: before?.banned_ms != null }
  },

  hasAdmin: (): Promise<boolean> => store.hasAdmin(db),
  /** As `hasAdmin`, seen from a transaction. */
  hasAdminIn: (trx: Queries): Promise<boolean> => store.hasAdmin(trx),
  staff: (): Promise<store.UserRow[]> => store.listStaff(db),
  setRole: (trx: Queries, id: string, role: Role): Promise<void> => store.updateUser(trx, id, { role }),
  /** Is there anybody besides these user names and those who run the site? */
  hasOthers: (usernames: readonly string[]): Promise<boolean> =>
    store.hasOthers(db, usernames.map(usernameKey)),
  /** Rows by id, in the order asked for; at most one page of ids. */
  async rows(ids: readonly string[]): Promise<UserWithCounts[]> {
    const byId = new Map((await store.findUsers(db, [...new Set(ids)])).map((row) => [row.id, row]))
    return [...new Set(ids)].flatMap((id) => byId.get(id) ?? [])
  },

  /** Changes one of the counts in the caller's transaction. */
  count: store.addToCounter,
})

const reservedMs = 30 * 24 * 3600_000
const deletedNickname = '已注销用户'

/** The old name is kept for its owner for 30 days, so that nobody can pose as them; in one transaction. */
const changeUsername = async (
  trx: Transaction,
  id: string,
  key: string,
  columns: Parameters<typeof store.updateUser>[2],
  nowMs: number,
): Promise<void> => {
  if (await store.isReserved(trx, key, id, nowMs)) throw new AppError('username_taken')
  const before = await store.findUser(trx, id)
  await store.updateUser(trx, id, columns)
  if (before?.username_key && before.username_key !== key)
    await store.reserveUsername(trx, before.username_key, id, nowMs + reservedMs)
}

/** Throws `username_invalid`. */
export const assertUsername = (username: string): void => {
  if (!isUsername(username))
    throw new AppError('username_invalid', {
      details: [{ field: 'username', error: 'username_invalid', msg: '' }],
    })
}

const refusingTakenNames = async (write: () => Promise<void>): Promise<void> => {
  try {
    await write()
  } catch (error) {
    if (isDuplicate(error, 'uq_user_username_key')) throw new AppError('username_taken', { cause: error })
    throw error
  }
}

const withoutUndefined = <T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never
