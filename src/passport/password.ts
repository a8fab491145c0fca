/** Owns password hashes: argon2id in a bounded pool, so that a flood of sign-ins starves nobody else. */
import { hash, verify } from '@node-rs/argon2'
import { AppError } from '../platform/errors/app-error.ts'

// OWASP's recommendation: 19 MiB, two passes, one lane.
export const hashOptions = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export interface Passwords {
  hash(password: string): Promise<string>
  /** False for a wrong password; without a hash (unknown account) it costs the same and is false. */
  verify(stored: string | undefined, password: string): Promise<boolean>
}

/** True for a hash made with other parameters than today's. */
export const isOutdated = (stored: string): boolean => !stored.startsWith('$argon2id$v=19$m=19456,t=2,p=1$')

/** At most `running` hashes at once and `waiting` in line; beyond that `unavailable` with a time to come back. */
export const createPasswords = ({ running, waiting }: { running: number; waiting: number }): Passwords => {
  const line: (() => void)[] = []
  let busy = 0
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (busy >= running) {
      if (line.length >= waiting) throw new AppError('unavailable', { retryAfterS: 2 })
      await new Promise<void>((resolve) => line.push(resolve))
    } else busy++
    try {
      return await work()
    } finally {
      const next = line.shift()
      if (next) next()
      else busy--
    }
  }
  let unknown: Promise<string> | undefined
  return {
    hash: (password) => inTurn(() => hash(password.normalize('NFC'), hashOptions)),
    async verify(stored, password) {
      // The hash of nothing anyone knows: an unknown account costs one hash as a known one does.
      unknown ??= hash(crypto.randomUUID(), hashOptions)
      const against = stored ?? (await unknown)
      const matches = await inTurn(() => verify(against, password.normalize('NFC')))
      return matches && stored !== undefined
    },
  }
}
