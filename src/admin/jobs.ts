/** Owns how jobs look to administrators, and trying again or cancelling one. */
import type { AdminJob, JobState } from '../../contract/admin.ts'
import type { Audit } from '../audit/index.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Job, Jobs } from '../platform/jobs/jobs.ts'
import { isoTime } from '../user/index.ts'
import type { VideoService } from '../video/index.ts'
import type { By } from './people.ts'

export interface AdminJobsDeps {
  db: Db
  audit: Audit
  jobs: Jobs
  videos: VideoService
  cursorSecret: Uint8Array
}

export const createAdminJobs = ({ db, audit, jobs, videos, cursorSecret }: AdminJobsDeps) => {
  const known = async (id: string): Promise<Job> => {
    const job = await jobs.get(id)
    if (job === undefined) throw new AppError('not_found')
    return job
  }
  const record = (job: Job, action: string, by: By): Promise<void> =>
    audit.record(db, {
      actorId: by.userId,
      action,
      subject: { kind: 'job', id: job.id },
      address: by.address,
      details: { kind: job.kind },
    })

  return {
    async list(query: { state: JobState; limit: number; cursor?: string | undefined }) {
      const { state, limit, cursor } = query
      const name = `jobs:${state}`
      const [beforeId] = cursor === undefined ? [] : decodeCursor(name, cursor, cursorSecret, ['string'])
      const found = await jobs.list({
        state,
        limit: limit + 1,
        ...(beforeId === undefined ? {} : { beforeId }),
      })
      const { items, nextCursor } = cutPage(found, limit, (last) =>
        encodeCursor(name, [last.id], cursorSecret),
      )
      const worked = await videos.moderation.behindJobs(items.flatMap((job) => videoOf(job) ?? []))
      return {
        items: items.map((job) => toAdminJob(job, worked.get(videoOf(job) ?? '') ?? null)),
        next_cursor: nextCursor,
      }
    },

    /** Throws `not_found`, `conflict` if it has not ended badly, `file_gone` if there is nothing left to work on. */
    async retry(id: string, by: By): Promise<void> {
      const job = await known(id)
      if (job.state !== 'failed' && job.state !== 'cancelled') throw new AppError('conflict')
      const videoId = videoOf(job)
      if (isProcessing(job) && videoId !== undefined) {
        const video = (await videos.moderation.behindJobs([videoId])).get(videoId)
        if (video === undefined) throw new AppError('file_gone')
        // The video waits for it again, else the job would find nothing to do.
        await videos.moderation.retry(video.id, by, () => jobs.retry(id))
      } else {
        await jobs.retry(id)
      }
      await record(job, 'job.retried', by)
    },

    async cancel(id: string, by: By): Promise<void> {
      const job = await known(id)
      // A ban says until when it holds: that stays true.
      if (job.kind === 'user.unban' || !(await jobs.cancel(id))) throw new AppError('conflict')
      const videoId = videoOf(job)
      if (isProcessing(job) && videoId !== undefined) await videos.moderation.giveUp(videoId)
      await record(job, 'job.cancelled', by)
    },
  }
}

const isProcessing = (job: Job): boolean => job.kind === 'video.process' || job.kind === 'video.transcode'

/** The row id of the video that a job works on. */
const videoOf = (job: Job): string | undefined => (job.kind.startsWith('video.') ? job.key : undefined)

const toAdminJob = (job: Job, video: AdminJob['video']): AdminJob => ({
  id: job.id,
  kind: job.kind,
  state: job.state,
  progress: job.progress,
  note: job.note ?? null,
  attempt: job.attempt,
  max_attempts: job.maxAttempts,
  error: job.error ?? null,
  due_time: isoTime(job.dueMs),
  create_time: isoTime(job.createdMs),
  update_time: isoTime(job.updatedMs),
  video,
})
