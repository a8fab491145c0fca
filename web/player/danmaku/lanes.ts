/** Owns which line a danmaku gets: none may touch another, and what has no room is dropped. Pure; times in ms, widths in px. */

export interface Lanes {
  /** The line for a danmaku of `width` that is shown for `durationMs`, or undefined when all are taken. */
  place(width: number, durationMs: number, nowMs: number): number | undefined
  /** Another stage: everything that was on it is forgotten. */
  resize(stageWidth: number, count: number): void
  clear(): void
}

interface Last {
  width: number
  enteredMs: number
  durationMs: number
}

/** Moving ones: from beyond the right edge to beyond the left one, the longer the faster. */
export const createScrollLanes = (stageWidth: number, count: number, gap = 24): Lanes => {
  let width = stageWidth
  let last: (Last | undefined)[] = Array.from({ length: count })

  const speed = (own: number, durationMs: number): number => (width + own) / durationMs

  /** Would one of `own` width that enters now touch `before` at any time? */
  const fits = (before: Last, own: number, durationMs: number, nowMs: number): boolean => {
    const beforeSpeed = speed(before.width, before.durationMs)
    const tail = width + before.width - beforeSpeed * (nowMs - before.enteredMs)
    if (tail + gap > width) return false
    // Two that move evenly are closest at the beginning or when the first one leaves.
    const leavesMs = before.enteredMs + before.durationMs
    return width - speed(own, durationMs) * (leavesMs - nowMs) >= gap || leavesMs <= nowMs
  }

  return {
    place: (own, durationMs, nowMs) => {
      for (let lane = 0; lane < last.length; lane += 1) {
        const before = last[lane]
        if (before && !fits(before, own, durationMs, nowMs)) continue
        last[lane] = { width: own, enteredMs: nowMs, durationMs }
        return lane
      }
      return undefined
    },
    resize: (nextWidth, nextCount) => {
      width = nextWidth
      last = Array.from({ length: nextCount })
    },
    clear: () => {
      last = Array.from({ length: last.length })
    },
  }
}

/** Standing ones: a line is taken until its danmaku goes. */
export const createFixedLanes = (count: number): Lanes => {
  let freeAtMs: number[] = Array.from({ length: count }, () => 0)
  return {
    place: (_own, durationMs, nowMs) => {
      const lane = freeAtMs.findIndex((freeMs) => freeMs <= nowMs)
      if (lane < 0) return undefined
      freeAtMs[lane] = nowMs + durationMs
      return lane
    },
    resize: (_width, nextCount) => {
      freeAtMs = Array.from({ length: nextCount }, () => 0)
    },
    clear: () => {
      freeAtMs.fill(0)
    },
  }
}
