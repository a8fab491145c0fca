/** Owns the storyboard: small pictures of a film on sheets, and the index that says which one shows which second. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { takeKeyframes } from '../ingest/index.ts'
import { hasFfmpeg } from '../media/ffmpeg/ffmpeg.ts'
import { drawSheets } from '../media/ffmpeg/sheets.ts'
import type { SheetPlan, SheetSource } from '../media/ffmpeg/sheets.ts'
import type { Blobs } from '../platform/blob/blob.ts'
import type { Db } from '../platform/db/db.ts'
import type { JobHandler } from '../platform/jobs/jobs.ts'
import { mediaFile, storyboardFile } from './kinds.ts'
import * as store from './store.ts'

const columns = 10
const rows = 10
const longestSide = 160
const mostPictures = 300
const shortestStepS = 1

type Film = Pick<store.VideoRow, 'width' | 'height' | 'duration_ms'>

/** At most three sheets, whatever the length; a picture keeps the film's shape. */
export const planSheets = ({ width, height, duration_ms: durationMs }: Film): SheetPlan => {
  const aspect = (width || 16) / (height || 9)
  const even = (side: number): number => Math.max(2, Math.round(Math.min(side, longestSide) / 2) * 2)
  return {
    stepS: Math.max(shortestStepS, Math.ceil(durationMs / 100 / mostPictures) / 10),
    width: even(aspect >= 1 ? longestSide : longestSide * aspect),
    height: even(aspect >= 1 ? longestSide / aspect : longestSide),
    columns,
    rows,
  }
}

const stamp = (ms: number): string => new Date(Math.round(ms)).toISOString().slice(11, 23)

/** WebVTT as players know it: `s1.jpg#xywh=0,0,160,90`. */
export const indexOf = (plan: SheetPlan, durationMs: number, sheets: number): string => {
  const stepMs = plan.stepS * 1000
  const perSheet = plan.columns * plan.rows
  const count = Math.min(Math.max(1, Math.ceil(durationMs / stepMs)), sheets * perSheet)
  const cues = Array.from({ length: count }, (_, n) => {
    const place = n % perSheet
    const x = (place % plan.columns) * plan.width
    const y = Math.floor(place / plan.columns) * plan.height
    const end = n === count - 1 ? Math.max(durationMs, n * stepMs + 1) : (n + 1) * stepMs
    const picture = `s${Math.floor(n / perSheet) + 1}.jpg#xywh=${x},${y},${plan.width},${plan.height}`
    return `${stamp(n * stepMs)} --> ${stamp(end)}\n${picture}`
  })
  return ['WEBVTT', ...cues].join('\n\n') + '\n'
}

interface Deps {
  db: Db
  blobs: Blobs
  workDir: string
  recordingsDir: string
}

/** Draws it once per film that is played, upload or recording; what it replaces goes afterwards. */
export const createStoryboards =
  (deps: Deps): JobHandler =>
  async (context) => {
    const { db, blobs, workDir } = deps
    const { video_id: id } = context.job.payload as { video_id: string }
    const video = await store.findVideoById(db, id)
    if (!video || !(await hasFfmpeg())) return
    const name = `${context.job.id}-${context.attempt}`
    const directory = join(workDir, name)
    const key = `videos/${video.public_id}/storyboards/${name}`
    await rm(directory, { recursive: true, force: true })
    await mkdir(directory, { recursive: true })
    let isKept = false
    try {
      const plan = planSheets(video)
      const durationS = video.duration_ms / 1000
      const { signal } = context
      const sources = await sourcesOf(video, deps, { plan, to: directory, signal })
      if (sources.length === 0) return
      const drawn = await drawSheets({ sources, directory, plan, durationS, signal })
      signal.throwIfAborted()
      if ('failed' in drawn) return
      const sheets = await putSheets(blobs, directory, key)
      if (sheets === 0) return
      const index = indexOf(plan, video.duration_ms, sheets)
      await blobs.put(`${key}/${storyboardFile}`, Buffer.from(index), { contentType: 'text/vtt' })
      await db.transaction(async (trx) => {
        await context.guard(trx)
        const now = await store.findVideoById(trx, id)
        if (now === undefined) return
        // Another file has taken its place, or the recording has grown: the next attempt draws that.
        if (now.media_key !== video.media_key || now.duration_ms !== video.duration_ms)
          throw new Error('the film has changed meanwhile')
        await store.updateVideo(trx, id, { storyboard: key })
        isKept = true
      })
      if (isKept && video.storyboard !== null) await blobs.deletePrefix(`${video.storyboard}/`)
    } finally {
      if (!isKept) await blobs.deletePrefix(`${key}/`)
      await rm(directory, { recursive: true, force: true })
    }
  }

/** How many there are. */
const putSheets = async (blobs: Blobs, directory: string, key: string): Promise<number> => {
  const sheets = (await readdir(directory)).filter((file) => /^s\d+\.jpg$/.test(file))
  for (const file of sheets)
    await blobs.putFile(`${key}/${file}`, join(directory, file), { contentType: 'image/jpeg', move: true })
  return sheets.length
}

/** For a recording one picture for each that is drawn: an evening is gigabytes, of which no more than that is read. */
const sourcesOf = async (
  { source, media_key: mediaKey, live_session_id: session, duration_ms: durationMs }: store.VideoRow,
  { blobs, recordingsDir }: Deps,
  { plan, to, signal }: { plan: SheetPlan; to: string; signal: AbortSignal },
): Promise<SheetSource[]> => {
  const stepMs = Math.round(plan.stepS * 1000)
  const count = Math.max(1, Math.ceil(durationMs / stepMs))
  if (source === 'recording' && session !== null)
    return takeKeyframes({ from: join(recordingsDir, session), to, stepMs, count, signal })
  const path = mediaKey === null ? undefined : blobs.localPath?.(`${mediaKey}/${mediaFile}`)
  return path === undefined ? [] : [{ path, pictures: count }]
}
