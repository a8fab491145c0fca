/** Owns a client that asks for something and then reads one byte a second of it, until it is told to read more. */
import { connect } from 'node:net'

export interface SlowReader extends Disposable {
  /** Reads so many bytes more as fast as they come, or all that is left. */
  read(bytes?: number): Promise<void>
  /** The body so far. */
  body(): Buffer
}

/** Taken before a test stops the clock. */
const later = globalThis.setTimeout

/** Waits by the real clock, whatever the test has done to its own; a hang ends with the test. */
export const untilSo = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => later(resolve, 50))
}

const events = ['readable', 'end', 'close'] as const

export const readSlowly = (port: number, path: string): SlowReader => {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  let received = 0
  const take = (bytes?: number): boolean => {
    const chunk = socket.read(bytes) as Buffer | null
    if (chunk === null) return false
    chunks.push(chunk)
    received += chunk.length
    return true
  }
  // With a listener it is filled up to its own small buffer and then waits.
  socket.on('readable', () => undefined)
  socket.on('error', () => undefined)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: slow\r\nConnection: close\r\n\r\n`)
  const timer = setInterval(() => take(1), 1_000)
  const something = (): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        for (const event of events) socket.off(event, done)
        resolve()
      }
      for (const event of events) socket.on(event, done)
    })
  return {
    async read(bytes = Infinity) {
      const wanted = received + bytes
      while (received < wanted) {
        if (take()) continue
        if (socket.readableEnded || socket.destroyed) return
        await something()
      }
    },
    body() {
      const whole = Buffer.concat(chunks)
      return whole.subarray(whole.indexOf('\r\n\r\n') + 4)
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      socket.destroy()
    },
  }
}
