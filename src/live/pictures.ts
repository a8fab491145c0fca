/**
 * Owns the pictures of running sessions: made when somebody looks, at most every 20 s per session, two at a time. It
 * refuses to queue without end: who comes when all is busy gets the last picture.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../platform/clock/clock.ts'
import { shapes } from '../platform/image/image.ts'
import type { Images } from '../platform/image/image.ts'
import type { Log } from '../platform/log/log.ts'
import { extractFrame } from '../media/ffmpeg/ffmpeg.ts'
import { pictureEveryMs } from './view.ts'

interface Deps {
  /** A file of one key frame. */
  keyframe: (sessionId: string) => Promise<Buffer | undefined>
  images: Images
  clock: Clock
  log: Log
  /** Where ffmpeg's files stand for a moment. */
  scratchDir: string
}

export interface Pictures {
  /** A JPEG of what is on now, undefined where none can be made; waits for a new one only if the last is too old. */
  of(sessionId: string): Promise<Buffer | undefined>
  /** The last one, made now if there is none yet. */
  last(sessionId: string): Promise<Buffer | undefined>
  forget(sessionId: string): void
}

/** Older ones are not shown while the next is being made. */
const tooOldMs = 28_000
const atOnce = 2
const maxWaiting = 20
const maxKept = 500
/** After a failure ffmpeg is left alone for this long. */
const restMs = 10_000

interface Entry {
  jpeg: Buffer | undefined
  atMs: number
  failedMs: number
  making: Promise<void> | undefined
}

export const createPictures = ({ keyframe, images, clock, log, scratchDir }: Deps): Pictures => {
  const entries = new Map<string, Entry>()
  const waiting: (() => void)[] = []
  let running = 0

  const entryOf = (sessionId: string): Entry => {
    const entry = entries.get(sessionId) ?? { jpeg: undefined, atMs: 0, failedMs: 0, making: undefined }
    entries.delete(sessionId)
    entries.set(sessionId, entry)
    const [oldest] = entries.keys()
    if (entries.size > maxKept && oldest !== undefined) entries.delete(oldest)
    return entry
  }

  const make = async (sessionId: string, entry: Entry): Promise<void> => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      const mp4 = await keyframe(sessionId)
      if (mp4 === undefined) return
      entry.jpeg = await images.reshape(await frameOf(mp4, scratchDir), shapes.cover)
      entry.atMs = clock.now()
    } catch (error) {
      entry.failedMs = clock.now()
      log.warn({ err: error, session: sessionId }, 'no picture of a live session')
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }

  const refresh = (sessionId: string, entry: Entry): Promise<void> => {
    if (clock.now() - entry.failedMs < restMs) return Promise.resolve()
    if (entry.making === undefined && waiting.length >= maxWaiting) return Promise.resolve()
    entry.making ??= make(sessionId, entry).finally(() => {
      entry.making = undefined
    })
    return entry.making
  }

  return {
    async of(sessionId) {
      const entry = entryOf(sessionId)
      const ageMs = clock.now() - entry.atMs
      if (ageMs >= pictureEveryMs) {
        const fresh = refresh(sessionId, entry)
        if (ageMs >= tooOldMs) await fresh
      }
      return entry.jpeg
    },
    async last(sessionId) {
      const entry = entryOf(sessionId)
      if (entry.jpeg === undefined) await refresh(sessionId, entry)
      return entry.jpeg
    },
    forget: (sessionId) => void entries.delete(sessionId),
  }
}

/** The first frame of an MP4 file as JPEG. Throws where ffmpeg can't make it. */
export const frameOf = async (mp4: Buffer, scratchDir: string): Promise<Buffer> => {
  await mkdir(scratchDir, { recursive: true })
  const directory = await mkdtemp(join(scratchDir, 'frame-'))
  try {
    const [source, target] = [join(directory, 'frame.mp4'), join(directory, 'frame.jpg')]
    await writeFile(source, mp4)
    const signal = AbortSignal.timeout(10_000)
    const outcome = await extractFrame({ source, target, atS: 0, signal })
    if ('failed' in outcome) throw new Error(`ffmpeg: ${outcome.failed} ${outcome.detail}`)
    return await readFile(target)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
