/**
 * Owns the recording's journal: `journal.jsonl` beside the bundles, one line per thing written. What it does
 * not name does not exist: bytes behind the last part, or a torn last line, are ignored.
 */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Run } from '../../media/hls/runs.ts'
import type { TrackSummary } from '../../media/hls/updates.ts'

/** Keys are short: a line is written twice a second for every live stream. */
export type JournalLine =
  | { t: 'open'; v: 1; sessionId: string; roomId: string; startedAtMs: number }
  | { t: 'init'; n: number; b: number; o: number; l: number; tracks: TrackSummary[] }
  /** Media segment, part, init, bundle, offset, length, duration ms, media time ms, PDT ms, key, discontinuity. */
  | {
      t: 'part'
      s: number
      p: number
      i: number
      b: number
      o: number
      l: number
      d: number
      m: number
      pdt: number
      k?: 1
      x?: 1
    }
  | { t: 'stop'; reason: string }
  | { t: 'end'; atMs: number }

export interface JournalInit {
  n: number
  bundle: number
  offset: number
  length: number
  tracks: TrackSummary[]
}

export interface JournalPart {
  msn: number
  part: number
  init: number
  bundle: number
  offset: number
  length: number
  durationMs: number
  mediaTimeMs: number
  pdtMs: number
  independent: boolean
  discontinuity: boolean
}

export interface Journal {
  sessionId: string
  roomId: string
  startedAtMs: number
  inits: JournalInit[]
  parts: JournalPart[]
  /** PDT ↔ media time. */
  runs: Run[]
  /** Quota or disk ended it before the session did. */
  stoppedEarly: boolean
  /** The session was ended for good. */
  ended: boolean
  /** Bytes named by the journal. */
  bytes: number
}

export const journalFile = (dir: string): string => join(dir, 'journal.jsonl')
export const bundleFile = (dir: string, bundle: number): string => join(dir, `b${bundle}.mp4`)

const addRun = (runs: Run[], part: JournalPart): void => {
  const last = runs.at(-1)
  const offset = part.pdtMs - part.mediaTimeMs
  if (last !== undefined && Math.abs(offset - (last.pdtMs - last.mediaTimeMs)) < 2) {
    last.durationMs = part.mediaTimeMs + part.durationMs - last.mediaTimeMs
  } else runs.push({ mediaTimeMs: part.mediaTimeMs, pdtMs: part.pdtMs, durationMs: part.durationMs })
}

const apply = (journal: Journal, line: JournalLine): void => {
  if (line.t === 'open') Object.assign(journal, { ...line, t: undefined, v: undefined })
  else if (line.t === 'init') {
    journal.inits.push({ n: line.n, bundle: line.b, offset: line.o, length: line.l, tracks: line.tracks })
    journal.bytes += line.l
  } else if (line.t === 'part') {
    const part: JournalPart = {
      msn: line.s,
      part: line.p,
      init: line.i,
      bundle: line.b,
      offset: line.o,
      length: line.l,
      durationMs: line.d,
      mediaTimeMs: line.m,
      pdtMs: line.pdt,
      independent: line.k === 1,
      discontinuity: line.x === 1,
    }
    journal.parts.push(part)
    journal.bytes += line.l
    addRun(journal.runs, part)
  } else if (line.t === 'stop') journal.stoppedEarly = true
  else journal.ended = true
}

const parseLine = (text: string): JournalLine | undefined => {
  try {
    return JSON.parse(text) as JournalLine
  } catch {
    return undefined // torn by a kill: nothing behind it was acknowledged
  }
}

export const emptyJournal = (): Journal => ({
  sessionId: '',
  roomId: '',
  startedAtMs: 0,
  inits: [],
  parts: [],
  runs: [],
  stoppedEarly: false,
  ended: false,
  bytes: 0,
})

/** A line torn by a kill may stand in the middle, too: the next process begins its own behind it. */
export const applyJournalLine = (journal: Journal, text: string): void => {
  const line = parseLine(text)
  if (line !== undefined) apply(journal, line)
}

/** Reads a recording's journal; undefined if there is none. A day is about 170,000 lines. */
export const readJournal = async (dir: string): Promise<Journal | undefined> => {
  const journal = emptyJournal()
  try {
    const lines = createInterface({ input: createReadStream(journalFile(dir), 'utf8'), crlfDelay: Infinity })
    for await (const text of lines) applyJournalLine(journal, text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return journal.sessionId === '' ? undefined : journal
}

/** What was recorded, in ms: the parts' durations, not the time between them. */
export const recordedMs = (journal: Journal): number =>
  journal.parts.reduce((sum, part) => sum + part.durationMs, 0)
