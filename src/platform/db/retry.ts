/** Owns how often and how long what lost against a concurrent transaction is tried again. */
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

export const maxAttempts = 8

/** Waits longer from attempt to attempt; the jitter keeps two losers from meeting again. */
export const backOff = async (attempt: number): Promise<void> => {
  await sleep(randomInt(1, Math.min(400, 8 * 2 ** attempt)))
}
