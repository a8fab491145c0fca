/** Owns the numbers of RTMP 1.0 and the bounds a stranger meets. It holds no behaviour. */

export const messageType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAckSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
  aggregate: 22,
} as const

export const userControl = { streamBegin: 0, streamEof: 1, pingRequest: 6, pingResponse: 7 } as const

export interface RtmpLimits {
  handshakeMs: number
  /** From the first byte to an authorised publish. */
  preAuthMs: number
  preAuthBytes: number
  preAuthMessageBytes: number
  messageBytes: number
  /** Messages in the making, all chunk streams together. */
  assemblingBytes: number
  chunkStreams: number
  /** Answers that wait for a peer who does not read them. */
  unreadBytes: number
  /** A publisher without any byte for so long has vanished. */
  idleMs: number
  connections: number
  connectionsPerAddress: number
}

export const defaultLimits: RtmpLimits = {
  handshakeMs: 5_000,
  preAuthMs: 10_000,
  preAuthBytes: 128 * 1024,
  preAuthMessageBytes: 64 * 1024,
  messageBytes: 8 * 1024 * 1024,
  assemblingBytes: 12 * 1024 * 1024,
  chunkStreams: 64,
  unreadBytes: 64 * 1024,
  idleMs: 10_000,
  connections: 6_000,
  connectionsPerAddress: 256,
}

/** What we announce; publishers that stay at 128 bytes cost both sides twice the CPU. */
export const ourChunkSize = 65_536
export const windowBytes = 2_500_000

/** The peer broke the protocol or a bound; ends this one connection. The text is for the log. */
export class RtmpError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RtmpError'
  }
}
