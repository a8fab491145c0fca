/**
 * Owns taking one's viewers along to another live room: a countdown in which everybody may stay, the arrival that the
 * other room sees, and the end of the own session. It is carried out from its row, by whichever process is first.
 */
import type { Arrival, Raid } from '../../contract/room.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Events } from '../platform/events/events.ts'
import { publicId } from '../platform/ids/ids.ts'
import type { Log } from '../platform/log/log.ts'
import { isoTime } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import * as store from './raid-store.ts'
import type { RoomNews } from './room-channel.ts'
import type { Rooms } from './rooms.ts'
import type { Sessions } from './sessions.ts'

interface Deps {
  db: Db
  clock: Clock
  log: Log
  events: Events
  users: UserService
  rooms: Pick<Rooms, 'find' | 'place'>
  sessions: Pick<Sessions, 'end'>
  publish: (roomId: string, news: RoomNews) => Promise<void>
}

export const countdownMs = 15_000

export type Raids = ReturnType<typeof createRaids>

export const createRaids = (deps: Deps) => {
  const { db, clock, log, events, users, rooms, sessions, publish } = deps

  const roomOf = async (roomId: string) => {
    const room = await rooms.find(roomId)
    if (room === undefined) throw new AppError('not_found')
    return room
  }

  const carryOut = async (row: store.RaidRow): Promise<void> => {
    if (!(await store.endRaid(db, row.id, 'done'))) return
    const [from, to] = await Promise.all([users.row(row.from_owner_id), users.row(row.to_owner_id)])
    if (from === undefined || to === undefined) return
    const room = await roomOf(from.room_id)
    const stays = (await store.findRaid(db, row.id))?.stays ?? 0
    // Whoever leads them is there already, as one of those who watch.
    const viewers = Math.max(0, room.viewers - stays)
    await store.setViewers(db, row.id, viewers)
    const arrival: Arrival = {
      id: row.id,
      from: { id: room.id, title: room.title, author: room.author },
      viewers,
      time: isoTime(clock.now()),
    }
    await publish(to.room_id, { t: 'raided', arrival })
    await db.transaction((trx) =>
      events.append(trx, {
        type: 'live.raided',
        payload: {
          raid_id: row.id,
          from_room_id: from.room_id,
          to_room_id: to.room_id,
          from_owner_id: from.id,
          to_owner_id: to.id,
          viewers,
        },
      }),
    )
    log.info({ raid: row.id, from: from.room_id, to: to.room_id, viewers }, 'a raid went over')
    if (row.ends_session === 1) await sessions.end(row.from_owner_id)
  }

  return {
    /** Throws `not_found`, `room_not_live` for either room, `self_refused`, `blocked`, `raid_running`. */
    async start(userId: string, { room_id: roomId, end }: { room_id: string; end: boolean }): Promise<Raid> {
      const own = await users.row(userId)
      if (own === undefined) throw new AppError('unauthenticated')
      const [from, to] = await Promise.all([rooms.place(own.room_id), rooms.place(roomId)])
      if (to.ownerId === userId) throw new AppError('self_refused')
      if (from.session === undefined || to.session === undefined) throw new AppError('room_not_live')
      if ((await users.isBlocked(to.ownerId, userId)) || (await users.isBlocked(userId, to.ownerId)))
        throw new AppError('blocked')
      const target = await roomOf(roomId)
      const viewers = (await roomOf(own.room_id)).viewers
      const goMs = clock.now() + countdownMs
      const id = publicId()
      const isFirst = await store.insertRaid(db, {
        id,
        from_owner_id: userId,
        to_owner_id: to.ownerId,
        session_id: from.session.id,
        ends_session: end ? 1 : 0,
        go_ms: goMs,
        viewers,
        stays: 0,
        state: 'counting',
        running_key: userId,
      })
      if (!isFirst) throw new AppError('raid_running')
      const raid: Raid = {
        id,
        to: { id: roomId, title: target.title, author: target.author },
        viewers,
        go_at: isoTime(goMs),
      }
      await publish(own.room_id, { t: 'raid', raid })
      return raid
    },

    /** Throws `not_found` where none counts down. */
    async cancel(userId: string): Promise<void> {
      const row = await store.findCounting(db, userId)
      const own = await users.row(userId)
      if (row === undefined || own === undefined || !(await store.endRaid(db, row.id, 'cancelled')))
        throw new AppError('not_found')
      await publish(own.room_id, { t: 'raid_cancelled', id: row.id })
    },

    stay: (raidId: string): Promise<void> => store.addStay(db, raidId),

    /** Carries out what has counted down. */
    async sweep(): Promise<void> {
      for (const row of await store.dueRaidsQuery(db, clock.now()).execute()) await carryOut(row)
    },
  }
}
