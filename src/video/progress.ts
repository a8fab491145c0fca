/** Owns how far an upload is, put together from its file, its row and its job. */
import { failureCode } from '../../contract/video.ts'
import type { VideoJob } from '../../contract/video.ts'
import { say } from '../platform/http/language.ts'
import type { Language } from '../platform/http/language.ts'
import type { Db } from '../platform/db/db.ts'
import type { Job, Jobs } from '../platform/jobs/jobs.ts'
import { failureTexts } from './failures.ts'
import { processKind, transcodeKind } from './kinds.ts'
import type { VideoRow } from './store.ts'
import * as uploadStore from './upload-store.ts'
import type { Uploads } from './uploads.ts'

interface Deps {
  db: Db
  jobs: Jobs
  uploads: Uploads
}

const steps: readonly VideoJob['step'][] = ['probing', 'remuxing', 'transcoding', 'posters']

export const createProgress =
  ({ db, jobs, uploads }: Deps) =>
  async (video: VideoRow, language: Language): Promise<VideoJob> => {
    if (video.state === 'ready') return replacing(video.id)
    if (video.state === 'failed') {
      const error = say(failureTexts[video.failure_code ?? 'internal'], language)
      return { state: 'failed', step: 'done', progress: 1, error }
    }
    if (video.state === 'draft') return uploading(video.id)
    return toStep(await liveJob(video.id))

    function toStep(job: Job | undefined): VideoJob {
      if (job === undefined) return { state: 'waiting', step: 'probing', progress: 0, error: null }
      const step = steps.find((name) => name === job.note)
      return {
        state: job.state === 'running' ? 'running' : 'waiting',
        step: step ?? (job.kind === transcodeKind ? 'transcoding' : 'probing'),
        progress: job.progress,
        error: null,
      }
    }

    /** A video that plays may get another file; the last one may have failed. */
    async function replacing(videoId: string): Promise<VideoJob> {
      const upload = await uploadStore.findUploadOfVideo(db, videoId)
      if (upload) return upload.finished_ms === null ? uploading(videoId) : toStep(await liveJob(videoId))
      const last = await lastJob(videoId)
      if (last?.state !== 'failed') return { state: 'done', step: 'done', progress: 1, error: null }
      const code = failureCode.safeParse(last.error?.code)
      const error = say(failureTexts[code.success ? code.data : 'internal'], language)
      return { state: 'failed', step: 'done', progress: 1, error }
    }

    async function lastJob(videoId: string): Promise<Job | undefined> {
      const [transcoding, processing] = await Promise.all([
        jobs.getByKey(transcodeKind, videoId),
        jobs.getByKey(processKind, videoId),
      ])
      return transcoding && transcoding.createdMs > (processing?.createdMs ?? 0) ? transcoding : processing
    }

    async function uploading(videoId: string): Promise<VideoJob> {
      const upload = await uploadStore.findUploadOfVideo(db, videoId)
      const done = upload && upload.size_bytes > 0 ? (await uploads.sizeOf(upload.id)) / upload.size_bytes : 0
      return {
        state: upload ? 'running' : 'waiting',
        step: 'uploading',
        progress: Math.min(1, done),
        error: null,
      }
    }

    async function liveJob(videoId: string): Promise<Job | undefined> {
      const [transcoding, processing] = await Promise.all([
        jobs.getByKey(transcodeKind, videoId),
        jobs.getByKey(processKind, videoId),
      ])
      const isAlive = (job: Job | undefined): boolean => job?.state === 'queued' || job?.state === 'running'
      return isAlive(transcoding) ? transcoding : isAlive(processing) ? processing : undefined
    }
  }
