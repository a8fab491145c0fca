/** Owns all sessions of this ingest: finding, making, resuming and ending them, and their news. */
import { join } from 'node:path'
import type { Log } from '../platform/log/log.ts'
import type {
  AuthorisePublish,
  PublicationSink,
  PublishHandle,
  PublishIntent,
} from '../media/rtmp/connection.ts'
import { readJournal } from './recording/journal.ts'
import { cutReasons } from './cut-reasons.ts'
import { createSession } from './session.ts'
import type { LiveSession, SessionNews, SessionOptions } from './session.ts'
import { isSafeId, readStates } from './state-file.ts'
import type { EndedSummary, PublicationState, PublishAnswer, SessionEvent } from './types.ts'

export interface SessionsOptions {
  stateDir: string
  recordingsDir: string
  quotaBytes: number
  bundleBytes: number
  partMs: number
  log: Log
  now(): number
  /** Asks the API; rejects when nobody answers in time. */
  ask(intent: PublishIntent): Promise<PublishAnswer>
  onEvent(event: SessionEvent): void
}

export interface Sessions {
  readonly authorise: AuthorisePublish
  /** Somebody who was authorised already, from `address`. */
  accept(
    answer: Extract<PublishAnswer, { ok: true }>,
    address: string,
    handle: PublishHandle,
  ): PublicationSink | { refused: string }
  find(sessionId: string): LiveSession | undefined
  states(): PublicationState[]
  end(sessionId: string): Promise<EndedSummary | undefined>
  /** Takes up what an earlier process left unfinished. */
  resume(): Promise<void>
  /** For the process's end: everything is flushed, nothing is ended. */
  suspend(): Promise<void>
}

export const healthEveryMs = 2_000

export const createSessions = (options: SessionsOptions): Sessions => {
  const sessions = new Map<string, LiveSession>()
  const ending = new Map<string, Promise<EndedSummary>>()

  const make = (
    wanted: Pick<SessionOptions, 'sessionId' | 'roomId' | 'record' | 'recordingQuotaBytes' | 'earlier'>,
  ): LiveSession => {
    const { sessionId, roomId } = wanted
    const session = createSession({
      ...wanted,
      bundleBytes: options.bundleBytes,
      partMs: options.partMs,
      recordingsDir: options.recordingsDir,
      stateDir: options.stateDir,
      log: options.log,
      now: () => options.now(),
      onEvent: (news) => tell(sessionId, roomId, news),
    })
    sessions.set(sessionId, session)
    return session
  }

  const tell = (sessionId: string, roomId: string, news: SessionNews): void =>
    options.onEvent({ ...news, sessionId, roomId, atMs: options.now() })

  const end = async (session: LiveSession): Promise<EndedSummary> => {
    const { sessionId, roomId } = session
    const summary = await session.end()
    sessions.delete(sessionId)
    ending.delete(sessionId)
    const { mediaDurationMs, recording } = summary
    tell(sessionId, roomId, { type: 'ended', mediaDurationMs, recording })
    return summary
  }

  const endOnce = (session: LiveSession): Promise<EndedSummary> => {
    const known = ending.get(session.sessionId)
    if (known !== undefined) return known
    const promise = end(session)
    ending.set(session.sessionId, promise)
    return promise
  }

  // A session whose only publisher left before anything was playable never was one.
  const forgetUnborn = (session: LiveSession): void => {
    if (!session.publishing && session.state() === undefined && !ending.has(session.sessionId)) {
      endOnce(session).catch((error: unknown) =>
        options.log.error({ err: String(error) }, 'a session was not ended cleanly'),
      )
    }
  }

  const accept: Sessions['accept'] = (answer, address, handle) => {
    const { sessionId, roomId, record } = answer
    if (!isSafeId(sessionId)) return { refused: 'session id is not a safe name' }
    if (ending.has(sessionId)) return { refused: cutReasons.over }
    const session =
      sessions.get(sessionId) ??
      make({
        sessionId,
        roomId,
        record,
        recordingQuotaBytes: Math.min(answer.recordingQuotaBytes, options.quotaBytes),
      })
    options.log.info({ sessionId, roomId, address }, 'publishing')
    const sink = session.publish(handle)
    return {
      ...sink,
      ended(how, reason) {
        sink.ended(how, reason)
        forgetUnborn(session)
      },
    }
  }

  const health = setInterval(() => {
    for (const session of sessions.values()) {
      const report = session.health()
      if (report !== undefined) tell(session.sessionId, session.roomId, { type: 'health', health: report })
    }
  }, healthEveryMs)

  return {
    accept,
    async authorise(intent, handle) {
      const answer = await options.ask(intent)
      if (!answer.ok) return { refused: answer.reason }
      return accept(answer, intent.address, handle)
    },
    find: (sessionId) => sessions.get(sessionId),
    states: () =>
      [...sessions.values()].map((session) => session.state()).filter((state) => state !== undefined),
    async end(sessionId) {
      const session = sessions.get(sessionId)
      return session === undefined ? undefined : endOnce(session)
    },
    async resume() {
      for (const state of await readStates(options.stateDir, options.log)) {
        const { sessionId, roomId, record, recordingQuotaBytes } = state
        const journal = record ? await readJournal(join(options.recordingsDir, sessionId)) : undefined
        make({ sessionId, roomId, record, recordingQuotaBytes, earlier: { state, journal } })
        options.log.info({ sessionId, roomId }, 'session taken up again')
      }
    },
    async suspend() {
      clearInterval(health)
      await Promise.allSettled([...sessions.values()].map((session) => session.suspend()))
    },
  }
}
