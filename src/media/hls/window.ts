/**
 * Owns the newest stretch of a session in memory: which segments and parts there are and their bytes. What left
 * the playlist stays fetchable for 6 × TARGETDURATION (RFC 8216 §6.2.2); what is older is dropped.
 */
import type { HlsUpdate, InitUpdate, PartUpdate, SessionShape } from './updates.ts'

export interface Segment {
  readonly msn: number
  readonly init: number
  readonly discontinuity: boolean
  readonly discontinuitySequence: number
  readonly mediaTimeMs: number
  readonly pdtMs: number
  /** Begins with an IDR. */
  readonly independent: boolean
  readonly parts: PartUpdate[]
  durationMs: number
  closed: boolean
  whole: Buffer | undefined
}

export interface HlsWindow {
  readonly shape: SessionShape | undefined
  /** Retained, oldest first; the last one may be open. */
  readonly segments: readonly Segment[]
  /** Where the playlists begin, an index into `segments`. */
  readonly listedFrom: number
  /** Grows with every update. */
  readonly version: number
  /** No more parts will come. */
  readonly ended: boolean
  apply(update: HlsUpdate): void
  /** Closes the open segment as it is: its packager is gone. */
  interrupt(): void
  end(): void
  init(n: number): Buffer | undefined
  part(msn: number, part: number): Buffer | undefined
  segment(msn: number): Buffer | undefined
  /** What a new reader needs, oldest first. */
  snapshot(): HlsUpdate[]
  readonly bytes: number
}

// Delta updates skip what is older than 6 × TARGETDURATION, so a playlist is a little longer than that.
const listedTargets = 7
const usualRetained = 6

/** `retainedTargets` is how long what left the playlist stays; whoever serves nobody itself needs less. */
export const createWindow = (retainedTargets = usualRetained): HlsWindow => {
  let shape: SessionShape | undefined
  let segments: Segment[] = []
  let listedFrom = 0
  let version = 0
  let ended = false
  let bytes = 0
  const inits = new Map<number, InitUpdate>()

  const drop = (count: number): void => {
    for (const segment of segments.slice(0, count)) {
      for (const part of segment.parts) bytes -= part.bytes.length
    }
    segments = segments.slice(count)
    listedFrom = Math.max(0, listedFrom - count)
    const used = new Set(segments.map((segment) => segment.init))
    const newest = Math.max(...inits.keys())
    for (const n of inits.keys()) if (!used.has(n) && n !== newest) inits.delete(n)
  }

  const trim = (): void => {
    if (shape === undefined) return
    const targetMs = shape.targetDurationS * 1000
    let durationMs = 0
    let listed = segments.length
    while (listed > 0 && durationMs < listedTargets * targetMs)
      durationMs += segments[--listed]?.durationMs ?? 0
    listedFrom = Math.max(listedFrom, listed)
    let keep = listedFrom
    let beyondMs = 0
    while (keep > 0 && beyondMs < retainedTargets * targetMs) beyondMs += segments[--keep]?.durationMs ?? 0
    if (keep > 0) drop(keep)
  }

  const openSegment = (update: PartUpdate): Segment => {
    const last = segments.at(-1)
    if (last !== undefined) last.closed = true
    const segment: Segment = {
      msn: update.msn,
      init: update.init,
      discontinuity: update.discontinuity,
      discontinuitySequence: update.discontinuitySequence,
      mediaTimeMs: update.mediaTimeMs,
      pdtMs: update.pdtMs,
      independent: update.independent,
      parts: [],
      durationMs: 0,
      closed: false,
      whole: undefined,
    }
    segments.push(segment)
    return segment
  }

  const addPart = (update: PartUpdate): void => {
    const last = segments.at(-1)
    if (last !== undefined && update.msn < last.msn) return
    if (last !== undefined && update.msn > last.msn + 1) {
      // Numbers are missing in between: a playlist can't have holes, so it begins anew.
      drop(segments.length)
      listedFrom = 0
    }
    const current = segments.at(-1)
    const segment = current?.msn === update.msn ? current : openSegment(update)
    if (segment.closed || update.part !== segment.parts.length) return
    segment.parts.push(update)
    segment.durationMs += update.durationMs
    bytes += update.bytes.length
    if (update.final) segment.closed = true
    trim()
  }

  const find = (msn: number): Segment | undefined => segments[msn - (segments[0]?.msn ?? 0)]

  return {
    get shape() {
      return shape
    },
    get segments() {
      return segments
    },
    get listedFrom() {
      return listedFrom
    },
    get version() {
      return version
    },
    get ended() {
      return ended
    },
    get bytes() {
      return bytes
    },
    apply(update) {
      version++
      if (update.type === 'shape') shape = update.shape
      else if (update.type === 'init') inits.set(update.n, update)
      else addPart(update)
    },
    interrupt() {
      const last = segments.at(-1)
      if (last === undefined || last.closed) return
      last.closed = true
      version++
    },
    end() {
      const last = segments.at(-1)
      if (last !== undefined) last.closed = true
      ended = true
      version++
    },
    init: (n) => inits.get(n)?.bytes,
    part: (msn, part) => find(msn)?.parts[part]?.bytes,
    segment(msn) {
      const segment = find(msn)
      if (segment?.closed !== true) return undefined
      segment.whole ??= join(segment)
      return segment.whole
    },
    snapshot() {
      const updates: HlsUpdate[] = shape === undefined ? [] : [{ type: 'shape', shape }]
      updates.push(...inits.values())
      for (const segment of segments) updates.push(...segment.parts)
      return updates
    },
  }
}

// The parts become views of the whole, so that nothing is held twice.
const join = (segment: Segment): Buffer => {
  const whole = Buffer.concat(segment.parts.map((part) => part.bytes))
  let at = 0
  segment.parts.forEach((part, i) => {
    segment.parts[i] = { ...part, bytes: whole.subarray(at, at + part.bytes.length) }
    at += part.bytes.length
  })
  return whole
}
