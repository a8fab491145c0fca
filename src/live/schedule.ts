/**
 * Owns announced broadcasts: announcing, moving and calling off, who wants to be reminded, and that they are: ten
 * minutes before, when it starts, or when it is called off. All of it is computed from rows, so that a restart loses
 * no reminder and sends none twice.
 */
import type { Scheduled } from '../../contract/schedule.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Events } from '../platform/events/events.ts'
import { publicId } from '../platform/ids/ids.ts'
import { isoTime } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import type { Rooms } from './rooms.ts'
import * as store from './schedule-store.ts'
import type { ScheduleRow } from './schedule-store.ts'
import { findOnAir } from './store.ts'

interface Deps {
  db: Db
  clock: Clock
  events: Events
  users: UserService
  rooms: Pick<Rooms, 'place'>
}

const minuteMs = 60_000
const soonMs = 10 * minuteMs
/** A broadcast that begins so much before or after its time is the announced one. */
const earlyMs = 15 * minuteMs
const lateMs = 180 * minuteMs
const yearMs = 366 * 24 * 60 * minuteMs
const maxOpen = 20
/** One event names at most so many. */
const toldAtOnce = 200

export type Schedule = ReturnType<typeof createSchedule>

export const createSchedule = ({ db, clock, events, users, rooms }: Deps) => {
  const viewsOf = async (rows: readonly ScheduleRow[], viewer: string | undefined): Promise<Scheduled[]> => {
    const ids = rows.map((row) => row.id)
    const [authors, reminded] = await Promise.all([
      users.authors(
        rows.map((row) => row.owner_id),
        viewer,
      ),
      viewer === undefined ? new Set<string>() : store.remindedAmong(db, viewer, ids),
    ])
    return rows.flatMap((row) => {
      const author = authors.get(row.owner_id)
      if (author === undefined) return []
      return [
        {
          id: row.id,
          room_id: row.room_id,
          title: row.title,
          starts_at: isoTime(row.starts_ms),
          state: row.state === 'started' ? ('started' as const) : ('planned' as const),
          reminders: row.reminders,
          mine: { reminded: reminded.has(row.id) },
          author,
        },
      ]
    })
  }

  /** Throws `not_found`. */
  const viewOf = async (id: string, viewer: string): Promise<Scheduled> => {
    const row = await store.findSchedule(db, id)
    const [view] = row ? await viewsOf([row], viewer) : []
    if (view === undefined) throw new AppError('not_found')
    return view
  }

  /** Throws `time_refused`. */
  const timeOf = (startsAt: string): number => {
    const ms = Date.parse(startsAt)
    if (ms <= clock.now() || ms > clock.now() + yearMs) throw new AppError('time_refused')
    return ms
  }

  /** Throws `not_found`. */
  const owned = async (id: string, userId: string): Promise<ScheduleRow> => {
    const row = await store.findSchedule(db, id)
    if (row === undefined || row.owner_id !== userId) throw new AppError('not_found')
    return row
  }

  /** Tells those who asked, some at a time; every batch is an event in the transaction that marks them as told. */
  const tell = async (row: ScheduleRow): Promise<void> => {
    const { telling: what } = row
    if (what === null) return
    const told = `${row.round} ${what}`
    for (;;) {
      const some = await db.transaction(async (trx) => {
        const userIds = await store.takeUntold(trx, row.id, told, toldAtOnce)
        if (userIds.length > 0) {
          const { id, owner_id, room_id, title, starts_ms } = row
          const payload = { schedule_id: id, owner_id, room_id, title, starts_ms, what, user_ids: userIds }
          await events.append(trx, { type: 'schedule.reminded', payload })
        }
        return userIds.length
      })
      if (some < toldAtOnce) break
    }
    await store.updateSchedule(db, row.id, { telling: null })
  }

  const tellAll = async (): Promise<void> => {
    for (const row of await store.tellingQuery(db).execute()) await tell(row)
  }

  return {
    async announce(userId: string, given: { title: string; starts_at: string }): Promise<Scheduled> {
      const user = await users.row(userId)
      if (user === undefined) throw new AppError('unauthenticated')
      const startsMs = timeOf(given.starts_at)
      const id = publicId()
      await db.transaction(async (trx) => {
        if ((await store.ownedQuery(trx, userId, maxOpen).execute()).length >= maxOpen)
          throw new AppError('too_many')
        await store.insertSchedule(trx, {
          id,
          owner_id: userId,
          room_id: user.room_id,
          title: given.title,
          starts_ms: startsMs,
          state: 'planned',
          round: 0,
          telling: null,
          reminders: 0,
        })
      })
      return viewOf(id, userId)
    },

    async change(
      userId: string,
      id: string,
      change: { title?: string | undefined; starts_at?: string | undefined },
    ): Promise<Scheduled> {
      const row = await owned(id, userId)
      const startsMs = change.starts_at === undefined ? row.starts_ms : timeOf(change.starts_at)
      await store.updateSchedule(db, id, {
        ...(change.title !== undefined && { title: change.title }),
        ...(startsMs !== row.starts_ms && {
          starts_ms: startsMs,
          state: 'planned',
          telling: null,
          round: row.round + 1,
        }),
      })
      return viewOf(id, userId)
    },

    async cancel(userId: string, id: string): Promise<void> {
      const row = await owned(id, userId)
      const telling = row.state === 'started' ? null : 'cancelled'
      await store.moveSchedule(db, id, ['planned', 'soon', 'started'], { state: 'cancelled', telling })
      await tellAll()
    },

    async ofRoom(roomId: string, viewer: string | undefined): Promise<Scheduled[]> {
      const { ownerId } = await rooms.place(roomId)
      return viewsOf(await store.ownedQuery(db, ownerId, maxOpen).execute(), viewer)
    },

    async coming(limit: number, mine: boolean, viewer: string | undefined): Promise<Scheduled[]> {
      const fromMs = clock.now() - 30 * minuteMs
      if (mine && viewer !== undefined)
        return viewsOf(await store.mineQuery(db, viewer, fromMs, limit).execute(), viewer)
      if (mine) return []
      const both = await Promise.all(
        (['soon', 'planned'] as const).map((state) => store.comingQuery(db, fromMs, limit, state).execute()),
      )
      const rows = both.flat().sort((a, b) => a.starts_ms - b.starts_ms)
      return viewsOf(rows.slice(0, limit), viewer)
    },

    async remind(userId: string, id: string, wanted: boolean): Promise<Scheduled> {
      await db.transaction(async (trx) => {
        if ((await store.findSchedule(trx, id)) === undefined) throw new AppError('not_found')
        if (wanted) await store.insertReminder(trx, id, userId)
        else await store.deleteReminder(trx, id, userId)
      })
      return viewOf(id, userId)
    },

    /** What time alone brings: what is about to begin, what has begun, what nobody came to. */
    async sweep(): Promise<void> {
      const nowMs = clock.now()
      const coming = [
        ...(await store.dueQuery(db, 'planned', nowMs + earlyMs).execute()),
        ...(await store.dueQuery(db, 'soon', nowMs + earlyMs).execute()),
      ]
      const onAir = new Set(
        (await findOnAir(db, [...new Set(coming.map((row) => row.owner_id))])).map((row) => row.user_id),
      )
      for (const row of coming) {
        const isOn = onAir.has(row.owner_id)
        if (isOn) {
          // Only the next of several: the others have their own time.
          const [next] = await store
            .startableQuery(db, row.owner_id, nowMs - lateMs, nowMs + earlyMs)
            .execute()
          if (next?.id === row.id)
            await store.moveSchedule(db, row.id, ['planned', 'soon'], {
              state: 'started',
              telling: 'started',
            })
        } else if (row.state === 'planned' && row.starts_ms <= nowMs + soonMs && row.starts_ms > nowMs)
          await store.moveSchedule(db, row.id, ['planned'], { state: 'soon', telling: 'soon' })
        else if (row.starts_ms < nowMs - lateMs)
          await store.moveSchedule(db, row.id, ['planned', 'soon'], { state: 'over', telling: null })
      }
      for (const row of await store.dueQuery(db, 'started', nowMs).execute()) {
        const isOn = (await findOnAir(db, [row.owner_id])).length > 0
        if (!isOn) await store.moveSchedule(db, row.id, ['started'], { state: 'over' })
      }
      await tellAll()
    },
  }
}
