/** Owns publishing at an hour that the owner chose: private until then, then public by a job of its own. */
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { JobHandler, Jobs } from '../platform/jobs/jobs.ts'
import { publishKind } from './kinds.ts'
import type { Listing } from './listing.ts'
import type { VideoChange, Videos, Viewer } from './service.ts'
import * as store from './store.ts'
import type { Caller } from '../platform/http/route.ts'

const longestMs = 366 * 24 * 3600_000

interface Deps {
  db: Db
  clock: Clock
  jobs: Jobs
  listing: Listing
  videos: Videos
}

export const createSchedule = ({ db, clock, jobs, listing, videos }: Deps) => {
  const publish: JobHandler = async (context) => {
    const { video_id: id } = context.job.payload as { video_id: string }
    await db.transaction(async (trx) => {
      await context.guard(trx)
      const video = await store.findVideoById(trx, id)
      // Another hour was chosen meanwhile, or none: that one has its own job.
      if (video === undefined || (video.publish_at_ms ?? Infinity) > clock.now()) return
      const change = { visibility: 'public' as const, publish_at_ms: null, updated_ms: clock.now() }
      await store.updateVideo(trx, id, change)
      await listing.settle(trx, id)
      await listing.append(trx, 'video.changed', video, {})
    })
  }

  /** What an edit says of the hour. Choosing who may watch takes an hour chosen before back. */
  const rowChange = (at: string | null | undefined, chose: boolean): Partial<store.VideoRow> => {
    if (at === undefined) return chose ? { publish_at_ms: null } : {}
    if (at === null) return { publish_at_ms: null }
    const atMs = Date.parse(at)
    if (!(atMs > clock.now() && atMs < clock.now() + longestMs)) throw new AppError('time_invalid')
    return { publish_at_ms: atMs, visibility: 'private' }
  }

  return {
    start: (): void => jobs.work(publishKind, publish, { concurrency: 1 }),

    /** Edits a video, its hour included. Throws `not_found`, `time_invalid`. */
    change: (publicId: string, change: VideoChange, viewer: Viewer & { caller: Caller }) => {
      const { publish_at: at, ...rest } = change
      const more = rowChange(at, rest.visibility !== undefined)
      const after = async (trx: Transaction, videoId: string): Promise<void> => {
        const atMs = more.publish_at_ms
        if (atMs === undefined || atMs === null) return
        await jobs.enqueue(trx, {
          kind: publishKind,
          key: `${videoId}:${atMs}`,
          payload: { video_id: videoId },
          runAtMs: atMs,
        })
      }
      return videos.change(publicId, rest, viewer, { more, after })
    },
  }
}
