/** Owns how often somebody may try a password: per account and per address, with a lane for devices the account knows. */
import type { Clock } from '../platform/clock/clock.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { createMemoryKv } from '../platform/kv/memory.ts'
import type { Kv } from '../platform/kv/kv.ts'
import { networksOf } from '../platform/limit/network.ts'

const windowMs = 15 * 60_000
/** After these a picture is asked for, */
const freeAttempts = 3
/** and after so many that were compared nothing helps until the window is over. */
const mostAttempts = 20
/** Failures from one address, whoever was tried: a picture, and then an end for devices that nobody knows. */
const addressFree = 15
const addressMost = 100

export interface Try {
  /** The account's id, or what was typed where there is none: the same counter for all names of one account. */
  subject: string
  /** The device's key if the account knows it. */
  device: string | undefined
  address: string
  showPicture: () => Promise<void>
}

export type Guard = ReturnType<typeof createGuard>

export const createGuard = ({
  kv,
  clock,
  limitsAddresses,
}: {
  kv: Kv
  clock: Clock
  limitsAddresses: boolean
}) => {
  // Counts beside the shared store: if that forgets, what this process saw still holds.
  const local = createMemoryKv({ clock, maxEntries: 50_000 })
  const count = async (key: string): Promise<number> =>
    Math.max(...(await Promise.all([local.incr(key, windowMs), kv.incr(key, windowMs)])))
  const read = async (key: string): Promise<number> =>
    Math.max(...(await Promise.all([local.get(key), kv.get(key)])).map((text) => Number(text ?? 0)))
  const laneOf = ({ subject, device }: Pick<Try, 'subject' | 'device'>): string =>
    `login:${subject}${device === undefined ? '' : `:${device}`}`
  const addressKey = (address: string): string => `login_failed:${networksOf(address).own}`
  const tooMany = (): AppError => new AppError('rate_limited', { retryAfterS: windowMs / 1000 })

  return {
    /** Counted before anything is compared. Throws `img_code_required`, what the picture says, or `rate_limited`. */
    async admit(attempt: Try): Promise<void> {
      const failures = limitsAddresses ? await read(addressKey(attempt.address)) : 0
      if (failures >= addressMost && attempt.device === undefined) throw tooMany()
      const lane = laneOf(attempt)
      if ((await count(lane)) > freeAttempts || failures >= addressFree) await attempt.showPicture()
      // Counted apart: who brings no picture could shut the owner out for nothing.
      if ((await count(`${lane}:compared`)) > mostAttempts) throw tooMany()
    },
    async failed({ address }: Pick<Try, 'address'>): Promise<void> {
      if (limitsAddresses) await count(addressKey(address))
    },
    async passed(attempt: Pick<Try, 'subject' | 'device'>): Promise<void> {
      const lane = laneOf(attempt)
      for (const key of [lane, `${lane}:compared`]) await Promise.all([local.delete(key), kv.delete(key)])
    },
    close: () => local[Symbol.asyncDispose](),
  }
}
