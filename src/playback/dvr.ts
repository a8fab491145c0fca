/** Owns the recordings of running sessions that somebody looks back at: their journals are followed while that is so. */
import { join } from 'node:path'
import { followJournal } from '../ingest/index.ts'
import type { JournalFollower } from '../ingest/index.ts'
import { createRecordedSegments, dvrPlaylist } from './dvr-playlist.ts'

interface Followed {
  follower: JournalFollower
  recorded: ReturnType<typeof createRecordedSegments>
  usedMs: number
}

const idleMs = 120_000
const maxFollowed = 200

export const createDvr = ({ recordingsDir, now }: { recordingsDir: string; now: () => number }) => {
  const followed = new Map<string, Followed>()

  const follow = (sessionId: string): Followed => {
    for (const [id, { usedMs }] of followed) {
      if (now() - usedMs > idleMs || followed.size > maxFollowed) followed.delete(id)
    }
    const known = followed.get(sessionId)
    if (known !== undefined) {
      known.usedMs = now()
      return known
    }
    const follower = followJournal(join(recordingsDir, sessionId))
    const made = { follower, recorded: createRecordedSegments(), usedMs: now() }
    followed.set(sessionId, made)
    return made
  }

  return {
    directoryOf: (sessionId: string): string => join(recordingsDir, sessionId),

    /** `live` with what was recorded before it. */
    async extend(sessionId: string, live: string): Promise<string> {
      const { follower, recorded } = follow(sessionId)
      const journal = await follower.read()
      if (journal === undefined) return live
      recorded.take(journal)
      return dvrPlaylist(live, recorded.segments, (bundle) => `${sessionId}/b${bundle}.mp4`)
    },
  }
}
