/** Owns the RTMP handshake, server side, RTMP 1.0 §5.2. Clients of the digest ("complex") kind are answered simply. */
import { randomBytes } from 'node:crypto'
import { RtmpError } from './protocol.ts'

const size = 1536

export interface Handshake {
  /** Takes bytes until done; returns what lies behind C2, or undefined while more is needed. */
  push(bytes: Buffer): Buffer | undefined
}

/** `send` is called once, with S0, S1 and S2. */
export const createHandshake = (send: (bytes: Buffer) => void): Handshake => {
  let kept: Buffer = Buffer.alloc(0)
  let answered = false
  return {
    push(bytes) {
      if (kept.length === 0 && bytes.length > 0 && bytes[0] !== 3) {
        throw new RtmpError(`not RTMP: first byte is ${bytes[0]}`)
      }
      // At most 3073 bytes wait here, and handshakes are rare.
      kept = kept.length === 0 ? bytes : Buffer.concat([kept, bytes])
      if (!answered && kept.length >= 1 + size) {
        answered = true
        // S1 with version 0: digest clients (librtmp, FMLE, ffmpeg) then fall back to the simple handshake.
        const s1 = randomBytes(size)
        s1.fill(0, 0, 8)
        send(Buffer.concat([Buffer.from([3]), s1, kept.subarray(1, 1 + size)]))
      }
      // C2 is read and not compared: several encoders send anything there.
      return kept.length >= 1 + 2 * size ? kept.subarray(1 + 2 * size) : undefined
    },
  }
}
