/**
 * Owns a bad network for tests: a TCP proxy in front of a machine that can be cut, delayed, throttled, or answer every
 * HTTP request with a failure of its own.
 */
import { createServer, connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Network extends AsyncDisposable {
  readonly base: string
  /** Every connection breaks, and no new one comes about, until `mend`. */
  cut(): void
  /** Each piece on its way to the browser waits for so long. */
  delay(ms: number): void
  /** To the browser, over all connections; Infinity sets it free. */
  throttle(bytesPerS: number): void
  /** New connections get this status instead of the machine, and those there are break. */
  fail(status: number): void
  /** As good as new. */
  mend(): void
}

const pieceBytes = 16 * 1024

export const startNetwork = async (target: { httpPort: number }): Promise<Network> => {
  const open = new Set<Socket>()
  let isCut = false
  let delayMs = 0
  let bytesPerS = Infinity
  let status: number | undefined
  /** When the line is free again; shared by all. */
  let freeMs = 0

  const pass = async (piece: Buffer): Promise<void> => {
    const nowMs = Date.now()
    freeMs = Math.max(freeMs, nowMs) + (piece.length * 1000) / bytesPerS
    const waitMs = delayMs + freeMs - nowMs
    if (waitMs >= 1) await sleep(waitMs)
  }
  const pump = async (from: Socket, to: Socket): Promise<void> => {
    for await (const chunk of from) {
      const bytes = chunk as Buffer
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        const piece = bytes.subarray(at, at + pieceBytes)
        await pass(piece)
        if (!to.write(piece)) await new Promise((resolve) => to.once('drain', resolve).once('close', resolve))
      }
    }
  }
  const hold = (socket: Socket): void => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
  }
  const breakAll = (): void => {
    for (const socket of open) socket.destroy()
  }

  const server = createServer((browser) => {
    hold(browser)
    if (isCut) return browser.destroy()
    if (status !== undefined) {
      const answer = `HTTP/1.1 ${status} Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
      browser.once('data', () => browser.end(answer))
      return
    }
    const machine = connect(target.httpPort, '127.0.0.1')
    hold(machine)
    browser.pipe(machine)
    pump(machine, browser).then(
      () => browser.end(),
      () => browser.destroy(),
    )
    browser.on('close', () => machine.destroy())
    machine.on('close', () => browser.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true
      breakAll()
    },
    delay: (ms) => void (delayMs = ms),
    throttle(rate) {
      bytesPerS = rate
      freeMs = 0
    },
    fail(code) {
      status = code
      breakAll()
    },
    mend() {
      isCut = false
      status = undefined
      delayMs = 0
      bytesPerS = Infinity
      freeMs = 0
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      breakAll()
      await closed
    },
  }
}
