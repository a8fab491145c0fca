/** Owns the choice where short-lived values and messages live: in this process or in Redis. */
import type { Config } from './config/load.ts'
import type { Bus } from './platform/bus/bus.ts'
import { createMemoryBus } from './platform/bus/memory.ts'
import type { Clock } from './platform/clock/clock.ts'
import type { Kv } from './platform/kv/kv.ts'
import { createMemoryKv } from './platform/kv/memory.ts'
import type { Log } from './platform/log/log.ts'

const prefix = 'vireo:'

export const createSharedMemory = async (deps: {
  config: Config
  clock: Clock
  log: Log
}): Promise<{ kv: Kv; bus: Bus }> => {
  const { config, clock, log } = deps
  if (config.kv.kind === 'memory') return { kv: createMemoryKv({ clock }), bus: createMemoryBus({ log }) }
  // Loaded on demand: one machine alone should not pay for the client.
  const [{ createRedisKv }, { createRedisBus }] = await Promise.all([
    import('./platform/kv/redis.ts'),
    import('./platform/bus/redis.ts'),
  ])
  const { urls } = config.kv
  return { kv: await createRedisKv({ urls, prefix, log }), bus: await createRedisBus({ urls, prefix, log }) }
}
