/** Owns who may write next: one at a time, first come first served. It refuses when too many wait or wait too long. */
import { failed } from './failure.ts'

export interface Turns {
  /** Resolves with the function that ends the turn. */
  take(): Promise<() => void>
}

export const createTurns = (options: { maxWaiting: number; timeoutMs: number }): Turns => {
  const waiting: { go: () => void }[] = []
  let taken = false

  const giveUp = (): void => {
    const next = waiting.shift()
    if (next) next.go()
    else taken = false
  }
  /** Ending a turn twice must not give away somebody else's. */
  const ending = (): (() => void) => {
    let ended = false
    return () => {
      if (ended) return
      ended = true
      giveUp()
    }
  }

  return {
    async take() {
      if (!taken) {
        taken = true
        return ending()
      }
      if (waiting.length >= options.maxWaiting) throw failed('busy', new Error('Too many writers wait'))
      await new Promise<void>((resolve, reject) => {
        const entry = {
          go: () => {
            clearTimeout(timer)
            resolve()
          },
        }
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(entry), 1)
          reject(failed('busy', new Error('Waited too long for the writer')))
        }, options.timeoutMs)
        waiting.push(entry)
      })
      return ending()
    },
  }
}
