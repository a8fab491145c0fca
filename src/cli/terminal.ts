/** Owns how a command's words and its progress reach whoever called: one line in place, or a line now and then. */
import type { WriteStream } from 'node:tty'

const everyMs = 5_000

export interface Terminal {
  say(line: string): void
  progress(line: string): void
  /** Leaves the cursor on a line of its own. */
  end(): void
}

export const createTerminal = (out: Pick<WriteStream, 'write' | 'isTTY'>): Terminal => {
  let isOpen = false
  let saidMs = Date.now()
  const clear = (): void => {
    if (isOpen) out.write('\r\x1b[K')
    isOpen = false
  }
  return {
    say(line) {
      clear()
      out.write(`${line}\n`)
    },
    progress(line) {
      if (out.isTTY) {
        out.write(`\r\x1b[K${line}`)
        isOpen = true
      } else if (Date.now() - saidMs >= everyMs) {
        saidMs = Date.now()
        out.write(`${line}\n`)
      }
    },
    end: clear,
  }
}
