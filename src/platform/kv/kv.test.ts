import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createManualClock, systemClock } from '../clock/clock.ts'
import { hasService, testServices } from '../db/testing.ts'
import { silentLog } from '../log/log.ts'
import { kvContract } from './kv.contract.ts'
import { createMemoryKv } from './memory.ts'
import { createRedisKv } from './redis.ts'

kvContract('memory', async () => createMemoryKv({ clock: systemClock }))
if (hasService('Redis', testServices.redisUrl)) {
  kvContract('redis', () =>
    createRedisKv({
      urls: [testServices.redisUrl],
      prefix: `test:${randomBytes(6).toString('hex')}:`,
      log: silentLog,
    }),
  )
}

describe('kv memory', () => {
  it('security.md #11: stays within its bounds and drops first what would expire first', async () => {
    await using kv = createMemoryKv({ clock: systemClock, maxEntries: 100 })
    await kv.set('keep', 'x', 60_000)
    for (let n = 0; n < 1000; n++) await kv.set(`flood-${n}`, 'x', 1000 + n)
    expect(kv.size).toBeLessThanOrEqual(100)
    expect(await kv.get('keep')).toBe('x')
    expect(await kv.get('flood-999')).toBe('x')
    await using small = createMemoryKv({ clock: systemClock, maxBytes: 10_000 })
    for (let n = 0; n < 50; n++) await small.set(`big-${n}`, 'x'.repeat(1000), 1000 + n)
    expect(small.size).toBeLessThan(6)
  })

  it('sweeps what has expired though nobody asks for it', async () => {
    const clock = createManualClock(0)
    await using kv = createMemoryKv({ clock, sweepMs: 5 })
    await kv.set('a', 'x', 100)
    clock.advance(200)
    await expect.poll(() => kv.size).toBe(0)
  })
})

describe('kv redis', () => {
  it('says unavailable, soon, when nobody answers', async () => {
    await using kv = await createRedisKv({ urls: ['redis://127.0.0.1:1'], prefix: 't:', log: silentLog })
    await expect(kv.get('a')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('says unavailable when the answer takes too long', async () => {
    // Answers the handshake of the client, then nothing.
    const server = createServer((socket) => {
      socket.on('data', (data) => {
        if (/info|client|hello/i.test(data.toString())) socket.write('$0\r\n\r\n+OK\r\n')
      })
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const kv = await createRedisKv({
      urls: [`redis://127.0.0.1:${port}`],
      prefix: 't:',
      log: silentLog,
      timeoutMs: 200,
    })
    const startMs = Date.now()
    await expect(kv.get('a')).rejects.toMatchObject({ code: 'unavailable' })
    expect(Date.now() - startMs).toBeLessThan(1000)
    await kv[Symbol.asyncDispose]()
    server.close()
  })
})
