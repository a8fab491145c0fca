/**
 * Owns one open socket: text in, frames out, and every way in which it is cut: silent, slow, flooding, binary. Nothing
 * that a peer sends makes it throw.
 */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

export interface Connection {
  readonly address: string
  /** A whole text frame; encoded once for all who get it. */
  send(frame: Buffer): void
  close(code: number, reason: string): void
  onText(handler: (text: string) => void): void
  /** Takes binary frames too, at most `bytesPerS` on average; without it they end the connection. */
  onBytes(handler: (bytes: Buffer) => void, bytesPerS: number): void
  /** Reads no more until `resume`: the peer's own buffers fill. */
  pause(): void
  resume(): void
  /** Once, however it ended. */
  onClose(handler: () => void): void
}

/** What the keeper of all sockets does with one. */
export interface KeptConnection extends Connection {
  /** Asks for a sign of life; ends the socket if the last question was not answered. */
  probe(): void
}

/** A reader this far behind would cost everybody memory. */
const maxBufferedBytes = 1024 * 1024
/** Frames of any kind. */
const floodFrames = 60
const floodMs = 10_000
const closeGraceMs = 2_000

/** `wire` is what `socket` writes to. */
export const createConnection = (
  socket: WebSocket,
  wire: Duplex,
  address: string,
  now: () => number,
): KeptConnection => {
  let alive = true
  let frames = 0
  let windowMs = now()
  let onText: (text: string) => void = () => undefined
  let bytes: { handler: (bytes: Buffer) => void; perS: number; windowMs: number; count: number } | undefined

  const close = (code: number, reason: string): void => {
    if (socket.readyState !== socket.OPEN) return
    socket.close(code, reason)
    // Whoever does not answer the goodbye is cut.
    setTimeout(() => socket.terminate(), closeGraceMs).unref()
  }

  const isFlooding = (): boolean => {
    if (now() - windowMs >= floodMs) {
      windowMs = now()
      frames = 0
    }
    return ++frames > floodFrames
  }

  /** Over ten seconds: a keyframe is a burst, and what waited while the peer was held comes at once. */
  const isTooFast = (count: number): boolean => {
    if (bytes === undefined) return true
    if (now() - bytes.windowMs >= floodMs) Object.assign(bytes, { windowMs: now(), count: 0 })
    bytes.count += count
    return bytes.count > (bytes.perS * floodMs) / 1000
  }

  socket.on('pong', () => {
    alive = true
  })
  socket.on('ping', () => {
    if (isFlooding()) close(1008, 'too many frames')
  })
  socket.on('message', (data, isBinary) => {
    if (socket.readyState !== socket.OPEN) return
    alive = true
    if (isBinary && bytes !== undefined) {
      if (isTooFast((data as Buffer).length)) close(1008, 'too many bytes')
      else bytes.handler(data as Buffer)
    } else if (isBinary) close(1003, 'text only')
    else if (isFlooding()) close(1008, 'too many frames')
    else onText((data as Buffer).toString())
  })

  return {
    address,
    send(frame) {
      if (socket.readyState !== socket.OPEN) return
      if (socket.bufferedAmount > maxBufferedBytes) socket.terminate()
      else wire.write(framed(frame))
    },
    close,
    onText(handler) {
      onText = handler
    },
    onBytes(handler, bytesPerS) {
      bytes = { handler, perS: bytesPerS, windowMs: now(), count: 0 }
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    onClose(handler) {
      socket.once('close', handler)
    },
    probe() {
      if (!alive) return socket.terminate()
      alive = false
      if (socket.readyState === socket.OPEN) socket.ping()
    },
  }
}

let latest: { text: Buffer; whole: Buffer } | undefined

/**
 * The text with its head in front (RFC 6455 §5.2: the last of its message, without a mask). The library makes a head for
 * each socket and writes two pieces; a room tells thousands the same, and one write of one piece costs half.
 */
const framed = (text: Buffer): Buffer => {
  if (latest?.text !== text) latest = { text, whole: Buffer.concat([headOf(text.length), text]) }
  return latest.whole
}

const headOf = (length: number): Buffer => {
  if (length < 126) return Buffer.from([0x81, length])
  const head = Buffer.alloc(length < 65_536 ? 4 : 10)
  head[0] = 0x81
  head[1] = length < 65_536 ? 126 : 127
  if (length < 65_536) head.writeUInt16BE(length, 2)
  else head.writeBigUInt64BE(BigInt(length), 2)
  return head
}
