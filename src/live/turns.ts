/** Owns that what concerns one key happens one after the other, in the order asked for. */

export interface Turns {
  /** Runs `work` after all earlier work of this key, whether that failed or not. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>
  /** Resolves when nothing runs. */
  idle(): Promise<void>
}

export const createTurns = (): Turns => {
  const tails = new Map<string, Promise<unknown>>()
  return {
    run(key, work) {
      const turn = (tails.get(key) ?? Promise.resolve()).then(work, work)
      const tail = turn.then(
        () => undefined,
        () => undefined,
      )
      tails.set(key, tail)
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key)
      })
      return turn
    },
    async idle() {
      while (tails.size > 0) await Promise.all(tails.values())
    },
  }
}
