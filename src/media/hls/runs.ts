/** Owns the map between PDT and media time: stretches in which both advance together. Pure. */
import type { PartUpdate } from './updates.ts'

export interface Run {
  /** Since the session's first frame. */
  mediaTimeMs: number
  /** PDT at `mediaTimeMs`, ms since 1970. */
  pdtMs: number
  durationMs: number
}

/** Adds a part: to the last run if both clocks go on together, as a new run otherwise. Changes `runs`. */
export const extendRuns = (runs: Run[], part: PartUpdate): void => {
  const last = runs.at(-1)
  const endMs = part.mediaTimeMs + part.durationMs
  if (last !== undefined && part.mediaTimeMs < last.mediaTimeMs + last.durationMs - 1) {
    // A snapshot tells again what is known.
    if (endMs <= last.mediaTimeMs + last.durationMs) return
  }
  const together =
    last !== undefined && Math.abs(part.pdtMs - part.mediaTimeMs - (last.pdtMs - last.mediaTimeMs)) < 2
  if (together) last.durationMs = Math.max(last.durationMs, endMs - last.mediaTimeMs)
  else runs.push({ mediaTimeMs: part.mediaTimeMs, pdtMs: part.pdtMs, durationMs: part.durationMs })
}

/** Media time at a PDT, clamped into the runs; a PDT between two runs gives the later one's beginning. */
export const mediaTimeAt = (runs: readonly Run[], pdtMs: number): number | undefined => {
  const last = runs.at(-1)
  if (last === undefined) return undefined
  for (const run of runs) {
    if (pdtMs < run.pdtMs) return run.mediaTimeMs
    if (pdtMs < run.pdtMs + run.durationMs) return run.mediaTimeMs + (pdtMs - run.pdtMs)
  }
  return last.mediaTimeMs + last.durationMs
}
