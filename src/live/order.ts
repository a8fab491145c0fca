/**
 * Owns order in a room: who may moderate it, its rules and refused words, the pinned message, muting, banning and the
 * purge of a spammer. What changes is news for every process that has the room open.
 */
import type { z } from 'zod'
import type { Pinned, RoomRules, patchRoomRules } from '../../contract/room.ts'
import type { Author } from '../../contract/user.ts'
import { forever, isModerator } from '../danmaku/index.ts'
import type { DanmakuService } from '../danmaku/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Events } from '../platform/events/events.ts'
import type { Caller } from '../platform/http/route.ts'
import { isoTime } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import * as store from './order-store.ts'
import type { RoomNews } from './room-channel.ts'
import type { Rooms } from './rooms.ts'
import { updateRoom } from './store.ts'

interface Deps {
  db: Db
  clock: Clock
  events: Events
  users: UserService
  danmaku: DanmakuService
  rooms: Pick<Rooms, 'place' | 'ensure'>
  publish: (roomId: string, news: RoomNews) => Promise<void>
  changed: (room: { room_id: string }) => void
}

type Change = z.output<NonNullable<typeof patchRoomRules.body>>
type FullRules = RoomRules & { words: string[] }

/** What a room's sockets go by. */
export interface RoomOrder {
  rules: RoomRules
  words: readonly string[]
  pinned: Pinned | null
  moderators: ReadonlySet<string>
}

const toRules = (row: store.RulesRow | undefined): FullRules => ({
  slow_seconds: row?.slow_s ?? 0,
  followers_minutes: row?.followers_min ?? null,
  words: row === undefined ? [] : (JSON.parse(row.words) as string[]),
})

/** The order of a room as its rows say now. */
export const readOrder = async (
  { db, users, danmaku }: Pick<Deps, 'db' | 'users' | 'danmaku'>,
  ownerId: string,
): Promise<RoomOrder> => {
  const [row, pin, moderators] = await Promise.all([
    store.findRules(db, ownerId),
    store.findPin(db, ownerId),
    danmaku.moderators(ownerId),
  ])
  const { words, ...rules } = toRules(row)
  const by = pin && (await users.authors([pin.user_id])).get(pin.user_id)
  return {
    rules,
    words,
    pinned: pin
      ? {
          text: pin.text,
          user: { id: pin.user_id, nickname: by?.nickname ?? '' },
          time: isoTime(pin.at_ms),
        }
      : null,
    moderators: new Set(moderators),
  }
}

export type Order = ReturnType<typeof createOrder>

export const createOrder = (deps: Deps) => {
  const { db, clock, events, users, danmaku, rooms, publish, changed } = deps

  const moderates = async (ownerId: string, caller: Caller): Promise<boolean> =>
    ownerId === caller.userId || isModerator(caller) || danmaku.moderates(ownerId, caller.userId)

  /** The room's owner, if the caller may moderate there. Throws `not_found`, `forbidden`. */
  const moderated = async (roomId: string, caller: Caller) => {
    const place = await rooms.place(roomId)
    if (!(await moderates(place.ownerId, caller))) throw new AppError('forbidden')
    return place
  }

  /** Throws `not_found`, and `forbidden` for who owns or moderates the room: they would only lift it again. */
  const ordinary = async (ownerId: string, userId: string, caller: Caller): Promise<void> => {
    const row = await users.row(userId)
    if (row === undefined) throw new AppError('not_found')
    const isStaff = isModerator({ role: row.role as Caller['role'] })
    if (userId === ownerId || isStaff) throw new AppError('forbidden')
    if (caller.userId !== ownerId && (await danmaku.moderates(ownerId, userId)))
      throw new AppError('forbidden')
  }

  /** Those sockets learn at once whether they may write. */
  const tellStanding = (roomId: string, userId: string, mutedUntilMs: number | null): Promise<void> =>
    publish(roomId, { t: 'standing', userId, mutedUntilMs })

  const mute = async (roomId: string, userId: string, minutes: number, caller: Caller): Promise<number> => {
    const { ownerId } = await moderated(roomId, caller)
    await ordinary(ownerId, userId, caller)
    const untilMs = await danmaku.mute(ownerId, userId, minutes, caller)
    await tellStanding(roomId, userId, untilMs)
    return untilMs
  }

  const ban = async (roomId: string, userId: string, caller: Caller): Promise<void> => {
    const { ownerId } = await moderated(roomId, caller)
    await ordinary(ownerId, userId, caller)
    await danmaku.ban(ownerId, userId, caller)
    await tellStanding(roomId, userId, forever)
    changed({ room_id: roomId })
  }

  const rulesOf = async (ownerId: string): Promise<FullRules> => toRules(await store.findRules(db, ownerId))

  return {
    moderated,
    mute,
    ban,

    /** Lifts a mute, or a ban. */
    async unmute(roomId: string, userId: string, caller: Caller): Promise<void> {
      const { ownerId } = await moderated(roomId, caller)
      await danmaku.unmute(ownerId, userId)
      await tellStanding(roomId, userId, null)
    },

    mutes: async (roomId: string, caller: Caller) => danmaku.mutes((await moderated(roomId, caller)).ownerId),
    bans: async (roomId: string, caller: Caller) => danmaku.bans((await moderated(roomId, caller)).ownerId),

    rules: async (roomId: string, caller: Caller): Promise<FullRules> =>
      rulesOf((await moderated(roomId, caller)).ownerId),

    async changeRules(roomId: string, change: Change, caller: Caller): Promise<FullRules> {
      const { ownerId } = await moderated(roomId, caller)
      if (change.announcement !== undefined) {
        await rooms.ensure(ownerId)
        await updateRoom(db, ownerId, { announcement: change.announcement })
      }
      const before = await rulesOf(ownerId)
      const { slow_seconds: slow, followers_minutes: followers, words } = change
      await store.putRules(db, {
        owner_id: ownerId,
        slow_s: slow ?? before.slow_seconds,
        followers_min: followers === undefined ? before.followers_minutes : followers,
        words: JSON.stringify(words === undefined ? before.words : [...new Set(words)]),
      })
      changed({ room_id: roomId })
      return rulesOf(ownerId)
    },

    async moderators(roomId: string, viewer: string | undefined): Promise<Author[]> {
      const { ownerId } = await rooms.place(roomId)
      const ids = await danmaku.moderators(ownerId)
      const authors = await users.authors(ids, viewer)
      return ids.flatMap((id) => authors.get(id) ?? [])
    },

    /** By the owner alone. Throws `not_found`, `forbidden`, `self_refused`, `too_many`, `banned_here`. */
    async appoint(roomId: string, userId: string, caller: Caller): Promise<void> {
      const { ownerId } = await rooms.place(roomId)
      if (ownerId !== caller.userId) throw new AppError('forbidden')
      if (userId === ownerId) throw new AppError('self_refused')
      if ((await users.row(userId)) === undefined) throw new AppError('not_found')
      await db.transaction(async (trx) => {
        if (!(await danmaku.appoint(trx, ownerId, userId))) return
        const payload = { room_id: roomId, owner_id: ownerId, user_id: userId }
        await events.append(trx, { type: 'room.moderator_appointed', payload })
      })
      await tellStanding(roomId, userId, null)
      changed({ room_id: roomId })
    },

    /** By the owner, or by who steps down. */
    async dismiss(roomId: string, userId: string, caller: Caller): Promise<void> {
      const { ownerId } = await rooms.place(roomId)
      if (ownerId !== caller.userId && userId !== caller.userId) throw new AppError('forbidden')
      await danmaku.dismiss(ownerId, userId)
      changed({ room_id: roomId })
    },

    /** Nothing of what they wrote in this session is left, here and in the replay; how many that were. */
    async purge(
      roomId: string,
      userId: string,
      what: { minutes: number; ban: boolean },
      caller: Caller,
    ): Promise<number> {
      const { ownerId, session } = await moderated(roomId, caller)
      if (session === undefined) throw new AppError('room_not_live')
      await ordinary(ownerId, userId, caller)
      // Silenced first, so that nothing comes after it.
      if (what.ban) await ban(roomId, userId, caller)
      else if (what.minutes > 0) await mute(roomId, userId, what.minutes, caller)
      await publish(roomId, { t: 'purged', userId, atMs: clock.now() })
      const deleted = await danmaku.purge(session.id, userId)
      if (await store.deletePin(db, ownerId, { userId })) changed({ room_id: roomId })
      return deleted
    },

    /** Throws `not_found` for a message of another room. */
    async pin(
      roomId: string,
      what: { danmaku_id: string } | { text: string },
      caller: Caller,
    ): Promise<Pinned> {
      const { ownerId } = await moderated(roomId, caller)
      const said =
        'text' in what ? { userId: caller.userId, text: what.text } : await danmaku.find(what.danmaku_id)
      if (said === undefined || ('ownerId' in said && said.ownerId !== ownerId))
        throw new AppError('not_found')
      await store.putPin(db, {
        owner_id: ownerId,
        text: said.text,
        user_id: said.userId,
        at_ms: clock.now(),
        danmaku_id: 'text' in what ? null : what.danmaku_id,
      })
      changed({ room_id: roomId })
      const { pinned } = await readOrder({ db, users, danmaku }, ownerId)
      if (pinned === null) throw new AppError('not_found')
      return pinned
    },

    async unpin(roomId: string, caller: Caller): Promise<void> {
      const { ownerId } = await moderated(roomId, caller)
      await store.deletePin(db, ownerId)
      changed({ room_id: roomId })
    },
  }
}
