/** Owns who may publish: a stream key is turned into a live session, the running one or a new one. */
import type { PublishAnswer, PublishRequest } from '../ingest/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { isAppError } from '../platform/errors/app-error.ts'
import { publicId, sortableId } from '../platform/ids/ids.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Log } from '../platform/log/log.ts'
import { keyHash, keylessMark } from './rules.ts'
import * as store from './store.ts'
import type { RoomRow, SessionRow } from './store.ts'
import type { Turns } from './turns.ts'

interface Deps {
  db: Db
  clock: Clock
  log: Log
  limits: Limits
  turns: Turns
  recordingQuotaBytes: number
  /** Is there room on the disk for a recording? */
  mayRecord: () => Promise<boolean>
}

export interface Authorise {
  byKey(request: PublishRequest): Promise<PublishAnswer>
  /** The room's owner, signed in; their room is there. */
  byOwner(userId: string, address: string): Promise<PublishAnswer>
}

export const createAuthorise = (deps: Deps): Authorise => {
  const { db, clock, log, limits, turns } = deps
  const wrongKeys = limits.create({ name: 'stream_key', points: 30, windowS: 60 })

  const refuse = (reason: string, address: string, fields: object = {}): PublishAnswer => {
    // The key itself is never logged: who reads the log could publish with a mistyped one.
    log.warn({ ...fields, address, reason }, 'publisher refused')
    return { ok: false, reason }
  }

  const isGuessing = async (address: string): Promise<boolean> => {
    try {
      await wrongKeys.take(address)
      return false
    } catch (error) {
      if (isAppError(error, 'rate_limited')) return true
      throw error
    }
  }

  /** The session goes on if nobody ended it meanwhile; its wait begins anew, as a publisher is on its way. */
  const takeUp = async (session: SessionRow): Promise<boolean> =>
    session.state === 'live'
      ? (await store.findSession(db, session.id))?.running_key !== null
      : store.moveSession(db, session.id, ['pending', 'reconnecting', 'stopped'], {
          left_ms: clock.now(),
        })

  const begin = async (room: RoomRow, recorded: boolean): Promise<SessionRow | undefined> => {
    const nowMs = clock.now()
    const row: SessionRow = {
      id: publicId(),
      sort_key: sortableId(nowMs),
      user_id: room.user_id,
      room_id: room.room_id,
      title: room.title,
      category: room.category,
      replay: room.replay,
      state: 'pending',
      on_air: 0,
      running_key: room.user_id,
      recorded: recorded ? 1 : 0,
      created_ms: nowMs,
      started_ms: null,
      left_ms: nowMs,
      ended_ms: null,
      media_ms: 0,
      viewers: 0,
      peak_viewers: 0,
      video_id: null,
      cover_key: null,
      recording_due_ms: null,
    }
    return (await store.insertSession(db, row)) ? row : undefined
  }

  /** Of two publishers at once the second finds what the first one made. */
  const sessionOf = async (room: RoomRow): Promise<SessionRow | undefined> => {
    for (let attempt = 0; attempt < 3; attempt++) {
      const running = await store.findRunning(db, room.user_id)
      if (running !== undefined) {
        // After what ingest reported of it before: an end that is being written counts.
        if (await turns.run(running.id, () => takeUp(running))) return running
        continue
      }
      const made = await begin(room, await deps.mayRecord())
      if (made !== undefined) return made
    }
    return undefined
  }

  const admit = async (
    room: RoomRow & { banned_ms: number | null },
    address: string,
  ): Promise<PublishAnswer> => {
    if (room.banned_ms !== null) return refuse('the user is banned', address, { user: room.user_id })
    if (room.closed === 1) return refuse('the room is closed', address, { user: room.user_id })
    const session = await sessionOf(room)
    if (session === undefined) return refuse('the session changed meanwhile', address, { user: room.user_id })
    const record = session.recorded === 1
    if (!record) log.warn({ session: session.id }, 'the disk is nearly full: this session is not recorded')
    return {
      ok: true,
      roomId: room.room_id,
      sessionId: session.id,
      record,
      recordingQuotaBytes: deps.recordingQuotaBytes,
    }
  }

  return {
    async byKey({ streamKey, app, address }) {
      if (app !== 'live') return refuse('unknown application', address)
      const room = await store.findRoomByKeyHash(db, keyHash(streamKey))
      if (room !== undefined) return admit(room, address)
      const guessing = await isGuessing(address)
      return refuse(guessing ? 'too many wrong stream keys' : 'wrong stream key', address)
    },

    async byOwner(userId, address) {
      const room = await store.findRoomOfOwner(db, userId)
      if (room === undefined) return refuse('there is no such room', address)
      if (room.stream_key_hash === null)
        await store.updateRoom(db, userId, { stream_key_hash: keylessMark(userId) })
      return admit(room, address)
    },
  }
}
