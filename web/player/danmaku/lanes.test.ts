/** Checks that danmaku in one line never touch, whatever their widths and speeds. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFixedLanes, createScrollLanes } from './lanes.ts'

const stage = 800
const gap = 20

describe('scroll lanes', () => {
  it('uses the first line again as soon as there is room', () => {
    const lanes = createScrollLanes(stage, 3, gap)
    expect(lanes.place(100, 8000, 0)).toBe(0)
    expect(lanes.place(100, 8000, 0)).toBe(1)
    expect(lanes.place(100, 8000, 0)).toBe(2)
    expect(lanes.place(100, 8000, 0)).toBeUndefined()
    expect(lanes.place(100, 8000, 2000)).toBe(0)
  })

  it('keeps a fast long one from running into a slow short one', () => {
    const lanes = createScrollLanes(stage, 1, gap)
    expect(lanes.place(20, 8000, 0)).toBe(0)
    expect(lanes.place(1500, 8000, 700)).toBeUndefined()
    expect(lanes.place(20, 8000, 700)).toBe(0)
  })

  it('never lets two in one line touch', () => {
    const arrival = fc.record({
      width: fc.integer({ min: 10, max: 900 }),
      waitMs: fc.integer({ min: 0, max: 1500 }),
    })
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 40 }), (arrivals) => {
        const lanes = createScrollLanes(stage, 4, gap)
        const durationMs = 8000
        let nowMs = 0
        const placed = arrivals.flatMap(({ width, waitMs }) => {
          nowMs += waitMs
          const lane = lanes.place(width, durationMs, nowMs)
          return lane === undefined ? [] : [{ lane, width, atMs: nowMs }]
        })
        const left = (item: { width: number; atMs: number }, ms: number) =>
          stage - ((stage + item.width) / durationMs) * (ms - item.atMs)
        for (const a of placed) {
          for (const b of placed) {
            if (a === b || a.lane !== b.lane || b.atMs < a.atMs || b.atMs > a.atMs + durationMs) continue
            for (let ms = b.atMs; ms <= a.atMs + durationMs; ms += 50) {
              expect(left(b, ms)).toBeGreaterThanOrEqual(left(a, ms) + a.width - 0.001)
            }
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('forgets everything when the stage changes', () => {
    const lanes = createScrollLanes(stage, 1, gap)
    lanes.place(100, 8000, 0)
    lanes.resize(400, 2)
    expect(lanes.place(100, 8000, 0)).toBe(0)
    expect(lanes.place(100, 8000, 0)).toBe(1)
  })
})

describe('fixed lanes', () => {
  it('takes a line until its danmaku goes', () => {
    const lanes = createFixedLanes(2)
    expect(lanes.place(0, 4000, 0)).toBe(0)
    expect(lanes.place(0, 4000, 0)).toBe(1)
    expect(lanes.place(0, 4000, 3999)).toBeUndefined()
    expect(lanes.place(0, 4000, 4000)).toBe(0)
  })
})
