/** Owns how a live session's recording becomes a video: its figures come from the journal, its bytes stay where they are. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DanmakuService } from '../danmaku/index.ts'
import { readJournal, recordedMs } from '../ingest/index.ts'
import type { Journal } from '../ingest/index.ts'
import type { Db } from '../platform/db/db.ts'
import type { VideoService } from '../video/index.ts'
import type { Replays } from './replay.ts'

interface Deps {
  db: Db
  recordingsDir: string
  videos: VideoService
  danmaku: DanmakuService
}

export const createReplays = ({ db, recordingsDir, videos, danmaku }: Deps): Replays => ({
  async put(input) {
    const journal = await readJournal(join(recordingsDir, input.sessionId))
    return db.transaction(async (trx) => {
      const replay = await videos.createReplay(trx, {
        ownerId: input.userId,
        roomTitle: input.title,
        category: input.category,
        sessionId: input.sessionId,
        visibility: input.visibility,
        startedMs: input.startedMs,
        danmaku: await danmaku.countOf(input.sessionId, trx),
      })
      if (journal) await videos.updateReplay(trx, input.sessionId, figuresOf(journal))
      if (input.final) await videos.finishReplay(trx, input.sessionId)
      await videos.introduceReplay(trx, input.sessionId, introOf(input.peaksMs ?? []))
      return replay.videoId
    })
  },

  async isPublic(sessionId) {
    const replay = await videos.findReplay(sessionId)
    return replay !== undefined && !replay.deleted && replay.visibility === 'public'
  },

  setCover: (sessionId, jpeg) => videos.setReplayCover(sessionId, jpeg),
})

const clockOf = (ms: number): string => {
  const s = Math.floor(ms / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${s >= 3600 ? `${Math.floor(s / 3600)}:` : ''}${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
}

/** Lines that begin with a time are chapters; each begins a little before what everybody spoke of. */
const introOf = (peaksMs: readonly number[]): string =>
  peaksMs.length < 2
    ? ''
    : [
        '00:00 开始',
        ...peaksMs.map((ms, i) => `${clockOf(Math.max(1000, ms - 5000))} 高能时刻 ${i + 1}`),
      ].join('\n')

const figuresOf = (journal: Journal) => {
  const track = journal.inits.flatMap(({ tracks }) => tracks).find(({ kind }) => kind === 'video')
  return {
    durationMs: Math.round(recordedMs(journal)),
    sizeBytes: journal.bytes,
    width: track?.width ?? null,
    height: track?.height ?? null,
  }
}

/** Deletes what was recorded of a session without a replay. */
export const deleteRecording = async (recordingsDir: string, sessionId: string): Promise<void> => {
  // It becomes a path.
  if (!/^[1-9A-Za-z]{12}$/.test(sessionId)) throw new Error('not a session')
  await rm(join(recordingsDir, sessionId), { recursive: true, force: true })
}
