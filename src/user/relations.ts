/** Owns the use cases between people: following, blocking, and the lists of both. A block ends follows both ways. */
import type { Person, Relation } from '../../contract/user.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Events } from '../platform/events/events.ts'
import { sortableId } from '../platform/ids/ids.ts'
import * as relations from './relation-store.ts'
import * as store from './store.ts'
import { toPerson } from './view.ts'

/** The feed reads that many at most; more than anybody can keep up with. */
export const maxFollowing = 5000
const maxBlocks = 5000

interface Deps {
  db: Db
  clock: Clock
  events: Events
  /** Signs the places in lists. */
  cursorSecret: Uint8Array
}

interface PageQuery {
  limit: number
  cursor?: string | undefined
}

type ListQuery = (
  db: Db,
  ofId: string,
  place: { after: string | undefined; limit: number },
) => { execute(): Promise<{ id: string; sort_key: string }[]> }

export type Relations = ReturnType<typeof createRelations>

export const createRelations = ({ db, clock, events, cursorSecret }: Deps) => {
  const unfollowIn = async (trx: Transaction, followerId: string, userId: string): Promise<void> => {
    if (!(await relations.deleteFollow(trx, followerId, userId))) return
    await store.addToCounter(trx, userId, 'followers', -1)
    await store.addToCounter(trx, followerId, 'following', -1)
  }

  /** Throws `not_found`. */
  const relationTo = async (viewerId: string, userId: string): Promise<Relation> => {
    const row = await store.findUser(db, userId)
    if (row === undefined) throw new AppError('not_found')
    const standing = await standingTo(db, viewerId, userId)
    return { ...standing, followers: row.followers }
  }

  /** Throws `not_found`, `self_refused`. */
  const lock = async (trx: Transaction, callerId: string, userId: string): Promise<void> => {
    if (callerId === userId) throw new AppError('self_refused')
    if ((await relations.lockPair(trx, callerId, userId)) < 2) throw new AppError('not_found')
  }

  const list = async (
    name: string,
    read: ListQuery,
    ofId: string,
    page: PageQuery,
    viewerId: string | undefined,
  ): Promise<{ items: Person[]; next_cursor: string | null }> => {
    const [after] = page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorSecret, ['string'])
    const rows = await read(db, ofId, { after, limit: page.limit + 1 }).execute()
    const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
      encodeCursor(name, [last.sort_key], cursorSecret),
    )
    const ids = items.map(({ id }) => id)
    const [users, followed, followers] = await Promise.all([
      store.findUsers(db, ids),
      viewerId === undefined ? new Map<string, never>() : relations.followsAmong(db, viewerId, ids),
      viewerId === undefined ? new Set<string>() : relations.followersAmong(db, viewerId, ids),
    ])
    const byId = new Map(users.map((row) => [row.id, row]))
    return {
      items: ids.flatMap((id) => {
        const row = byId.get(id)
        return row === undefined ? [] : [toPerson(row, followed.get(id), followers.has(id))]
      }),
      next_cursor: nextCursor,
    }
  }

  /** Throws `not_found`. */
  const assertThere = async (userId: string): Promise<void> => {
    if ((await store.findUser(db, userId)) === undefined) throw new AppError('not_found')
  }

  return {
    /** Throws `not_found`, `self_refused`, `blocked`, `follow_limit`. */
    async follow(callerId: string, userId: string, special: boolean | undefined): Promise<Relation> {
      await db.transaction(async (trx) => {
        await lock(trx, callerId, userId)
        if (
          (await relations.hasBlock(trx, userId, callerId)) ||
          (await relations.hasBlock(trx, callerId, userId))
        )
          throw new AppError('blocked')
        const row = { follower_id: callerId, user_id: userId, sort_key: sortableId(clock.now()) }
        const isNew = await relations.insertFollow(trx, { ...row, special: special === true ? 1 : 0 })
        if (!isNew) {
          if (special !== undefined) await relations.setSpecial(trx, callerId, userId, special)
          return
        }
        // Counted under the lock of `lockPair`, so that many at once do not get past it.
        if ((await store.countOf(trx, callerId, 'following')) >= maxFollowing)
          throw new AppError('follow_limit')
        await store.addToCounter(trx, userId, 'followers', 1)
        await store.addToCounter(trx, callerId, 'following', 1)
        await events.append(trx, {
          type: 'user.followed',
          payload: { user_id: userId, follower_id: callerId },
        })
      })
      return relationTo(callerId, userId)
    },

    async unfollow(callerId: string, userId: string): Promise<Relation> {
      if (callerId !== userId) {
        await db.transaction(async (trx) => {
          await lock(trx, callerId, userId)
          await unfollowIn(trx, callerId, userId)
        })
      }
      return relationTo(callerId, userId)
    },

    /** Throws `not_found`, `self_refused`, `follow_limit`. */
    async block(callerId: string, userId: string): Promise<Relation> {
      await db.transaction(async (trx) => {
        await lock(trx, callerId, userId)
        const row = { blocker_id: callerId, user_id: userId, sort_key: sortableId(clock.now()) }
        if (!(await relations.insertBlock(trx, row))) return
        if ((await relations.countBlocks(trx, callerId, maxBlocks + 1)) > maxBlocks)
          throw new AppError('follow_limit')
        await unfollowIn(trx, callerId, userId)
        await unfollowIn(trx, userId, callerId)
      })
      return relationTo(callerId, userId)
    },

    async unblock(callerId: string, userId: string): Promise<Relation> {
      await db.transaction((trx) => relations.deleteBlock(trx, callerId, userId))
      return relationTo(callerId, userId)
    },

    async followers(userId: string, page: PageQuery, viewerId: string | undefined) {
      await assertThere(userId)
      return list(`followers:${userId}`, relations.followersQuery, userId, page, viewerId)
    },

    async following(userId: string, page: PageQuery, viewerId: string | undefined) {
      await assertThere(userId)
      return list(`following:${userId}`, relations.followingQuery, userId, page, viewerId)
    },

    blocks: (callerId: string, page: PageQuery) =>
      list(`blocks:${callerId}`, relations.blocksQuery, callerId, page, callerId),
  }
}

/** How `viewerId` stands to `userId`. */
export const standingTo = async (
  db: Db,
  viewerId: string,
  userId: string,
): Promise<Omit<Relation, 'followers'>> => {
  const [followed, followers, blocked] = await Promise.all([
    relations.followsAmong(db, viewerId, [userId]),
    relations.followersAmong(db, viewerId, [userId]),
    relations.hasBlock(db, viewerId, userId),
  ])
  const mine = followed.get(userId)
  return {
    followed: mine !== undefined,
    special: mine?.special === true,
    follows_me: followers.has(userId),
    blocked,
  }
}
