/** Owns doing something again and again, one at a time; a failure is said and does not end it. */

export interface Repetition {
  /** Resolves when the last one is over. */
  stop(): Promise<void>
}

/** `everyMs` lies between the end of one and the start of the next. */
export const repeat = (
  everyMs: number,
  work: () => Promise<void> | undefined,
  onError: (error: unknown) => void,
): Repetition => {
  let stopped = false
  let wake: () => void = () => undefined
  const run = async (): Promise<void> => {
    while (!stopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs)
        timer.unref()
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      // Once more could fail on what is being closed.
      if (stopped) return
      try {
        await work()
      } catch (error) {
        onError(error)
      }
    }
  }
  const running = run()
  return {
    async stop() {
      stopped = true
      wake()
      await running
    },
  }
}
