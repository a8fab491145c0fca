/** Owns the use cases about profiles: making a user's rows, reading and changing them. */
import type { z } from 'zod'
import type { Author, Role, User, patchMe } from '../../contract/user.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { isDuplicate } from '../platform/db/db.ts'
import type { Db, Queries, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { publicId, sortableId } from '../platform/ids/ids.ts'
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
      room_id: publicId(),
      created_ms: clock.now(),
    }
    await refusingTakenNames(() => store.insertUser(trx, row))
    return id
  },

  /** As `viewerId` sees them. */
  async find(id: string, viewerId?: string): Promise<User | undefined> {
    const row = id.startsWith('@')
      ? await store.findUserByUsername(db, usernameKey(id.slice(1)))
      : await store.findUser(db, id)
    if (row === undefined) return undefined
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
  async followedAmong(viewerId: string, ids: readonly string[]): Promise<Set<string>> {
    return new Set((await relations.followsAmong(db, viewerId, ids)).keys())
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
    await refusingTakenNames(() => store.updateUser(db, id, columns))
  },

  async setAvatar(id: string, avatarKey: string): Promise<void> {
    await store.updateUser(db, id, { avatar_key: avatarKey })
  },

  hasAdmin: (): Promise<boolean> => store.hasAdmin(db),
  /** As `hasAdmin`, seen from a transaction. */
  hasAdminIn: (trx: Queries): Promise<boolean> => store.hasAdmin(trx),
  /** Changes one of the counts in the caller's transaction. */
  count: store.addToCounter,
})

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
