/** Owns short-lived values shared by several processes, in Redis. It refuses to wait long for an answer. */
import type { Cluster, Redis } from 'ioredis'
import { AppError } from '../errors/app-error.ts'
import type { Log } from '../log/log.ts'
import type { Kv } from './kv.ts'

const compareAndDeleteScript =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"

export interface RedisKvDeps {
  /** `redis://[user:password@]host:port[/db]` or `rediss://…`; several are the nodes of one cluster. */
  urls: readonly string[]
  /** Before every key, so that several installations may share a server. */
  prefix: string
  log: Log
  timeoutMs?: number
}

export const createRedisKv = async (deps: RedisKvDeps): Promise<Kv> => {
  const { prefix, log, timeoutMs = 1000 } = deps
  const client = await connect(deps.urls, timeoutMs)
  let down = false
  client.on('error', (error: Error) => {
    if (!down) log.error({ err: error }, 'Redis can not be reached')
    down = true
  })
  client.on('ready', () => {
    if (down) log.info({}, 'Redis is back')
    down = false
  })

  const ask = async <T>(command: () => Promise<T>): Promise<T> => {
    try {
      return await command()
    } catch (error) {
      throw new AppError('unavailable', { cause: error, retryAfterS: 1 })
    }
  }
  const at = (key: string): string => prefix + key

  return {
    get: (key) => ask(async () => (await client.get(at(key))) ?? undefined),
    set: (key, value, ttlMs) => ask(async () => void (await client.set(at(key), value, 'PX', ttlMs))),
    setIfAbsent: (key, value, ttlMs) =>
      ask(async () => (await client.set(at(key), value, 'PX', ttlMs, 'NX')) === 'OK'),
    getdel: (key) => ask(async () => (await client.getdel(at(key))) ?? undefined),
    incr: (key, ttlMs) =>
      ask(async () => {
        // One transaction: a counter whose time to live got lost would lock somebody out for ever.
        const replies = await client.multi().set(at(key), 0, 'PX', ttlMs, 'NX').incr(at(key)).exec()
        const [error, sum] = replies?.[1] ?? [new Error('Redis did not run the transaction')]
        if (error) throw error
        return Number(sum)
      }),
    delete: (key) => ask(async () => void (await client.del(at(key)))),
    compareAndDelete: (key, value) =>
      ask(async () => (await client.eval(compareAndDeleteScript, 1, at(key), value)) === 1),
    async [Symbol.asyncDispose]() {
      client.disconnect()
    },
  }
}

const connect = async (urls: readonly string[], timeoutMs: number): Promise<Redis | Cluster> => {
  const { Cluster, Redis } = await import('ioredis')
  const options = {
    commandTimeout: timeoutMs,
    connectTimeout: 5000,
    maxRetriesPerRequest: 1,
    // While it is away a command fails at once instead of waiting in a queue that grows.
    enableOfflineQueue: false,
    // A command sent again could count twice.
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times: number) => Math.min(2000, 50 * times),
  }
  const [url, ...others] = urls
  if (url === undefined) throw new Error('Redis needs an address')
  const client =
    others.length === 0
      ? new Redis(url, options)
      : new Cluster([...urls], { redisOptions: options, enableOfflineQueue: false })
  await ready(client)
  return client
}

/** Starts without Redis, too: until it comes every command says `unavailable`. */
const ready = (client: Redis | Cluster): Promise<void> =>
  new Promise((resolve) => {
    client.once('ready', () => resolve())
    client.once('error', () => resolve())
  })
