/**
 * Owns cutting a stretch out of a recording, which may still grow: whole parts from a keyframe on are copied into a
 * recording of their own. Nothing is encoded again, and what becomes of the first does not touch the second.
 */
import { mkdir, open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { bundleFile, journalFile, readJournal } from './journal.ts'
import type { Journal, JournalInit, JournalLine, JournalPart } from './journal.ts'

export interface CutRequest {
  from: string
  to: string
  /** Of the new recording. */
  sessionId: string
  roomId: string
  fromMs: number
  toMs: number
  startedAtMs: number
}

export interface Cut {
  /** Where it begins in the first recording, at a keyframe; milliseconds of media time. */
  fromMs: number
  durationMs: number
}

/** More than any clip has: a journal that says otherwise is not believed. */
const maxBytes = 512 * 1024 * 1024

/** From the last keyframe at or before the beginning, up to the part that holds the end. */
const partsWithin = (journal: Journal, fromMs: number, toMs: number): JournalPart[] => {
  const { parts } = journal
  const hasKeys = parts.some(({ independent }) => independent)
  const first = parts.findLastIndex(
    (part) => (part.independent || !hasKeys) && part.mediaTimeMs <= fromMs + 1,
  )
  const start = Math.max(0, first)
  const within = parts.slice(start).filter(({ mediaTimeMs }) => mediaTimeMs < toMs)
  return within
}

const read = async (file: FileHandle, offset: number, length: number): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at, offset + at)
    if (bytesRead === 0) throw new Error('a bundle is shorter than its journal says')
    at += bytesRead
  }
  return bytes
}

/** undefined if nothing was recorded there. */
export const cutRecording = async (request: CutRequest): Promise<Cut | undefined> => {
  const journal = await readJournal(request.from)
  const parts = journal ? partsWithin(journal, request.fromMs, request.toMs) : []
  const [first] = parts
  if (journal === undefined || first === undefined) return undefined
  if (parts.reduce((sum, { length }) => sum + length, 0) > maxBytes) return undefined
  await mkdir(request.to, { recursive: true })
  try {
    await copy(request, journal, parts, first.mediaTimeMs)
  } catch (error) {
    await rm(request.to, { recursive: true, force: true })
    throw error
  }
  return { fromMs: first.mediaTimeMs, durationMs: parts.reduce((sum, { durationMs }) => sum + durationMs, 0) }
}

const copy = async (
  { from, to, sessionId, roomId, startedAtMs }: CutRequest,
  journal: Journal,
  parts: readonly JournalPart[],
  originMs: number,
): Promise<void> => {
  await using bundles = new AsyncDisposableStack()
  const opened = new Map<number, FileHandle>()
  const bundle = async (n: number): Promise<FileHandle> => {
    const known = opened.get(n) ?? bundles.use(await open(bundleFile(from, n), 'r'))
    opened.set(n, known)
    return known
  }
  const target = bundles.use(await open(bundleFile(to, 0), 'wx'))
  const lines: JournalLine[] = [{ t: 'open', v: 1, sessionId, roomId, startedAtMs }]
  let offset = 0
  const append = async (b: number, o: number, l: number): Promise<number> => {
    await target.appendFile(await read(await bundle(b), o, l))
    offset += l
    return offset - l
  }
  let init: JournalInit | undefined
  for (const part of parts) {
    const needed = journal.inits.findLast(({ n }) => n === part.init)
    if (needed === undefined) continue
    if (init?.n !== needed.n) {
      init = needed
      const o = await append(needed.bundle, needed.offset, needed.length)
      lines.push({ t: 'init', n: needed.n, b: 0, o, l: needed.length, tracks: needed.tracks })
    }
    const o = await append(part.bundle, part.offset, part.length)
    lines.push(lineOf(part, o, originMs))
  }
  lines.push({ t: 'end', atMs: startedAtMs })
  await target.sync()
  const written = bundles.use(await open(journalFile(to), 'wx'))
  await written.appendFile(lines.map((line) => JSON.stringify(line) + '\n').join(''))
  await written.sync()
}

const lineOf = (part: JournalPart, o: number, originMs: number): JournalLine => ({
  t: 'part',
  s: part.msn,
  p: part.part,
  i: part.init,
  b: 0,
  o,
  l: part.length,
  d: part.durationMs,
  m: part.mediaTimeMs - originMs,
  pdt: part.pdtMs,
  ...(part.independent ? { k: 1 as const } : {}),
  ...(part.discontinuity && part.part === 0 ? { x: 1 as const } : {}),
})
