/**
 * Owns the life of live sessions: what ingest reports becomes their state, and what is over is settled. Everything is
 * computed from rows, so that a restart changes nothing. It refuses to move a session from a state it is not in.
 */
import type {
  EndedSummary,
  IngestEvent,
  IngestLink,
  PublicationState,
  SessionEvent,
} from '../ingest/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import type { Log } from '../platform/log/log.ts'
import type { PutReplay } from './replay.ts'
import { returnMs } from './rules.ts'
import * as store from './store.ts'
import type { SessionRow } from './store.ts'
import type { SessionState } from './tables.ts'
import type { Turns } from './turns.ts'

interface Deps {
  db: Db
  clock: Clock
  log: Log
  events: Events
  link: () => IngestLink
  putReplay: PutReplay
  /** The room looks different now. */
  changed: (session: Pick<SessionRow, 'room_id'>) => void
  turns: Turns
  recordingDays: number
}

export type Sessions = ReturnType<typeof createSessions>

type Ended = Pick<EndedSummary, 'mediaDurationMs'>

const dayMs = 24 * 3600_000
const mayReturn: readonly SessionState[] = ['pending', 'live', 'reconnecting', 'stopped']

export const createSessions = (deps: Deps) => {
  const { db, clock, log, events, putReplay, changed, turns } = deps

  const move = async (
    session: SessionRow,
    from: readonly SessionState[],
    change: Partial<SessionRow>,
  ): Promise<boolean> => {
    const moved = await store.moveSession(db, session.id, from, change)
    if (moved) {
      log.info(
        { session: session.id, room: session.room_id, from: session.state, to: change.state },
        'live session',
      )
      changed(session)
    }
    return moved
  }

  const onStarted = async (session: SessionRow, atMs: number): Promise<void> => {
    const onAir = { state: 'live', on_air: 1, left_ms: null } as const
    const first = session.started_ms === null
    if (!first) return void (await move(session, ['reconnecting', 'stopped'], onAir))
    const moved = await db.transaction(async (trx) => {
      if (!(await store.moveSession(trx, session.id, ['pending'], { ...onAir, started_ms: atMs })))
        return false
      const { id, user_id, room_id } = session
      await events.append(trx, { type: 'live.started', payload: { session_id: id, user_id, room_id } })
      return true
    })
    if (!moved) return
    log.info({ session: session.id, room: session.room_id }, 'live session started')
    changed(session)
  }

  const onVanished = async (session: SessionRow, atMs: number, mediaMs: number): Promise<void> => {
    await store.growMedia(db, session.id, mediaMs)
    await move(session, ['live'], { state: 'reconnecting', left_ms: atMs })
  }

  const onStopped = async (session: SessionRow, atMs: number, mediaMs: number): Promise<void> => {
    await store.growMedia(db, session.id, mediaMs)
    const change = { state: 'stopped', on_air: 0, viewers: 0, left_ms: atMs } as const
    await move(session, ['live', 'reconnecting'], change)
    await offerReplay(session.id)
  }

  /** Makes the replay of a session that may still go on, as soon as its publisher has said goodbye. */
  const offerReplay = async (id: string): Promise<void> => {
    const session = await store.findSession(db, id)
    if (session?.state !== 'stopped') return
    const videoId = await putReplay(session, session.media_ms, false)
    if (videoId === null || videoId === session.video_id) return
    await store.updateSession(db, id, { video_id: videoId })
    changed(session)
  }

  /** Over for good from now on, whoever still publishes. */
  const close = (session: SessionRow, leftBefore?: number): Promise<boolean> => {
    const change = { state: 'ending', on_air: 0, viewers: 0, running_key: null } as const
    return leftBefore === undefined
      ? move(session, mayReturn, change)
      : store.closeAbandoned(db, session.id, leftBefore, change).then((closed) => {
          if (closed) changed(session)
          return closed
        })
  }

  /** Tells ingest, finishes the replay and writes down how it ended. Does nothing where that is done. */
  const settle = async (id: string, known?: Ended): Promise<string | null> => {
    const session = await store.findSession(db, id)
    if (session?.state !== 'ending') return session?.video_id ?? null
    if (session.started_ms === null) {
      // Also where ingest says so itself: meanwhile somebody may have begun to publish under this id again.
      await deps.link().end(id)
      await store.deleteUnseen(db, id)
      return null
    }
    const summary = known ?? (await deps.link().end(id))
    const mediaMs = Math.max(session.media_ms, Math.round(summary?.mediaDurationMs ?? 0))
    const videoId = await putReplay(session, mediaMs, true)
    await writeEnd(session, mediaMs, videoId)
    changed(session)
    return videoId
  }

  const writeEnd = (session: SessionRow, mediaMs: number, videoId: string | null): Promise<void> =>
    db.transaction(async (trx) => {
      const nowMs = clock.now()
      const moved = await store.moveSession(trx, session.id, ['ending'], {
        state: 'ended',
        ended_ms: nowMs,
        media_ms: mediaMs,
        video_id: videoId,
        recording_due_ms:
          videoId === null && session.recorded === 1 ? nowMs + deps.recordingDays * dayMs : null,
      })
      if (!moved) return
      const { id, user_id, room_id } = session
      const payload = { session_id: id, user_id, room_id, video_id: videoId }
      await events.append(trx, { type: 'live.ended', payload })
    })

  const finish = async (session: SessionRow, known?: Ended): Promise<string | null> => {
    await close(session)
    return settle(session.id, known)
  }

  const apply = async (event: SessionEvent): Promise<void> => {
    if (event.type === 'health') return
    const session = await store.findSession(db, event.sessionId)
    if (session === undefined) return
    if (event.type === 'started' || event.type === 'resumed') return onStarted(session, event.atMs)
    if (event.type === 'vanished') return onVanished(session, event.atMs, event.mediaDurationMs)
    if (event.type === 'stopped') return onStopped(session, event.atMs, event.mediaDurationMs)
    await finish(session, event)
  }

  /** Brings a row up to what ingest says of it; also makes good for an event that was lost. */
  const align = async (session: SessionRow, known: PublicationState | undefined): Promise<void> => {
    if (known === undefined) {
      // Not said by ingest before its first part is there.
      if (session.state !== 'pending') await finish(session, { mediaDurationMs: session.media_ms })
      return
    }
    const { state, mediaDurationMs } = known
    if (state === 'live') return onStarted(session, known.startedAtMs)
    if (session.started_ms === null) await onStarted(session, known.startedAtMs)
    if (state === 'reconnecting') return onVanished(session, clock.now(), mediaDurationMs)
    if (session.state !== 'stopped') await onStopped(session, clock.now(), mediaDurationMs)
    else if (session.video_id === null) await offerReplay(session.id)
  }

  const guarded = async (id: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await turns.run(id, work)
    } catch (error) {
      // The next sweep tries again.
      log.error({ err: error, session: id }, 'a live session could not be brought forward')
    }
  }

  const reconcile = async (): Promise<void> => {
    const work = (await store.findUnended(db)).map(({ id }) =>
      guarded(id, async () => {
        const session = await store.findSession(db, id)
        // Asked for now: what `hello` said may have been overtaken by an event since.
        const known = deps
          .link()
          .publications()
          .find(({ sessionId }) => sessionId === id)
        if (session !== undefined && mayReturn.includes(session.state)) await align(session, known)
      }),
    )
    await Promise.all(work)
  }

  return {
    /** In order per session; never throws. */
    handle: async (event: IngestEvent): Promise<void> => {
      if (event.type === 'hello') {
        await reconcile().catch((error: unknown) =>
          log.error({ err: error }, 'live sessions could not be compared with ingest'),
        )
      } else if (event.type !== 'disconnected' && event.type !== 'health') {
        await guarded(event.sessionId, () => apply(event))
      }
    },

    /** Ends the user's running session for good; undefined if there is none that was seen. */
    async end(userId: string): Promise<{ videoId: string | null } | undefined> {
      const session = await store.findRunning(db, userId)
      if (session === undefined || session.started_ms === null) return undefined
      return { videoId: await turns.run(session.id, () => finish(session)) }
    },

    /** What time alone brings: ends what nobody came back to, settles what is ending, cuts who was banned. */
    async sweep(): Promise<void> {
      const leftBefore = clock.now() - returnMs
      const abandoned = (await store.abandonedQuery(db, leftBefore).execute()).map((session) =>
        guarded(session.id, async () => {
          if (await close(session, leftBefore)) await settle(session.id)
        }),
      )
      await Promise.all(abandoned)
      if (!deps.link().connected) return
      const ending = await store.endingQuery(db).execute()
      await Promise.all(ending.map(({ id }) => guarded(id, () => settle(id))))
    },

    /** Ends the sessions of users who were banned meanwhile. */
    async cutBanned(): Promise<void> {
      for (const { id } of await store.findBanned(db)) {
        await guarded(id, async () => {
          const session = await store.findSession(db, id)
          if (session) await finish(session)
        })
      }
    },

    reconcile,
  }
}
