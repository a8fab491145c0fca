/** Owns what every bus adapter must do. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Log } from '../log/log.ts'
import { silentLog } from '../log/log.ts'
import type { Bus } from './bus.ts'

const wait = { timeout: 3000, interval: 5 }

export const busContract = (name: string, open: (log: Log) => Promise<Bus>): void => {
  describe(`bus ${name}`, () => {
    let bus: Bus
    const error = vi.fn()
    beforeAll(async () => {
      bus = await open({ ...silentLog, error })
    })
    afterAll(() => bus[Symbol.asyncDispose]())

    it('delivers to every subscriber of the channel, in order, to the publisher too', async () => {
      const seen: unknown[][] = [[], [], []]
      await bus.subscribe('a', (message) => void seen[0]?.push(message))
      await bus.subscribe('a', (message) => void seen[1]?.push(message))
      await bus.subscribe('other', (message) => void seen[2]?.push(message))
      const messages = [{ n: 1, text: '你好' }, null, [1, 'two']]
      for (const message of messages) await bus.publish('a', message)
      await vi.waitFor(() => expect(seen).toEqual([messages, messages, []]), wait)
    })

    it('keeps one handler that throws from hurting others', async () => {
      const seen: unknown[] = []
      await bus.subscribe('b', () => {
        throw new Error('at once')
      })
      await bus.subscribe('b', () => Promise.reject(new Error('later')))
      await bus.subscribe('b', (message) => void seen.push(message))
      await bus.publish('b', 1)
      await vi.waitFor(() => expect(seen).toEqual([1]), wait)
      await vi.waitFor(() => expect(error).toHaveBeenCalledTimes(2), wait)
    })

    it('gives nothing after unsubscribing, and others still', async () => {
      const seen: string[] = []
      const handler = (): void => void seen.push('same')
      const off = await bus.subscribe('c', handler)
      await bus.subscribe('c', handler)
      await off()
      await off()
      await bus.publish('c', 1)
      await vi.waitFor(() => expect(seen).toEqual(['same']), wait)
      const offD = await bus.subscribe('d', () => void seen.push('d'))
      await offD()
      await bus.publish('d', 1)
      await bus.subscribe('d', () => void seen.push('again'))
      await bus.publish('d', 1)
      await vi.waitFor(() => expect(seen).toEqual(['same', 'again']), wait)
    })
  })
}
