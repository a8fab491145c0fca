/**
 * Owns the answers that everybody without an account gets alike, kept for a moment so that a crowd costs one look
 * into the database. It refuses to grow, and whatever is written through this process empties it.
 */

const lifeMs = 1_000
const mostAnswers = 500
/** Longer answers are rare and would push out many short ones. */
const mostBytes = 64 * 1024
/** When more is written than this, emptying at each write would keep nothing: then the life alone decides. */
const emptiedPerSecond = 20

interface Kept {
  readonly answer: Promise<Buffer>
  readonly untilMs: number
}

export interface SharedAnswers {
  find(key: string): Promise<Buffer> | undefined
  /** Gives it back. All who ask before it is made wait for the same; a failure is not kept. */
  keep(key: string, answer: Promise<Buffer>): Promise<Buffer>
  /** Something was written. */
  written(): void
}

export const createSharedAnswers = (now: () => number = () => performance.now()): SharedAnswers => {
  const kept = new Map<string, Kept>()
  let emptied = { sinceMs: now(), times: 0 }

  return {
    find(key) {
      const found = kept.get(key)
      return found !== undefined && found.untilMs > now() ? found.answer : undefined
    },
    keep(key, answer) {
      const entry = { answer, untilMs: now() + lifeMs }
      // Set again at the end: a Map keeps the order of insertion.
      kept.delete(key)
      kept.set(key, entry)
      const [oldest] = kept.keys()
      if (kept.size > mostAnswers && oldest !== undefined) kept.delete(oldest)
      const forget = (): void => {
        if (kept.get(key) === entry) kept.delete(key)
      }
      answer.then((body) => {
        if (body.length > mostBytes) forget()
      }, forget)
      return answer
    },
    written() {
      const nowMs = now()
      if (nowMs - emptied.sinceMs >= 1_000) emptied = { sinceMs: nowMs, times: 0 }
      emptied.times++
      if (emptied.times <= emptiedPerSecond) kept.clear()
    },
  }
}
