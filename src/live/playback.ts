/**
 * Owns what players get of a room: its playlists and their files. Viewers who ask the same question share one wait in
 * the link, so that those who leave while they are held keep nobody's place.
 */
import { createHash } from 'node:crypto'
import type { FileAnswer, IngestLink, PlaylistAnswer, PlaylistQuery } from '../ingest/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { roomStateOf } from './rules.ts'
import type { SessionRow } from './store.ts'

interface Deps {
  clock: Clock
  link: () => IngestLink
  findRunning: (roomId: string) => Promise<SessionRow | undefined>
  findSession: (id: string) => Promise<SessionRow | undefined>
}

export type Playback = ReturnType<typeof createPlayback>

/** Other processes' changes are seen after this long; this one's at once. */
const knownForMs = 1_000
const maxKnown = 5_000

const notLive = { status: 404, reason: 'the room is not live' } as const

export const createPlayback = ({ clock, link, findRunning, findSession }: Deps) => {
  const running = createBrief<SessionRow | undefined>(clock, findRunning)
  const sessions = createBrief<SessionRow | undefined>(clock, findSession)
  const waits = createShared()

  const onAir = async (roomId: string): Promise<SessionRow | undefined> => {
    const session = await running.get(roomId)
    return roomStateOf(session) === 'idle' ? undefined : session
  }

  const playlist = async (
    session: SessionRow,
    kind: 'll' | 'plain',
    query: PlaylistQuery,
  ): Promise<PlaylistAnswer> => {
    const key = `${session.id} ${kind} ${query.msn ?? ''} ${query.part ?? ''} ${query.skip ?? ''}`
    return waits.once(key, async () => {
      const answer = await link().playlist(session.id, kind, query)
      if (answer.status !== 200) return answer
      return { ...answer, body: Buffer.from(inSession(answer.body.toString(), session.id)) }
    })
  }

  return {
    onAir,
    /** The room changed: what was known of it is read again. */
    changed: (roomId: string): void => running.forget(roomId),

    async playlist(roomId: string, kind: 'll' | 'plain', query: PlaylistQuery): Promise<PlaylistAnswer> {
      const session = await onAir(roomId)
      return session === undefined ? notLive : playlist(session, kind, query)
    },

    /** The whole session so far, its live edge included; where it is not recorded the window alone. */
    async dvr(
      roomId: string,
      query: PlaylistQuery,
      lookBack: ((sessionId: string, playlist: string) => Promise<string>) | undefined,
    ): Promise<PlaylistAnswer> {
      const session = await onAir(roomId)
      if (session === undefined) return notLive
      const answer = await playlist(session, 'll', query)
      if (answer.status !== 200 || lookBack === undefined || session.recorded !== 1) return answer
      // Many who look back ask for the same at the same time.
      return waits.once(`${session.id} dvr ${query.skip ?? ''} ${numberOf(answer.body)}`, async () => {
        const body = await lookBack(session.id, answer.body.toString())
        return { ...answer, body: Buffer.from(body), maxAgeS: 0 }
      })
    },

    /** A file of a session, as its playlists name it; also for a while after the session has ended. */
    async file(roomId: string, sessionId: string, name: string): Promise<FileAnswer> {
      const session = await sessions.get(sessionId)
      if (session === undefined || session.room_id !== roomId) return { status: 404 }
      return waits.once(`${session.id} ${name}`, () => link().file(session.id, name))
    },
  }
}

/** Tells one state of a playlist from the next: it only grows or moves on. */
const numberOf = (body: string | Buffer): string => createHash('sha1').update(body).digest('base64url')

/**
 * Every session counts its files from 0, and caches keep them for good: the session's id goes into their addresses,
 * which stay relative.
 */
export const inSession = (playlist: string, sessionId: string): string =>
  playlist.replace(/(^|URI=")(?=(?:init-\d+|s\d+|p\d+\.\d+)\.mp4)/gm, `$1${sessionId}/`)

/** Remembers an answer, and who is asking for it, for a moment. */
const createBrief = <T>(clock: Clock, find: (key: string) => Promise<T>) => {
  const known = new Map<string, { value: Promise<T>; atMs: number }>()
  return {
    forget: (key: string): void => void known.delete(key),
    get(key: string): Promise<T> {
      const found = known.get(key)
      if (found && clock.now() - found.atMs < knownForMs) return found.value
      if (known.size >= maxKnown) known.clear()
      const value = find(key)
      known.set(key, { value, atMs: clock.now() })
      value.catch(() => known.delete(key))
      return value
    },
  }
}

/** Of equal questions at the same time only one is asked. */
const createShared = () => {
  const asked = new Map<string, Promise<unknown>>()
  return {
    once<T>(key: string, ask: () => Promise<T>): Promise<T> {
      const known = asked.get(key) as Promise<T> | undefined
      if (known) return known
      const answer = ask().finally(() => asked.delete(key))
      asked.set(key, answer)
      return answer
    },
  }
}
