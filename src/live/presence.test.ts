/** How many watch: exact up to a thousand over all processes, and within two per cent above. */
import { describe, expect, it } from 'vitest'
import { createPresence } from './presence.ts'
import type { Headcount } from './presence.ts'
import { addTo, estimate, hashOf, registers } from './sketch.ts'

const user = (n: number) => ({ userId: `user ${n}` })
const stranger = { userId: undefined }

const setUp = (names: readonly string[]) => {
  let nowMs = 1_000_000
  const nodes = names.map((name) => ({ name, presence: createPresence(name, () => nowMs) }))
  const tick = (ms: number): void => {
    nowMs += ms
    for (const { name, presence } of nodes) {
      const due = presence.due()
      if (due === undefined) continue
      // As over the bus: as JSON, to everybody.
      const said = JSON.parse(JSON.stringify(due)) as Headcount
      for (const other of nodes) other.presence.heard(name, said)
    }
  }
  return { nodes: nodes.map(({ presence }) => presence), tick }
}

describe('the number of viewers', () => {
  it('counts a user once, however many sockets and processes they have, and every stranger', () => {
    const { nodes, tick } = setUp(['a', 'b', 'c'])
    const [a, b, c] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
    for (let n = 0; n < 600; n++) a.add(user(n))
    for (let n = 400; n < 1000; n++) b.add(user(n))
    for (let n = 0; n < 30; n++) c.add(stranger)
    a.add(user(5))
    c.add(user(5))
    tick(2_000)
    tick(2_000)
    expect(nodes.map((node) => node.total())).toEqual([1030, 1030, 1030])
    a.remove(user(5))
    a.remove(user(5))
    c.remove(user(5))
    c.remove(stranger)
    tick(2_000)
    tick(2_000)
    expect(nodes.map((node) => node.total())).toEqual([1028, 1028, 1028])
  })

  it('forgets a process that went silent within 25 seconds, and says again what it knows every ten', () => {
    const { nodes, tick } = setUp(['a', 'b'])
    const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
    b.add(user(1))
    tick(2_000)
    expect(a.total()).toBe(1)
    expect(b.due()).toBeUndefined()
    for (let s = 0; s < 30; s += 2) tick(2_000)
    expect(a.total()).toBe(1)
    const lonely = createPresence('x', () => 0)
    lonely.add(user(1))
    expect(lonely.total()).toBe(1)
  })

  it('is within two per cent for crowds, over processes that share half of them', () => {
    const { nodes, tick } = setUp(['a', 'b'])
    const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
    for (let n = 0; n < 8_000; n++) a.add(user(n))
    for (let n = 4_000; n < 12_000; n++) b.add(user(n))
    tick(2_000)
    tick(2_000)
    for (const node of nodes) expect(Math.abs(node.total() - 12_000) / 12_000).toBeLessThan(0.02)
    expect(a.total()).toBe(b.total())
  })

  it('estimates without bias at every size', () => {
    const sketch = new Uint8Array(registers)
    let next = 0
    let worst = 0
    for (const size of [10, 1_000, 5_000, 20_000, 40_000, 60_000, 100_000]) {
      while (next < size) addTo(sketch, hashOf(`viewer ${next++}`))
      worst = Math.max(worst, Math.abs(estimate(sketch) - size) / size)
    }
    expect(worst).toBeLessThan(0.02)
    expect(estimate(new Uint8Array(registers))).toBe(0)
  })
})
