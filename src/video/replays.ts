/** Owns videos that are recordings of live sessions: their bytes stay where ingest wrote them. */
import type { CategoryId } from '../../contract/video.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Queries, Transaction } from '../platform/db/db.ts'
import type { Jobs } from '../platform/jobs/jobs.ts'
import { storyboardKind } from './kinds.ts'
import type { Listing } from './listing.ts'
import type { Covers } from './posters.ts'
import { newVideoRow } from './rules.ts'
import * as store from './store.ts'
import type { Visibility } from './tables.ts'
import * as uploadStore from './upload-store.ts'

export interface NewReplay {
  ownerId: string
  roomTitle: string
  category: CategoryId
  /** Names the recording's folder and the danmaku's timeline. */
  sessionId: string
  visibility: Visibility
  startedMs: number
  /** Danmaku of the live session so far. */
  danmaku?: number
}

export interface ReplayFigures {
  durationMs: number
  sizeBytes: number
  width: number | null
  height: number | null
}

export interface Replay {
  /** As in its address. */
  videoId: string
  state: store.VideoRow['state']
  visibility: Visibility
  deleted: boolean
}

interface Deps {
  db: Db
  clock: Clock
  jobs: Jobs
  listing: Listing
  covers: Covers
}

export const createReplays = ({ db, clock, jobs, listing, covers }: Deps) => ({
  /** A video in state `processing` until its first figures; the same session gives the same one again. */
  async createReplay(trx: Transaction, given: NewReplay): Promise<Replay> {
    const known = await store.findVideoBySession(trx, given.sessionId)
    if (known) return toReplay(known)
    const row = newVideoRow(
      {
        owner_id: given.ownerId,
        title: given.roomTitle.slice(0, 80) || '直播回放',
        category: given.category,
        visibility: given.visibility,
        source: 'recording',
        state: 'processing',
        timeline_id: given.sessionId,
        live_session_id: given.sessionId,
        created_ms: given.startedMs,
      },
      clock.now(),
    )
    await store.insertVideo(trx, row)
    if (given.danmaku) await store.addToCounter(trx, row.id, 'danmaku', given.danmaku)
    return toReplay(row)
  },

  /** What the recording holds by now. The first call makes it playable and lists it where it is public. */
  async updateReplay(trx: Transaction, sessionId: string, figures: ReplayFigures): Promise<void> {
    const video = await store.findVideoBySession(trx, sessionId)
    if (video === undefined) return
    const { durationMs, sizeBytes, width, height } = figures
    await store.updateVideo(trx, video.id, {
      state: 'ready',
      duration_ms: durationMs,
      size_bytes: sizeBytes,
      width,
      height,
      bandwidth: durationMs > 0 ? Math.ceil((sizeBytes * 8000) / durationMs) : 0,
      updated_ms: clock.now(),
    })
    await uploadStore.ensureStorage(trx, video.owner_id)
    await uploadStore.charge(trx, video.owner_id, sizeBytes - video.size_bytes)
    await listing.settle(trx, video.id)
    if (video.state !== 'ready') await listing.append(trx, 'video.ready', video, {})
  },

  /** No more will be recorded: what is made of the whole of it is made now. */
  async finishReplay(trx: Transaction, sessionId: string): Promise<void> {
    const video = await store.findVideoBySession(trx, sessionId)
    if (video?.state !== 'ready') return
    const payload = { video_id: video.id }
    await jobs.enqueue(trx, { kind: storyboardKind, key: video.id, payload })
  },

  /** Words for a replay whose owner wrote none yet. */
  async introduceReplay(trx: Transaction, sessionId: string, intro: string): Promise<void> {
    const video = await store.findVideoBySession(trx, sessionId)
    if (intro !== '' && video?.intro === '') await store.updateVideo(trx, video.id, { intro })
  },

  /** Takes a picture as the cover unless its owner chose one. Throws `image_invalid`. */
  async setReplayCover(sessionId: string, picture: Buffer): Promise<void> {
    const video = await store.findVideoBySession(db, sessionId)
    if (video?.cover_key !== null) return
    await covers.setCover(video.id, await covers.storeCover(picture, 'posters'))
  },

  async findReplay(sessionId: string, q: Queries = db): Promise<Replay | undefined> {
    const video = await store.findVideoBySession(q, sessionId)
    return video && toReplay(video)
  },
})

const toReplay = (video: store.VideoRow): Replay => ({
  videoId: video.public_id,
  state: video.state,
  visibility: video.visibility,
  deleted: video.trashed === 1,
})
