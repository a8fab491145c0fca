/** Owns the hand-over of a live session to the video that becomes its replay. */
import type { CategoryId } from '../../contract/video.ts'
import type { Log } from '../platform/log/log.ts'
import { deservesReplay } from './rules.ts'
import type { SessionRow } from './store.ts'

export interface ReplayInput {
  /** Names the recording and the timeline, and stands in the video's `live_session_id`. */
  sessionId: string
  userId: string
  title: string
  category: CategoryId
  visibility: 'public' | 'private'
  startedMs: number
  mediaMs: number
  /** No more will be recorded. */
  final: boolean
  /** Moments at which most was said, in order; they become its chapters. */
  peaksMs?: readonly number[]
}

/** What live asks of the video feature. Each call may come again after a kill and changes nothing then. */
export interface Replays {
  /** Makes the replay, or brings it up to what is recorded now; its public id. */
  put(input: ReplayInput): Promise<string>
  setCover(sessionId: string, jpeg: Buffer): Promise<void>
  /** May everybody know of this session's replay? */
  isPublic(sessionId: string): Promise<boolean>
}

export type PutReplay = (session: SessionRow, mediaMs: number, final: boolean) => Promise<string | null>

/** The replay's public id, or null where the session leaves none. */
export const createPutReplay =
  (deps: {
    replays: Replays
    log: Log
    peaksOf: (sessionId: string) => Promise<readonly number[]>
    lastPicture: (session: SessionRow) => Promise<Buffer | undefined>
  }): PutReplay =>
  async (session, mediaMs, final) => {
    if (session.video_id === null && !deservesReplay(session, mediaMs)) return null
    const videoId = await deps.replays.put({
      sessionId: session.id,
      userId: session.user_id,
      title: session.title,
      category: session.category as CategoryId,
      visibility: session.replay === 'public' ? 'public' : 'private',
      startedMs: session.started_ms ?? session.created_ms,
      mediaMs,
      final,
      peaksMs: final ? await deps.peaksOf(session.id) : [],
    })
    // A replay without a picture is still a replay.
    void deps
      .lastPicture(session)
      .then((jpeg) => jpeg && deps.replays.setCover(session.id, jpeg))
      .catch((error: unknown) => deps.log.warn({ err: error, session: session.id }, 'a replay has no cover'))
    return videoId
  }
