/**
 * Owns that danmaku are stored in batches: one commit for all that came within a few milliseconds. It refuses to
 * call one written before the commit that holds it.
 */
import type { DanmakuRow } from './store.ts'

export interface Writer {
  /** Resolves when the row is stored; rejects with what the storage said. */
  write(row: DanmakuRow): Promise<void>
  /** Resolves when all that waits now is stored or refused. */
  settle(): Promise<void>
  /** Stores what waits. */
  close(): Promise<void>
}

interface Waiting {
  row: DanmakuRow
  resolve: () => void
  reject: (error: unknown) => void
}

const windowMs = 20
/** A statement's worth; the rest goes into the next one. */
const batchSize = 200

export const createWriter = (store: (rows: readonly DanmakuRow[]) => Promise<void>): Writer => {
  let waiting: Waiting[] = []
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  const flush = async (): Promise<void> => {
    timer = undefined
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchSize)
      waiting = waiting.slice(batchSize)
      try {
        await store(batch.map(({ row }) => row))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    running = undefined
  }

  return {
    write: (row) =>
      new Promise((resolve, reject) => {
        waiting.push({ row, resolve, reject })
        if (running === undefined && timer === undefined) {
          timer = setTimeout(() => {
            running = flush()
          }, windowMs)
        }
      }),
    async settle() {
      clearTimeout(timer)
      timer = undefined
      if (running === undefined && waiting.length > 0) running = flush()
      await running
    },
    async close() {
      clearTimeout(timer)
      await (running ?? flush())
    },
  }
}
