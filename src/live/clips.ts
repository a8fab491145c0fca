/**
 * Owns clips: whoever watches keeps the last moments of a session as a video of their own, if the room allows it. Its
 * bytes are copied parts of the recording, so it stays when the replay goes.
 */
import { join } from 'node:path'
import type { z } from 'zod'
import type { getClipSource, makeClip } from '../../contract/clip.ts'
import type { DanmakuService } from '../danmaku/index.ts'
import { cutRecording } from '../ingest/index.ts'
import type { IngestLink } from '../ingest/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { publicId } from '../platform/ids/ids.ts'
import type { Log } from '../platform/log/log.ts'
import { toAuthor } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import { deleteRecording } from './video-replays.ts'
import type { Replays } from './replay.ts'
import type { Rooms } from './rooms.ts'
import * as store from './store.ts'

interface Deps {
  db: Db
  clock: Clock
  log: Log
  recordingsDir: string
  rooms: Rooms
  users: UserService
  danmaku: DanmakuService
  replays: Replays
  link: () => IngestLink
  /** A picture of a recording's first frame; undefined where none can be made. */
  pictureOf: (directory: string) => Promise<Buffer | undefined>
}

export type NewClip = z.output<NonNullable<typeof makeClip.body>>
type Source = z.output<typeof getClipSource.data>['source']

export type Clips = ReturnType<typeof createClips>

/** Moments of one session that are offered, and how far they lie apart at least. */
const maxPeaks = 5
const peakGapMs = 30_000

export const createClips = (deps: Deps) => {
  const { db, clock, log, recordingsDir, rooms, users, danmaku, replays, link } = deps

  const edgeOf = async (sessionId: string): Promise<number> => {
    // The timeline is known while the session is watched through this process; asking makes it so.
    if (link().edgeMediaTimeMs(sessionId) === undefined) await link().playlist(sessionId, 'll', {})
    return link().edgeMediaTimeMs(sessionId) ?? 0
  }

  return {
    /** Throws `not_found`, `room_not_live`, `forbidden`, `clip_unavailable`. */
    async make(roomId: string, userId: string, wanted: NewClip) {
      const { ownerId, session } = await rooms.place(roomId)
      if (session === undefined) throw new AppError('room_not_live')
      const room = await store.findRoom(db, ownerId)
      if (room?.clips === 'owner' && userId !== ownerId) throw new AppError('forbidden')
      if ((await danmaku.mutedUntil(ownerId, userId)) !== undefined) throw new AppError('muted')
      if (session.recorded !== 1) throw new AppError('clip_unavailable')
      const toMs = (await edgeOf(session.id)) - wanted.behind * 1000
      const clipId = publicId()
      const cut = await cutRecording({
        from: join(recordingsDir, session.id),
        to: join(recordingsDir, clipId),
        sessionId: clipId,
        roomId,
        fromMs: toMs - wanted.length * 1000,
        toMs,
        startedAtMs: clock.now(),
      })
      if (cut === undefined) throw new AppError('clip_unavailable')
      try {
        return await keep(clipId, cut, { roomId, userId, sessionId: session.id, wanted, room: session })
      } catch (error) {
        await deleteRecording(recordingsDir, clipId)
        throw error
      }
    },

    /** Where most was said, the most first. */
    async peaks(roomId: string) {
      const { session } = await rooms.place(roomId)
      if (session === undefined) return []
      const edgeMs = await edgeOf(session.id)
      const peaks = await danmaku.peaks(session.id, maxPeaks, peakGapMs)
      return peaks.map(({ atMs, said }) => ({
        at: atMs / 1000,
        behind: Math.max(0, edgeMs - atMs) / 1000,
        said,
      }))
    },

    async sourceOf(clipId: string): Promise<Source> {
      const row = await store.findClip(db, clipId)
      const owner = row && (await users.byRoom(row.room_id))
      if (row === undefined || owner === undefined) return null
      const [room, session] = await Promise.all([
        store.findRoom(db, owner.id),
        store.findSession(db, row.session_id),
      ])
      const shown = session?.video_id != null && (await replays.isPublic(row.session_id))
      return {
        room_id: row.room_id,
        title: room?.title ?? owner.nickname,
        author: toAuthor(owner, false),
        from: row.from_ms / 1000,
        replay_id: shown ? session.video_id : null,
      }
    },
  }

  async function keep(
    clipId: string,
    cut: { fromMs: number; durationMs: number },
    of: {
      roomId: string
      userId: string
      sessionId: string
      wanted: NewClip
      room: { title: string; category: string }
    },
  ) {
    const toMs = cut.fromMs + cut.durationMs
    await danmaku.copy(of.sessionId, { fromMs: cut.fromMs, toMs }, { timelineId: clipId, ownerId: of.userId })
    const videoId = await replays.put({
      sessionId: clipId,
      userId: of.userId,
      title: of.wanted.title ?? of.room.title,
      category: of.room.category as Parameters<Replays['put']>[0]['category'],
      visibility: 'public',
      startedMs: clock.now(),
      mediaMs: cut.durationMs,
      final: true,
    })
    await store.insertClip(db, {
      id: clipId,
      session_id: of.sessionId,
      room_id: of.roomId,
      author_id: of.userId,
      from_ms: Math.round(cut.fromMs),
      to_ms: Math.round(toMs),
      created_ms: clock.now(),
    })
    // A clip without a picture is still a clip.
    void deps
      .pictureOf(join(recordingsDir, clipId))
      .then((jpeg) => jpeg && replays.setCover(clipId, jpeg))
      .catch((error: unknown) => log.warn({ err: error, clip: clipId }, 'a clip has no cover'))
    return { video_id: videoId, from: cut.fromMs / 1000, duration: cut.durationMs / 1000 }
  }
}
