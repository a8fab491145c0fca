/**
 * Owns the jobs that turn an upload into a video: probe, then remux at once or transcode in a queue of its own, then
 * posters. Only the playable form is kept. What a job makes appears whole, under a name of its attempt.
 */
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FailureCode } from '../../contract/video.ts'
import { ffprobe, hasFfmpeg, transcode } from '../media/ffmpeg/ffmpeg.ts'
import type { Ended } from '../media/ffmpeg/limited.ts'
import { probe } from '../media/probe/probe.ts'
import type { Probed } from '../media/probe/probe.ts'
import { remux } from '../media/remux/remux.ts'
import type { Remuxed } from '../media/remux/remux.ts'
import type { Blobs } from '../platform/blob/blob.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { JobStopped, PermanentError } from '../platform/jobs/jobs.ts'
import type { JobContext, JobHandler, Jobs } from '../platform/jobs/jobs.ts'
import type { Log } from '../platform/log/log.ts'
import {
  keptMs,
  mediaFile,
  playlistFile,
  postersKind,
  processKind,
  storyboardKind,
  transcodeKind,
} from './kinds.ts'
import type { Listing } from './listing.ts'
import { isOurFault, isRemuxable, planTranscode, Refused } from './plan.ts'
import * as store from './store.ts'
import * as uploadStore from './upload-store.ts'
import type { Uploads } from './uploads.ts'

interface Deps {
  db: Db
  clock: Clock
  blobs: Blobs
  jobs: Jobs
  uploads: Uploads
  listing: Listing
  log: Log
  /** On the same file system as the blobs, so that finished files are renamed. */
  workDir: string
  /** Deletes what a video played before its file was replaced, and the frames of it. */
  dropMedia: (before: store.VideoRow) => Promise<void>
}

interface Work {
  video: store.VideoRow
  upload: uploadStore.UploadRow
  source: string
  dir: string
}

/** Starts taking jobs in this process. */
export const startProcessing = (deps: Deps): void => {
  const { jobs } = deps
  const lease = { leaseMs: 30_000, firstBackoffMs: 5000 }
  jobs.work(processKind, attempt(deps, probeAndRemux), { ...lease, concurrency: 2 })
  jobs.work(transcodeKind, attempt(deps, transcodeIt), { ...lease, concurrency: 1 })
}

/** A video keeps playing while its file is replaced. */
const workedOn = (upload: uploadStore.UploadRow): 'ready' | 'processing' =>
  upload.replaces === 1 ? 'ready' : 'processing'

type Step = (deps: Deps, work: Work, context: JobContext) => Promise<void>

const attempt =
  (deps: Deps, step: Step): JobHandler =>
  async (context) => {
    const { db, uploads } = deps
    const { video_id: id } = context.job.payload as { video_id: string }
    const video = await store.findVideoById(db, id)
    const upload = await uploadStore.findUploadOfVideo(db, id)
    if (video === undefined || upload === undefined || video.state !== workedOn(upload)) return
    await clearWork(deps, context.job.id)
    const dir = join(deps.workDir, `${context.job.id}-${context.attempt}`)
    await mkdir(dir, { recursive: true })
    try {
      await step(deps, { video, upload, source: uploads.fileOf(upload.id), dir }, context)
    } catch (error) {
      context.signal.throwIfAborted()
      const isLast = context.job.failures + 1 >= context.job.maxAttempts
      if (!(error instanceof Refused)) {
        if (isLast) await fail(deps, { video, upload }, context, 'internal')
        throw error
      }
      await fail(deps, { video, upload }, context, error.failure)
      // So that the job says what the tool said last.
      throw new PermanentError(error.failure, error.message)
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  }

const probeAndRemux: Step = async (deps, work, context) => {
  context.progress(0, 'probing')
  const probed = await probe(work.source, { signal: context.signal })
  context.signal.throwIfAborted()
  if ('refused' in probed) throw new Refused(probed.refused, probed.detail)
  if (isRemuxable(probed) && (await remuxIt(deps, work, context, { from: work.source, start: 0 }))) return
  // Looked at here already, so that a hopeless file does not wait behind somebody's film.
  await planWithFfprobe(work, probed, context)
  await deps.db.transaction(async (trx) => {
    await context.guard(trx)
    const job = { kind: transcodeKind, key: work.video.id, payload: { video_id: work.video.id } }
    await deps.jobs.enqueue(trx, job)
  })
}

const transcodeIt: Step = async (deps, work, context) => {
  context.progress(0, 'transcoding')
  const probed = await probe(work.source, { signal: context.signal })
  context.signal.throwIfAborted()
  if ('refused' in probed) throw new Refused(probed.refused, probed.detail)
  const plan = await planWithFfprobe(work, probed, context)
  await assertRoom(deps, work)
  const target = join(work.dir, 'encoded.mp4')
  const { source } = work
  const done = await transcode(
    { source, container: probed.container, target, ...plan },
    {
      signal: context.signal,
      onProgress: (fraction) => context.progress(fraction * 0.95, 'transcoding'),
    },
  )
  context.signal.throwIfAborted()
  if ('failed' in done) {
    if (await isDiskFull(deps)) throw new AppError('storage_full')
    throw new Refused(heavyOr(done.failed, 'transcode_failed'), done.detail)
  }
  if (!(await remuxIt(deps, work, context, { from: target, start: 0.95 })))
    throw new Refused('transcode_failed', 'what was encoded can not be read')
}

const planWithFfprobe = async (work: Work, probed: Probed, context: JobContext) => {
  if (!(await hasFfmpeg())) throw new Refused('needs_ffmpeg')
  const seen = await ffprobe(work.source, probed.container, context.signal)
  context.signal.throwIfAborted()
  if ('failed' in seen) throw new Refused(heavyOr(seen.failed, 'transcode_failed'), seen.detail)
  return planTranscode(probed, seen.result)
}

const heavyOr = (ended: Ended, code: FailureCode): FailureCode =>
  ended === 'timeout' || ended === 'quiet' || ended === 'memory' ? 'too_heavy' : code

/** False if the file can not be rewritten as it is. */
const remuxIt = async (
  deps: Deps,
  work: Work,
  context: JobContext,
  { from, start }: { from: string; start: number },
): Promise<boolean> => {
  await assertRoom(deps, work)
  context.progress(start, 'remuxing')
  const target = join(work.dir, mediaFile)
  const playlist = join(work.dir, playlistFile)
  const { size } = await stat(from)
  const made = await remux(
    { source: from, target, playlist, uri: mediaFile },
    {
      signal: context.signal,
      timeoutMs: 120_000 + size / 2000,
      onProgress: (fraction) => context.progress(start + (1 - start) * fraction, 'remuxing'),
    },
  )
  context.signal.throwIfAborted()
  if ('failed' in made) {
    if (made.failed !== 'exited') throw new Refused('too_heavy', made.detail)
    if (await isDiskFull(deps)) throw new AppError('storage_full')
    deps.log.info({ video: work.video.public_id, detail: made.detail }, 'could not remux')
    return false
  }
  await publish(deps, work, context, made.result)
  return true
}

const publish = async (deps: Deps, work: Work, context: JobContext, made: Remuxed): Promise<void> => {
  const { db, blobs, listing, jobs, clock } = deps
  const { video, upload } = work
  const prefix = `videos/${video.public_id}`
  const mediaKey = `${prefix}/${context.job.id}-${context.attempt}`
  await syncFile(join(work.dir, playlistFile))
  const put = (name: string, contentType: string) =>
    blobs.putFile(`${mediaKey}/${name}`, join(work.dir, name), { contentType, move: true })
  await put(mediaFile, 'video/mp4')
  await put(playlistFile, 'application/vnd.apple.mpegurl')
  const published = await db.transaction(async (trx) => {
    await context.guard(trx)
    const before = await store.findVideoById(trx, video.id)
    const isMine = await store.moveVideo(trx, video.id, [workedOn(upload)], {
      state: 'ready',
      failure_code: null,
      media_key: mediaKey,
      ...(before && upload.replaces === 1 && withoutPictures(before)),
      duration_ms: made.durationMs,
      width: made.width,
      height: made.height,
      size_bytes: made.sizeBytes,
      bandwidth: Math.ceil(made.bandwidth),
      codecs: made.codecs.slice(0, 100),
      updated_ms: clock.now(),
    })
    if (!isMine) return undefined
    await uploadStore.deleteUpload(trx, upload.id)
    const freed = upload.size_bytes + (before && upload.replaces === 1 ? before.size_bytes : 0)
    await uploadStore.charge(trx, video.owner_id, made.sizeBytes - freed)
    await listing.settle(trx, video.id)
    for (const kind of [postersKind, storyboardKind])
      await jobs.enqueue(trx, { kind, key: video.id, payload: { video_id: video.id } })
    await listing.append(trx, upload.replaces === 1 ? 'video.changed' : 'video.ready', video, {})
    return before
  })
  if (published === undefined) return blobs.deletePrefix(`${mediaKey}/`)
  await rm(deps.uploads.fileOf(upload.id), { force: true })
  // What whoever watches has loaded stays theirs; the rest is read from the new file.
  if (upload.replaces === 1) await deps.dropMedia(published)
}

/** Frames of the film before are no pictures of this one; a cover of the owner's own stays. */
const withoutPictures = (before: store.VideoRow): Partial<store.VideoRow> => {
  const isFrame = (JSON.parse(before.posters) as string[]).includes(before.cover_key ?? '')
  return { posters: '[]', storyboard: null, ...(isFrame && { cover_key: null }) }
}

/**
 * Nothing of a failed upload stays but the words that tell why; where this machine is at fault its file waits some
 * days for another try.
 */
const fail = async (
  deps: Deps,
  { video, upload }: Pick<Work, 'video' | 'upload'>,
  context: JobContext,
  failure: FailureCode,
): Promise<void> => {
  const { db, listing, clock, uploads, blobs } = deps
  const isReplacing = upload.replaces === 1
  const keeps = isOurFault(failure) && !isReplacing
  const keep = async (trx: Transaction): Promise<void> => {
    await uploadStore.keepUpload(trx, upload.id, clock.now() + keptMs)
    await listing.append(trx, 'video.failed', video, { failure })
  }
  await db.transaction(async (trx) => {
    await context.guard(trx)
    const change = {
      ...(!isReplacing && { state: 'failed' as const, failure_code: failure }),
      updated_ms: clock.now(),
    }
    if (!(await store.moveVideo(trx, video.id, [workedOn(upload)], change))) throw new JobStopped('lost')
    if (keeps) return void (await keep(trx))
    await uploadStore.deleteUpload(trx, upload.id)
    await uploadStore.charge(trx, video.owner_id, -upload.size_bytes)
    await listing.append(trx, 'video.failed', video, { failure })
  })
  if (!keeps) await rm(uploads.fileOf(upload.id), { force: true })
  if (!isReplacing) await blobs.deletePrefix(`videos/${video.public_id}/`)
}

const assertRoom = async (deps: Deps, work: Work): Promise<void> => {
  const { size } = await stat(work.source)
  if ((await deps.uploads.spareBytes()) < size) throw new AppError('storage_full')
}

const isDiskFull = async (deps: Deps): Promise<boolean> => (await deps.uploads.spareBytes()) < 0

/** What earlier attempts at this job left when they were killed. */
const clearWork = async ({ workDir }: Deps, jobId: string): Promise<void> => {
  const names = await readdir(workDir).catch(() => [])
  for (const name of names)
    if (name.startsWith(`${jobId}-`)) await rm(join(workDir, name), { recursive: true, force: true })
}

const syncFile = async (path: string): Promise<void> => {
  await using file = await open(path, 'r+')
  await file.sync()
}
