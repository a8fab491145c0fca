/**
 * Owns taking key frames out of a recording, one for every so many seconds of its replay: a few files of single
 * pictures, so that who wants to look over hours of it reads some megabytes. Nothing is encoded; the recording stays as
 * it is.
 */
import { appendFile, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { videoTimescale, videoTrackId } from '../../media/fmp4/init.ts'
import { findKey, keyHeadBytes, writePart } from '../../media/fmp4/part.ts'
import { bundleFile, readJournal } from './journal.ts'
import type { Journal, JournalPart } from './journal.ts'

export interface KeyframesWanted {
  /** The recording's folder. */
  from: string
  /** An existing folder for the files. */
  to: string
  stepMs: number
  count: number
  signal?: AbortSignal
}

export interface KeyframeFile {
  path: string
  pictures: number
}

/** One key frame with the configuration that decodes it. */
interface Picture {
  init: Buffer
  data: Buffer
}

/** Each file is decoded on its own: who sends another configuration every second gets pictures of the first ones. */
const maxFiles = 16
/** A journal that says more of a single picture is not believed. */
const maxPictureBytes = 32 * 1024 * 1024
/** So many parts of one step are tried where the first can not be read. */
const maxTries = 3

/**
 * Writes `k1.mp4`, `k2.mp4` …, a new one wherever the configuration changes, and says how many pictures each
 * holds. Together these are exactly `count`, in order, each lasting `stepMs`; a step without a key frame of its own shows the one before.
 * None at all where nothing can be read, also because it is being deleted.
 */
export const takeKeyframes = async (wanted: KeyframesWanted): Promise<KeyframeFile[]> => {
  const { from, to, stepMs, count, signal } = wanted
  const journal = await readJournal(from)
  if (journal === undefined) return []
  const read = createPictureReader(from, journal)
  const candidates = partsPerStep(journal, stepMs)
  const files = createFiles(to, stepMs)
  let now: Picture | undefined
  // Steps that wait for the very first picture.
  let waiting = 0
  for (let step = 0; step < count; step++) {
    signal?.throwIfAborted()
    const next = await read(candidates.get(step) ?? [])
    const isLikeNow = next !== undefined && now?.init.equals(next.init) === true
    if (next !== undefined && (isLikeNow || files.made.length < maxFiles)) {
      if (!isLikeNow) await files.begin(next.init)
      now = next
    }
    waiting++
    for (; now !== undefined && waiting > 0; waiting--) await files.add(now.data)
  }
  return files.made
}

const createFiles = (directory: string, stepMs: number) => {
  const duration = Math.round((stepMs * videoTimescale) / 1000)
  const made: KeyframeFile[] = []
  return {
    made,
    async begin(init: Buffer): Promise<void> {
      const path = join(directory, `k${made.length + 1}.mp4`)
      await writeFile(path, init)
      made.push({ path, pictures: 0 })
    },
    async add(data: Buffer): Promise<void> {
      const file = made.at(-1)
      if (file === undefined) return
      const samples = [{ duration, composition: 0, key: true, data }]
      const baseTime = file.pictures++ * duration
      const part = [{ trackId: videoTrackId, baseTime, video: true, samples }]
      await appendFile(file.path, writePart(file.pictures, part))
    },
  }
}

/** The parts that begin with a key frame, by the step in which the replay comes to them. */
const partsPerStep = (journal: Journal, stepMs: number): Map<number, JournalPart[]> => {
  const found = new Map<number, JournalPart[]>()
  let atMs = 0
  for (const part of journal.parts) {
    const step = Math.floor(atMs / stepMs)
    // The replay leaves out what was not recorded: its time is the sum of what was.
    atMs += part.durationMs
    if (!part.independent) continue
    const known = found.get(step)
    if (known === undefined) found.set(step, [part])
    else if (known.length < maxTries) known.push(part)
  }
  return found
}

const createPictureReader = (directory: string, journal: Journal) => {
  const inits = new Map(journal.inits.map((init) => [init.n, init]))
  const bytesOf = new Map<number, Buffer | undefined>()

  const initOf = async (n: number): Promise<Buffer | undefined> => {
    const init = inits.get(n)
    if (init === undefined || !init.tracks.some(({ kind }) => kind === 'video')) return undefined
    if (!bytesOf.has(n))
      bytesOf.set(n, await readStretch(bundleFile(directory, init.bundle), init.offset, init.length))
    return bytesOf.get(n)
  }

  const pictureOf = async (part: JournalPart): Promise<Picture | undefined> => {
    const init = await initOf(part.init)
    const bundle = bundleFile(directory, part.bundle)
    const head = init && (await readStretch(bundle, part.offset, Math.min(part.length, keyHeadBytes)))
    const key = head && findKey(head)
    if (init === undefined || key === undefined || key.offset + key.length > part.length) return undefined
    const data = await readStretch(bundle, part.offset + key.offset, key.length)
    return data && { init, data }
  }

  return async (parts: readonly JournalPart[]): Promise<Picture | undefined> => {
    for (const part of parts) {
      const picture = await pictureOf(part)
      if (picture !== undefined) return picture
    }
    return undefined
  }
}

/** undefined where the file has gone or is shorter. */
const readStretch = async (path: string, offset: number, length: number): Promise<Buffer | undefined> => {
  if (length > maxPictureBytes) return undefined
  try {
    await using file = await open(path, 'r')
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset)
    return bytesRead === length ? buffer : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
