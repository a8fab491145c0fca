import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { hasService, testServices } from '../db/testing.ts'
import { silentLog } from '../log/log.ts'
import { busContract } from './bus.contract.ts'
import { createMemoryBus } from './memory.ts'
import { createRedisBus } from './redis.ts'

const redisBus = (log = silentLog, prefix = `test:${randomBytes(6).toString('hex')}:`) =>
  createRedisBus({ urls: [testServices.redisUrl], prefix, log })

busContract('memory', async (log) => createMemoryBus({ log }))

if (hasService('Redis', testServices.redisUrl)) {
  busContract('redis', (log) => redisBus(log))

  describe('bus redis', () => {
    it('reaches other processes and subscribes again after the connection broke', async () => {
      const prefix = `test:${randomBytes(6).toString('hex')}:`
      await using here = await redisBus(silentLog, prefix)
      await using there = await redisBus(silentLog, prefix)
      const seen: unknown[] = []
      await here.subscribe('a', (message) => void seen.push(message))
      await there.publish('a', 1)
      await expect.poll(() => seen).toEqual([1])
      const admin = new Redis(testServices.redisUrl)
      const list = String(await admin.client('LIST', 'TYPE', 'PUBSUB'))
      for (const line of list.split('\n')) {
        // Only ours: others use this server.
        const id = line.includes(`name=${prefix}subscriber`) ? /^id=(\d+) /.exec(line)?.[1] : undefined
        if (id !== undefined) await admin.client('KILL', 'ID', id)
      }
      admin.disconnect()
      await expect
        .poll(
          async () => {
            await there.publish('a', 2)
            return seen.includes(2)
          },
          { timeout: 5000 },
        )
        .toBe(true)
    })
  })
}

describe('bus redis, away', () => {
  it('starts, publishes and subscribes without throwing', async () => {
    await using bus = await createRedisBus({
      urls: ['redis://127.0.0.1:1'],
      prefix: 't:',
      log: silentLog,
      timeoutMs: 100,
    })
    await bus.publish('a', 1)
    const off = await bus.subscribe('a', () => undefined)
    void off
  })
})
