/**
 * Owns a process full of sockets in one room that do as little as possible: handshake and frames are read by hand into
 * one buffer for all, signs of life are given, and only one of every so many sockets reads what it was told. It reads a
 * message with what to do, says when all are open, counts from `begin` on and says at `end` what it heard.
 */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { batchProtocol, socketProtocol } from '../../contract/live.ts'
import type { RoomSocketServer } from '../../contract/live.ts'
import { nowMs } from './ll-client.ts'
import { saidAt } from './said.ts'

export interface Crowd {
  port: number
  path: string
  sockets: number
  /** Sockets that are dialled at once: the kernel keeps no more than its queue holds. */
  atOnce: number
  /** From 127.0.`net`.1 on, so many sockets from each address. */
  net: number
  perAddress: number
  /** One of so many reads what it is told. */
  sampleEvery: number
}

export interface Heard {
  /** Frames with text, of all sockets. */
  frames: number
  /** Sockets that the server hung up on. */
  lost: number
  sampled: number
  /** Danmaku of this measure over all sampled sockets, and those of which they were told that they were left out. */
  received: number
  skipped: number
  latenciesMs: number[]
}

const headEnd = Buffer.from('\r\n\r\n')
const none = Buffer.alloc(0)
const textFrame = 1
const pingFrame = 9
/** A masked pong; a mask of zeros is one. */
const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])

/** Cuts what comes in into frames; `onFrame` gets their text where it is kept. */
const createFrameReader = (keepsText: boolean, onFrame: (opcode: number, text: string) => void) => {
  let rest = none
  let opcode = 0
  let left = 0
  let isInside = false
  let kept: Buffer[] = []
  const finish = (): void => {
    isInside = false
    const text = kept.length > 0 ? Buffer.concat(kept).toString() : ''
    kept = []
    onFrame(opcode, text)
  }
  return (chunk: Buffer): void => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    rest = none
    for (let at = 0; at < bytes.length;) {
      if (!isInside) {
        const short = (bytes[at + 1] ?? 0) & 0x7f
        const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10
        if (bytes.length - at < headBytes) {
          // The buffer belongs to all: what is not whole is copied.
          rest = Buffer.from(bytes.subarray(at))
          return
        }
        opcode = (bytes[at] ?? 0) & 0x0f
        left =
          short < 126
            ? short
            : short === 126
              ? bytes.readUInt16BE(at + 2)
              : Number(bytes.readBigUInt64BE(at + 2))
        at += headBytes
        isInside = true
      }
      const here = Math.min(left, bytes.length - at)
      if (keepsText && here > 0) kept.push(Buffer.from(bytes.subarray(at, at + here)))
      at += here
      left -= here
      if (left === 0) finish()
    }
  }
}

const heard: Heard = { frames: 0, lost: 0, sampled: 0, received: 0, skipped: 0, latenciesMs: [] }

const hear = (message: RoomSocketServer): void => {
  if (message.type === 'batch') {
    heard.skipped += message.skipped
    for (const item of message.items) hear(item)
  } else if (message.type === 'danmaku') {
    const at = saidAt(message.text)
    if (at === undefined) return
    heard.received++
    heard.latenciesMs.push(Math.round((nowMs() - at) * 10) / 10)
  }
}

const shared = Buffer.allocUnsafeSlow(64 * 1024)

/** Resolves when the socket is open. */
const dial = ({ port, path, net, perAddress, sampleEvery }: Crowd, n: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const isSampled = n % sampleEvery === 0
    if (isSampled) heard.sampled++
    let head: Buffer | undefined = none
    const readFrames = createFrameReader(isSampled, (opcode, text) => {
      if (opcode === pingFrame) socket.write(pong)
      if (opcode !== textFrame) return
      heard.frames++
      if (isSampled) hear(JSON.parse(text) as RoomSocketServer)
    })
    const readHead = (chunk: Buffer): void => {
      head = Buffer.concat([head ?? none, chunk])
      const end = head.indexOf(headEnd)
      if (end < 0) return
      const text = head.toString('latin1', 0, end)
      if (!text.startsWith('HTTP/1.1 101 ')) throw new Error(`refused: ${text}`)
      const frames = head.subarray(end + headEnd.length)
      head = undefined
      readFrames(frames)
      resolve()
    }
    const socket = connect({
      host: '127.0.0.1',
      port,
      localAddress: `127.0.${net}.${1 + Math.floor(n / perAddress)}`,
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (count, buffer) => {
          const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, count)
          try {
            if (head === undefined) readFrames(chunk)
            else readHead(chunk)
          } catch (error) {
            socket.destroy(error as Error)
          }
          return true
        },
      },
    })
    socket.on('connect', () =>
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
          `Sec-WebSocket-Protocol: ${socketProtocol}, ${batchProtocol}\r\n\r\n`,
      ),
    )
    socket.on('error', reject)
    socket.on('close', () => {
      heard.lost++
      reject(new Error('the server hung up'))
    })
  })

const watch = async (crowd: Crowd): Promise<void> => {
  for (let from = 0; from < crowd.sockets; from += crowd.atOnce) {
    const some = Math.min(crowd.atOnce, crowd.sockets - from)
    await Promise.all(Array.from({ length: some }, (_, k) => dial(crowd, from + k)))
  }
  process.on('message', (word) => {
    if (word === 'begin') Object.assign(heard, { frames: 0, received: 0, skipped: 0, latenciesMs: [] })
    if (word === 'end') process.send?.(heard, () => process.exit(0))
  })
  process.send?.('open')
}

process.once('message', (crowd: Crowd) => {
  watch(crowd).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`)
    process.exit(1)
  })
})
process.on('disconnect', () => process.exit(0))
