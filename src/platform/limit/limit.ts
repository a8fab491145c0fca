/** Owns rate limits: how often one key may do one thing. Without its shared store it falls back to stricter limits in process, never to none. */
import type { Redis, Cluster } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { AppError } from '../errors/app-error.ts'

export interface LimitRule {
  readonly name: string
  /** How many in the window. */
  readonly points: number
  readonly windowS: number
}

export interface Limit {
  /** Counts one; throws `rate_limited` with the time to wait when there were too many. */
  take(key: string, points?: number): Promise<void>
  /** True if the next `take` would throw; counts nothing. */
  isSpent(key: string): Promise<boolean>
  /** Forgets what was counted. */
  reset(key: string): Promise<void>
}

export interface Limits {
  create(rule: LimitRule): Limit
}

/** `enabled: false` makes limits that never refuse: for tests whose subject is something else. */
export const createLimits = (options: { redis?: Redis | Cluster; enabled: boolean }): Limits => ({
  create: (rule) => (options.enabled ? createLimit(rule, options.redis) : unlimited),
})

const unlimited: Limit = {
  take: async () => undefined,
  isSpent: async () => false,
  reset: async () => undefined,
}

const createLimit = (rule: LimitRule, redis: Redis | Cluster | undefined): Limit => {
  const limiter = limiterOf(rule, redis)
  return {
    async take(key, points = 1) {
      try {
        await limiter.consume(key, points)
      } catch (error) {
        if (error instanceof RateLimiterRes)
          throw new AppError('rate_limited', { retryAfterS: error.msBeforeNext / 1000 })
        throw new AppError('unavailable', { cause: error })
      }
    },
    async isSpent(key) {
      const state = await limiter.get(key)
      return state !== null && state.remainingPoints <= 0
    },
    async reset(key) {
      await limiter.delete(key)
    },
  }
}

const limiterOf = (rule: LimitRule, redis: Redis | Cluster | undefined): RateLimiterAbstract => {
  const common = { keyPrefix: `limit:${rule.name}`, points: rule.points, duration: rule.windowS }
  if (redis === undefined) return new RateLimiterMemory(common)
  return new RateLimiterRedis({
    ...common,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: new RateLimiterMemory({ ...common, points: Math.max(1, Math.floor(rule.points / 2)) }),
  })
}
