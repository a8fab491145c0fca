/** Owns what every kv adapter must do. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Kv } from './kv.ts'

export const kvContract = (name: string, open: () => Promise<Kv>): void => {
  describe(`kv ${name}`, () => {
    let kv: Kv
    beforeAll(async () => {
      kv = await open()
    })
    afterAll(() => kv[Symbol.asyncDispose]())

    it('keeps a value until its time is over', async () => {
      expect(await kv.get('a')).toBeUndefined()
      await kv.set('a', '值', 80)
      expect(await kv.get('a')).toBe('值')
      await kv.set('a', '', 80)
      expect(await kv.get('a')).toBe('')
      await sleep(120)
      expect(await kv.get('a')).toBeUndefined()
    })

    it('sets for one of 50 at once, and again when it has expired', async () => {
      const set = (n: number) => kv.setIfAbsent('b', String(n), 80)
      const results = await Promise.all(Array.from({ length: 50 }, (_, n) => set(n)))
      expect(results.filter(Boolean)).toHaveLength(1)
      expect(await kv.get('b')).toBe(String(results.indexOf(true)))
      await sleep(120)
      expect(await set(1)).toBe(true)
    })

    it('gives a value to one of 50 that take it at once', async () => {
      await kv.set('c', 'secret', 5000)
      const taken = await Promise.all(Array.from({ length: 50 }, () => kv.getdel('c')))
      expect(taken.filter((value) => value === 'secret')).toHaveLength(1)
      expect(taken.filter((value) => value === undefined)).toHaveLength(49)
    })

    it('counts exactly, and starts again after the time of the first', async () => {
      const sums = await Promise.all(Array.from({ length: 50 }, () => kv.incr('d', 150)))
      expect(sums.sort((x, y) => x - y)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
      await sleep(100)
      await kv.incr('d', 150)
      await sleep(100)
      expect(await kv.incr('d', 150)).toBe(1)
    })

    it('deletes, and deletes only what is still the same', async () => {
      await kv.set('e', 'mine', 5000)
      expect(await kv.compareAndDelete('e', 'other')).toBe(false)
      expect(await kv.compareAndDelete('e', 'mine')).toBe(true)
      expect(await kv.compareAndDelete('e', 'mine')).toBe(false)
      await kv.set('e', 'x', 5000)
      await kv.delete('e')
      expect(await kv.get('e')).toBeUndefined()
    })
  })
}
