/** Checks which blocks of danmaku are asked for, and that each comes once. */
import { describe, expect, it } from 'vitest'
import type { Danmaku } from '../../api/shapes.ts'
import { createRanges } from './ranges.ts'

const item = (id: string, media_time: number): Danmaku => ({
  id,
  user: { id: 'u', nickname: 'n' },
  text: id,
  color: '#ffffff',
  mode: 'scroll',
  size: 'normal',
  media_time,
  sent_at: '2026-01-01T00:00:00.000Z',
})
const settle = () => new Promise((done) => setTimeout(done))

describe('ranges', () => {
  it('loads the block of the playhead once, and the next one shortly before its end', async () => {
    const asked: number[] = []
    const ranges = createRanges({
      read: (from) => {
        asked.push(from)
        return Promise.resolve([item(`d${from}`, from + 1)])
      },
    })
    for (const position of [0, 10, 39]) ranges.want(position)
    await settle()
    expect(asked).toEqual([0])
    ranges.want(40)
    ranges.want(59)
    await settle()
    expect(asked).toEqual([0, 60])
    ranges.want(185)
    await settle()
    expect(asked).toEqual([0, 60, 180])
  })

  it('gives each danmaku in order and only within the stretch', async () => {
    const ranges = createRanges({
      read: () => Promise.resolve([item('b', 5), item('a', 2), item('c', 5.5)]),
    })
    ranges.want(0)
    await settle()
    expect(ranges.between(0, 5).map(({ id }) => id)).toEqual(['a'])
    expect(ranges.between(5, 5.5).map(({ id }) => id)).toEqual(['b'])
    ranges.add(item('x', 5.1))
    ranges.remove('b')
    expect(ranges.between(5, 6).map(({ id }) => id)).toEqual(['x', 'c'])
  })

  it('asks again after a failure, but not at once', async () => {
    let nowMs = 0
    let calls = 0
    const ranges = createRanges({
      nowMs: () => nowMs,
      read: () => {
        calls += 1
        return calls === 1 ? Promise.reject(new Error('cut')) : Promise.resolve([item('a', 1)])
      },
    })
    ranges.want(1)
    await settle()
    ranges.want(1)
    await settle()
    expect(calls).toBe(1)
    nowMs = 6000
    ranges.want(1)
    await settle()
    expect(calls).toBe(2)
    expect(ranges.all()).toHaveLength(1)
  })
})
