/**
 * Owns publish and subscribe between processes, over Redis. While Redis is away messages are lost; after that every
 * channel is subscribed again.
 */
import type { Cluster, Redis } from 'ioredis'
import type { Log } from '../log/log.ts'
import type { Bus } from './bus.ts'
import { createHandlers } from './handlers.ts'

export interface RedisBusDeps {
  /** Several are the nodes of one cluster. */
  urls: readonly string[]
  prefix: string
  log: Log
  timeoutMs?: number
}

export const createRedisBus = async (deps: RedisBusDeps): Promise<Bus> => {
  const { prefix, log, timeoutMs = 1000 } = deps
  const handlers = createHandlers(log)
  // A connection that subscribes can do nothing else.
  const publisher = await connect(deps.urls, {
    connectionName: `${prefix}publisher`,
    commandTimeout: timeoutMs,
    enableOfflineQueue: false,
  })
  const subscriber = await connect(deps.urls, {
    connectionName: `${prefix}subscriber`,
    autoResubscribe: true,
    enableOfflineQueue: true,
  })
  let down = false
  const lost = (error: Error): void => {
    if (!down) log.error({ err: error }, 'the bus can not reach Redis')
    down = true
  }
  for (const client of [publisher, subscriber]) client.on('error', lost)
  publisher.on('ready', () => {
    if (down) log.info({}, 'the bus reaches Redis again')
    down = false
  })
  subscriber.on('message', (channel: string, text: string) => {
    handlers.delivery(channel.slice(prefix.length), text)()
  })

  return {
    async publish(channel, message) {
      try {
        await publisher.publish(prefix + channel, JSON.stringify(message))
      } catch (error) {
        log.debug({ err: error, channel }, 'a message was lost')
      }
    },
    async subscribe(channel, handler) {
      const { first, remove } = handlers.add(channel, handler)
      // Without Redis this is made up for on connecting; the caller must not wait for that.
      const subscribed = first ? subscriber.subscribe(prefix + channel) : Promise.resolve()
      const settled = subscribed.then(
        () => undefined,
        (error: unknown) => log.warn({ err: error, channel }, 'the bus could not subscribe'),
      )
      await Promise.race([settled, new Promise<void>((resolve) => setTimeout(resolve, timeoutMs).unref())])
      return async () => {
        if (!remove()) return
        await subscriber.unsubscribe(prefix + channel).catch((error: unknown) => {
          log.debug({ err: error, channel }, 'the bus could not unsubscribe')
        })
      }
    },
    async [Symbol.asyncDispose]() {
      handlers.clear()
      publisher.disconnect()
      subscriber.disconnect()
    },
  }
}

const connect = async (
  urls: readonly string[],
  options: {
    connectionName: string
    commandTimeout?: number
    autoResubscribe?: boolean
    enableOfflineQueue: boolean
  },
): Promise<Redis | Cluster> => {
  const { Cluster, Redis } = await import('ioredis')
  const all = {
    ...options,
    connectTimeout: 5000,
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => Math.min(2000, 50 * times),
  }
  const [url, ...others] = urls
  if (url === undefined) throw new Error('Redis needs an address')
  const client = others.length === 0 ? new Redis(url, all) : new Cluster([...urls], { redisOptions: all })
  await new Promise<void>((resolve) => {
    client.once('ready', () => resolve())
    client.once('error', () => resolve())
  })
  return client
}
