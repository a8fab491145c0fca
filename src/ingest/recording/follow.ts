/** Owns reading a journal that grows: each call reads what was added since the last, so that a long session costs little. */
import { open } from 'node:fs/promises'
import { applyJournalLine, emptyJournal, journalFile } from './journal.ts'
import type { Journal } from './journal.ts'

export interface JournalFollower {
  /** As far as it is written now; undefined while there is none. Calls at the same time share one reading. */
  read(): Promise<Journal | undefined>
}

const pieceBytes = 256 * 1024

export const followJournal = (dir: string): JournalFollower => {
  const journal = emptyJournal()
  let offset = 0
  /** The beginning of a line whose end is not written yet. */
  let rest = Buffer.alloc(0)
  let reading: Promise<Journal | undefined> | undefined

  const take = (bytes: Buffer): void => {
    const text = Buffer.concat([rest, bytes])
    const end = text.lastIndexOf(10) + 1
    rest = text.subarray(end)
    for (const line of text.toString('utf8', 0, end).split('\n')) applyJournalLine(journal, line)
  }

  const run = async (): Promise<Journal | undefined> => {
    try {
      await using file = await open(journalFile(dir), 'r')
      const buffer = Buffer.allocUnsafe(pieceBytes)
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, pieceBytes, offset)
        if (bytesRead === 0) break
        take(buffer.subarray(0, bytesRead))
        offset += bytesRead
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    return journal.sessionId === '' ? undefined : journal
  }

  return {
    read: () =>
      (reading ??= run().finally(() => {
        reading = undefined
      })),
  }
}
