/** What a room's sockets are sent: encoded once, together where they take it, thinned in a flood, never out of order. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RoomSocketServer } from '../../contract/live.ts'
import type { LiveDanmaku } from './chat.ts'
import { createOutgoing } from './outgoing.ts'

const danmaku = (n: number): LiveDanmaku => ({
  type: 'danmaku',
  id: `d${String(n).padStart(5, '0')}`,
  user: { id: `u${n}`, nickname: 'n' },
  text: `text ${n}`,
  color: '#ffffff',
  mode: 'scroll',
  size: 'normal',
  media_time: n,
  sent_at: '2026-01-01T00:00:00.000Z',
  owner: false,
  moderator: false,
})

const setUp = () => {
  const receiver = (id: string, takesBatches: boolean) => {
    const frames: Buffer[] = []
    return { id, takesBatches, frames, send: (frame: Buffer) => void frames.push(frame) }
  }
  const receivers = [receiver('a', true), receiver('b', true), receiver('plain', false)] as const
  const sent: string[] = []
  const outgoing = createOutgoing({
    now: () => Date.now(),
    receivers,
    onSent: (message) => void ('id' in message && sent.push(message.id)),
  })
  const read = (frames: readonly Buffer[]) =>
    frames.map((frame) => JSON.parse(frame.toString()) as RoomSocketServer)
  const idsOf = (frames: readonly Buffer[]): string[] =>
    read(frames).flatMap((message) => {
      const items = message.type === 'batch' ? message.items : [message]
      return items.flatMap((item) => ('id' in item ? [item.id] : []))
    })
  return { receivers, outgoing, sent, read, idsOf }
}

describe('what a room sends', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('goes out at once when it is quiet, and as the same bytes for all', () => {
    const { receivers, outgoing } = setUp()
    outgoing.add(danmaku(1), { mayDrop: true })
    const [a, b, plain] = receivers
    expect(a.frames).toHaveLength(1)
    expect(a.frames[0]).toBe(b.frames[0])
    expect(a.frames[0]).toBe(plain.frames[0])
  })

  it('goes out together within 100 ms: one frame for who takes batches, each by itself for who does not', () => {
    const { receivers, outgoing, read, idsOf } = setUp()
    for (let n = 0; n < 6; n++) outgoing.add(danmaku(n), { mayDrop: true })
    vi.advanceTimersByTime(100)
    const [a, b, plain] = receivers
    expect(read(a.frames).map(({ type }) => type)).toEqual(['danmaku', 'batch'])
    expect(a.frames[1]).toBe(b.frames[1])
    expect(plain.frames).toHaveLength(6)
    expect(idsOf(a.frames)).toEqual(idsOf(plain.frames))
    outgoing.close()
  })

  it('goes out together also where telling everybody takes longer than 100 ms', () => {
    let nowMs = 0
    const frames: Buffer[] = []
    const crowd = {
      id: 'crowd',
      takesBatches: true,
      send: (frame: Buffer) => {
        frames.push(frame)
        nowMs += 150
      },
    }
    const outgoing = createOutgoing({ now: () => nowMs, receivers: [crowd], onSent: () => undefined })
    for (let n = 0; n < 4; n++) outgoing.add(danmaku(n), { mayDrop: true })
    expect(frames).toHaveLength(1)
    vi.advanceTimersByTime(100)
    expect(frames).toHaveLength(2)
    expect(JSON.parse(String(frames[1]))).toMatchObject({ type: 'batch', items: [{}, {}, {}] })
    outgoing.close()
  })

  it('never comes back to the socket that wrote it', () => {
    const { receivers, outgoing, idsOf } = setUp()
    for (let n = 0; n < 6; n++) outgoing.add(danmaku(n), { from: n % 2 === 0 ? 'a' : 'plain', mayDrop: true })
    vi.advanceTimersByTime(100)
    const [a, b, plain] = receivers
    expect(idsOf(a.frames)).toEqual(['d00001', 'd00003', 'd00005'])
    expect(idsOf(plain.frames)).toEqual(['d00000', 'd00002', 'd00004'])
    expect(idsOf(b.frames)).toHaveLength(6)
  })

  it('is thinned to 50 danmaku a second, in order, says how many are missing, and keeps what must not be missed', () => {
    const { receivers, outgoing, read, sent } = setUp()
    // Ten seconds of 500 a second, with a gift in each.
    for (let tick = 0; tick < 1000; tick++) {
      for (let n = 0; n < 5; n++) outgoing.add(danmaku(tick * 5 + n), { mayDrop: true })
      if (tick % 100 === 0) outgoing.add({ type: 'deleted', id: `gone${tick}` })
      vi.advanceTimersByTime(10)
    }
    vi.advanceTimersByTime(200)
    const shown = sent.filter((id) => id.startsWith('d'))
    // 50 to begin with, then 50 a second.
    expect(shown.length).toBeGreaterThan(500)
    expect(shown.length).toBeLessThanOrEqual(560)
    expect(shown).toEqual([...shown].sort())
    expect(sent.filter((id) => id.startsWith('gone'))).toHaveLength(10)
    const skipped = read(receivers[0].frames).reduce(
      (sum, message) => sum + (message.type === 'batch' ? message.skipped : 0),
      0,
    )
    expect(skipped + shown.length).toBe(5000)
    // By chance, not the first of each window: later ones are among them.
    const places = new Set(shown.map((id) => Number(id.slice(1)) % 50))
    expect(places.size).toBeGreaterThan(30)
  })

  it('can be taken back while it waits, and flushed before somebody joins', () => {
    const { receivers, outgoing, idsOf } = setUp()
    for (let n = 0; n < 4; n++) outgoing.add(danmaku(n), { mayDrop: true })
    outgoing.forget((message) => message.type === 'danmaku' && message.user.id === 'u2')
    outgoing.flush()
    expect(idsOf(receivers[1].frames)).toEqual(['d00000', 'd00001', 'd00003'])
    vi.advanceTimersByTime(200)
    expect(receivers[1].frames).toHaveLength(2)
  })
})
