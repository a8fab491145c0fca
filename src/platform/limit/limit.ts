/**
 * Owns rate limits: how often one key may do one thing. Without its shared store it falls back to stricter limits in
 * process, never to none.
 */
import type { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { AppError } from '../errors/app-error.ts'
import type { Log } from '../log/log.ts'
import { networksOf } from './network.ts'

export interface LimitRule {
  readonly name: string
  /** How many in the window. */
  readonly points: number
  readonly windowS: number
  /** The keys are addresses: those of one IPv6 /64 count as one, and all of a network (/24, /48) together get so many. */
  readonly networkPoints?: number
}

export interface Limit {
  /** Counts `points` (1); throws `rate_limited` with the time to wait when there were too many. */
  take(key: string, points?: number): Promise<void>
}

export interface Limits extends AsyncDisposable {
  create(rule: LimitRule): Limit
}

/** `enabled: false` makes limits that never refuse: for tests whose subject is something else. */
export const createLimits = async (options: {
  redisUrls: readonly string[]
  enabled: boolean
  log: Log
}): Promise<Limits> => {
  const redis = options.enabled ? await connect(options.redisUrls, options.log) : undefined
  return {
    create: (rule) => (options.enabled ? createLimit(rule, redis) : unlimited),
    async [Symbol.asyncDispose]() {
      redis?.disconnect()
    },
  }
}

const unlimited: Limit = { take: async () => undefined }

const connect = async (urls: readonly string[], log: Log): Promise<Redis | undefined> => {
  const [url] = urls
  if (url === undefined) return undefined
  const { Redis: Client } = await import('ioredis')
  const client = new Client(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 500 })
  client.on('error', (error: Error) => log.debug({ err: error }, 'rate limits can not reach Redis'))
  return client
}

const createLimit = (rule: LimitRule, redis: Redis | undefined): Limit => {
  const limiter = limiterOf(rule, redis)
  const { name, networkPoints } = rule
  const around =
    networkPoints === undefined
      ? undefined
      : limiterOf({ ...rule, name: `${name}.network`, points: networkPoints }, redis)
  return {
    async take(key, points = 1) {
      try {
        const networks = around && networksOf(key)
        await limiter.consume(networks?.own ?? key, points)
        if (networks) await around.consume(networks.around, points)
      } catch (error) {
        if (error instanceof RateLimiterRes)
          throw new AppError('rate_limited', { retryAfterS: error.msBeforeNext / 1000 })
        throw new AppError('unavailable', { cause: error })
      }
    },
  }
}

const limiterOf = (rule: LimitRule, redis: Redis | undefined): RateLimiterAbstract => {
  const common = { keyPrefix: `limit:${rule.name}`, points: rule.points, duration: rule.windowS }
  if (redis === undefined) return new RateLimiterMemory(common)
  return new RateLimiterRedis({
    ...common,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: new RateLimiterMemory({ ...common, points: Math.max(1, Math.floor(rule.points / 2)) }),
  })
}
