/** Owns the list of words that may not be said on this site; kept for half a minute, so that a comment needs no look. */
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import * as store from './store.ts'

const keepMs = 30_000
/** In `site_value`: one word per line. */
export const refusedWordsName = 'refused_words'

export const createRefusedWords = ({ db, clock }: { db: Db; clock: Clock }) => {
  let words: readonly string[] = []
  let readMs = -Infinity
  return async (): Promise<readonly string[]> => {
    if (clock.now() - readMs < keepMs) return words
    const value = (await store.findValue(db, refusedWordsName)) ?? ''
    words = value
      .split('\n')
      .map((word) => word.trim())
      .filter((word) => word !== '')
    readMs = clock.now()
    return words
  }
}
