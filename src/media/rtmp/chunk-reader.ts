/**
 * Owns putting messages together from chunks, RTMP 1.0 §5.3, split at any byte. It refuses chunk sizes, message
 * sizes and numbers of chunk streams beyond its limits by throwing RtmpError.
 */
import { messageType, RtmpError } from './protocol.ts'

export interface RtmpMessage {
  type: number
  /** 32 bits, wraps. */
  timestampMs: number
  streamId: number
  /** Owned by the receiver; never written again. */
  body: Buffer
}

export interface ChunkLimits {
  messageBytes: number
  assemblingBytes: number
  chunkStreams: number
}

interface ChunkStream {
  timestampMs: number
  deltaMs: number
  extended: boolean
  length: number
  type: number
  streamId: number
  body: Buffer | undefined
  filled: number
}

export interface ChunkReader {
  /**
   * Reads on until the bytes are used up or `onMessage` returns false, then returns the rest (often empty) for
   * a later push.
   */
  push(bytes: Buffer): Buffer
  /** The peer is known from now on, and may send so much. */
  setLimits(limits: ChunkLimits): void
}

const headerSizes = [11, 7, 3, 0]
const maxHeader = 3 + 11 + 4
const none = Buffer.alloc(0)
// Bodies are cut out of slabs: an allocation for each of a hundred frames a second costs more than its bytes do.
const slabBytes = 128 * 1024
/** Each costs room for a whole message, for a header's few bytes; encoders abort one now and then at most. */
const maxDropped = 100

export const createChunkReader = (
  initialLimits: ChunkLimits,
  onMessage: (message: RtmpMessage) => boolean,
): ChunkReader => {
  let limits = initialLimits
  let trusted = false
  let chunkSize = 128
  let assembling = 0
  let dropped = 0
  const streams = new Map<number, ChunkStream>()
  let slab = none
  let slabUsed = 0
  const scratch = Buffer.alloc(maxHeader)
  let scratchLength = 0
  let current: ChunkStream | undefined
  let chunkLeft = 0

  // Bytes the whole chunk header takes, or 0 while too few are known. Extended timestamps follow type 3 chunks
  // too when the stream's last timestamp was extended, RTMP 1.0 §5.3.1.3.
  const headerLength = (b: Buffer, at: number, end: number): number => {
    if (at >= end) return 0
    const first = b[at] ?? 0
    const basic = (first & 63) === 0 ? 2 : (first & 63) === 1 ? 3 : 1
    if (at + basic > end) return 0
    const format = first >> 6
    const plain = basic + (headerSizes[format] ?? 0)
    if (at + plain > end) return 0
    const extended =
      format === 3
        ? streams.get(streamIdAt(b, at))?.extended === true
        : b.readUIntBE(at + basic, 3) === 0xffffff
    const total = plain + (extended ? 4 : 0)
    return at + total > end ? 0 : total
  }

  const streamIdAt = (b: Buffer, at: number): number => {
    const low = (b[at] ?? 0) & 63
    if (low === 0) return 64 + (b[at + 1] ?? 0)
    if (low === 1) return 64 + (b[at + 1] ?? 0) + (b[at + 2] ?? 0) * 256
    return low
  }

  const streamFor = (id: number, format: number): ChunkStream => {
    const known = streams.get(id)
    if (known !== undefined) return known
    // Some encoders begin a chunk stream with type 1; types 2 and 3 have no length to go by.
    if (format > 1) throw new RtmpError(`chunk stream ${id} begins with type ${format}`)
    if (streams.size >= limits.chunkStreams) throw new RtmpError('too many chunk streams')
    const made: ChunkStream = {
      timestampMs: 0,
      deltaMs: 0,
      extended: false,
      length: 0,
      type: 0,
      streamId: 0,
      body: undefined,
      filled: 0,
    }
    streams.set(id, made)
    return made
  }

  const readTimestamp = (s: ChunkStream, format: number, b: Buffer, at: number, end: number): void => {
    const continues = s.body !== undefined
    if (format === 3) {
      // A new message on type 3 repeats the last delta, §5.3.1.2.4; after type 0 that is its timestamp's own
      // value in the text, but every encoder means "no change" unless a delta came.
      if (!continues) s.timestampMs = (s.timestampMs + s.deltaMs) >>> 0
      return
    }
    const short = b.readUIntBE(at, 3)
    s.extended = short === 0xffffff
    const value = s.extended ? b.readUInt32BE(end - 4) : short
    if (format === 0) {
      s.timestampMs = value
      s.deltaMs = 0
    } else {
      s.deltaMs = value
      s.timestampMs = (s.timestampMs + value) >>> 0
    }
  }

  const beginChunk = (b: Buffer, at: number, length: number): void => {
    const first = b[at] ?? 0
    const format = first >> 6
    const s = streamFor(streamIdAt(b, at), format)
    const header = at + ((first & 63) === 0 ? 2 : (first & 63) === 1 ? 3 : 1)
    // A header that describes a new message while one is unfinished drops the unfinished one.
    if (format < 3) dropUnfinished(s)
    readTimestamp(s, format, b, header, at + length)
    if (format < 2) {
      s.length = b.readUIntBE(header + 3, 3)
      s.type = b[header + 6] ?? 0
      if (s.length > limits.messageBytes) throw new RtmpError(`message of ${s.length} bytes is too long`)
    }
    if (format === 0) s.streamId = b.readUInt32LE(header + 7)
    if (s.body === undefined) {
      assembling += s.length
      if (assembling > limits.assemblingBytes) throw new RtmpError('too many bytes in unfinished messages')
      s.body = bodyOf(s.length)
      s.filled = 0
    }
    current = s
    chunkLeft = Math.min(chunkSize, s.length - s.filled)
  }

  // Strangers get no slab: five thousand of them would hold five thousand.
  const bodyOf = (length: number): Buffer => {
    if (length === 0) return none
    if (!trusted || length > slabBytes / 4) return Buffer.allocUnsafeSlow(length)
    if (slabUsed + length > slab.length) {
      slab = Buffer.allocUnsafeSlow(slabBytes)
      slabUsed = 0
    }
    slabUsed += length
    return slab.subarray(slabUsed - length, slabUsed)
  }

  const releaseBody = (s: ChunkStream): void => {
    if (s.body !== undefined) assembling -= s.length
    s.body = undefined
    s.filled = 0
  }

  const dropUnfinished = (s: ChunkStream): void => {
    if (s.body === undefined) return
    releaseBody(s)
    if (++dropped > maxDropped) throw new RtmpError('too many unfinished messages were dropped')
  }

  const finishMessage = (s: ChunkStream): boolean => {
    const body = s.body ?? none
    releaseBody(s)
    if (s.type === messageType.setChunkSize) {
      // The first bit must be zero, §5.4.1.
      const next = body.length >= 4 ? body.readUInt32BE(0) : 0
      if (next < 1 || next > 0x7fffffff) throw new RtmpError(`chunk size ${next} is not valid`)
      chunkSize = Math.min(next, limits.messageBytes)
      return true
    }
    if (s.type === messageType.abort) {
      const aborted = body.length >= 4 ? streams.get(body.readUInt32BE(0)) : undefined
      if (aborted !== undefined) dropUnfinished(aborted)
      return true
    }
    return onMessage({ type: s.type, timestampMs: s.timestampMs, streamId: s.streamId, body })
  }

  // Returns where reading goes on, or -1 when the header needs bytes that have not come yet.
  const readHeader = (bytes: Buffer, at: number): number => {
    if (scratchLength === 0) {
      const length = headerLength(bytes, at, bytes.length)
      if (length > 0) {
        beginChunk(bytes, at, length)
        return at + length
      }
    }
    while (at < bytes.length) {
      scratch[scratchLength++] = bytes[at++] ?? 0
      const length = headerLength(scratch, 0, scratchLength)
      if (length > 0) {
        scratchLength = 0
        beginChunk(scratch, 0, length)
        return at
      }
    }
    return -1
  }

  return {
    setLimits(next) {
      limits = next
      trusted = true
    },
    push(bytes) {
      let at = 0
      for (;;) {
        if (current === undefined) {
          at = readHeader(bytes, at)
          if (at < 0) return none
        }
        const s = current
        if (s === undefined) return none
        const count = Math.min(chunkLeft, bytes.length - at)
        if (count > 0 && s.body !== undefined) {
          bytes.copy(s.body, s.filled, at, at + count)
          s.filled += count
          chunkLeft -= count
          at += count
        }
        if (chunkLeft > 0) return none
        current = undefined
        if (s.filled >= s.length && !finishMessage(s)) return bytes.subarray(at)
        if (at >= bytes.length) return none
      }
    },
  }
}
