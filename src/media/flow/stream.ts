/**
 * Owns handing each item of one source to many readers. A reader has a bounded queue; one that falls behind is
 * cut off by itself and counted. It never makes the source wait.
 */

export interface ReaderOptions<T> {
  name: string
  /** What may wait for this reader. */
  maxBytes: number
  sizeOf(item: T): number
  /** One at a time; a rejection ends the reader. */
  deliver(item: T): void | Promise<void>
  /** Exactly once when the reader was cut off, never after `detach`. */
  onEnd(reason: string): void
}

export interface ReaderHandle {
  readonly queuedBytes: number
  detach(): void
  /** Resolves when all that was written so far has been delivered, or the reader ended. */
  drained(): Promise<void>
}

export interface Stream<T> {
  write(item: T): void
  attach(options: ReaderOptions<T>): ReaderHandle
  readonly readers: number
  /** Readers cut off so far. */
  readonly dropped: number
}

export const createStream = <T>(): Stream<T> => {
  const readers = new Set<{ push(item: T): void }>()
  let dropped = 0

  const attach = (options: ReaderOptions<T>): ReaderHandle => {
    let queue: T[] = []
    let queuedBytes = 0
    let running: Promise<void> | undefined
    let ended = false

    const stop = (): void => {
      ended = true
      readers.delete(reader)
      queue = []
      queuedBytes = 0
    }
    const cutOff = (reason: string): void => {
      if (ended) return
      stop()
      dropped++
      options.onEnd(reason)
    }
    const run = async (): Promise<void> => {
      while (queue.length > 0) {
        const items = queue
        queue = []
        for (const item of items) {
          if (ended) return
          await options.deliver(item)
          queuedBytes = Math.max(0, queuedBytes - options.sizeOf(item))
        }
      }
    }
    const start = (): void => {
      running = run()
        .catch((error: unknown) => cutOff(error instanceof Error ? error.message : String(error)))
        .finally(() => {
          running = undefined
          if (queue.length > 0 && !ended) start()
        })
    }
    const reader = {
      push(item: T): void {
        queuedBytes += options.sizeOf(item)
        if (queuedBytes > options.maxBytes) {
          cutOff(`reader ${options.name} is too slow`)
          return
        }
        queue.push(item)
        if (running === undefined) start()
      },
    }
    readers.add(reader)
    return {
      get queuedBytes() {
        return queuedBytes
      },
      detach: stop,
      async drained() {
        while (running !== undefined) await running
      },
    }
  }

  return {
    attach,
    write(item) {
      for (const reader of [...readers]) reader.push(item)
    },
    get readers() {
      return readers.size
    },
    get dropped() {
      return dropped
    },
  }
}
