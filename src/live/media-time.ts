/** Owns at which media time of a live session a danmaku lies, by the stream's own clock. */
import type { IngestLink } from '../ingest/index.ts'
import type { SessionRow } from './store.ts'

/** Who is farther behind watches time-shifted: what they write belongs to the replay, not into everybody's now. */
const liveWithinMs = 30_000

export interface Placed {
  mediaMs: number
  /** Near enough to the edge to be shown at once. */
  isLive: boolean
}

/** `playingMs` is the program date-time at the sender's playhead; without it the live edge is meant. */
export const placeInSession = async (
  link: IngestLink,
  session: SessionRow,
  playingMs: number | undefined,
  nowMs: number,
): Promise<Placed> => {
  // The timeline is known while the session is watched through this process; asking makes it so.
  if (link.edgeMediaTimeMs(session.id) === undefined) await link.playlist(session.id, 'll', {})
  const edgeMs = link.edgeMediaTimeMs(session.id) ?? guessedEdge(session, nowMs)
  const wantedMs = playingMs === undefined ? edgeMs : (link.mediaTimeAt(session.id, playingMs) ?? edgeMs)
  const mediaMs = Math.min(Math.max(0, wantedMs), edgeMs)
  return { mediaMs, isLive: edgeMs - mediaMs <= liveWithinMs }
}

/** While ingest is away: what was written so far, or the wall clock before the first report. */
const guessedEdge = (session: SessionRow, nowMs: number): number =>
  session.left_ms === null ? Math.max(0, nowMs - (session.started_ms ?? nowMs)) : session.media_ms
