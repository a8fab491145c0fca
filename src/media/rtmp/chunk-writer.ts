/** Owns writing the few messages a server sends, RTMP 1.0 §5.3.1. */
import { messageType, userControl } from './protocol.ts'

/** One message as chunks of at most `chunkSize`, all but the first with type 3 headers. Timestamp 0. */
export const writeMessage = (
  chunkStreamId: number,
  type: number,
  streamId: number,
  body: Buffer,
  chunkSize: number,
): Buffer => {
  const head = Buffer.alloc(12)
  head[0] = chunkStreamId
  head.writeUIntBE(body.length, 4, 3)
  head[7] = type
  head.writeUInt32LE(streamId, 8)
  const pieces: Buffer[] = [head, body.subarray(0, chunkSize)]
  for (let at = chunkSize; at < body.length; at += chunkSize) {
    pieces.push(Buffer.from([0xc0 | chunkStreamId]), body.subarray(at, at + chunkSize))
  }
  return Buffer.concat(pieces)
}

const control = (type: number, value: number, extra?: number): Buffer => {
  const body = Buffer.alloc(extra === undefined ? 4 : 5)
  body.writeUInt32BE(value)
  if (extra !== undefined) body[4] = extra
  return writeMessage(2, type, 0, body, 128)
}

export const setChunkSize = (bytes: number): Buffer => control(messageType.setChunkSize, bytes)
export const windowAckSize = (bytes: number): Buffer => control(messageType.windowAckSize, bytes)
export const acknowledgement = (total: number): Buffer => control(messageType.acknowledgement, total >>> 0)
/** Limit type 2 is "dynamic", §5.4.5. */
export const setPeerBandwidth = (bytes: number): Buffer => control(messageType.setPeerBandwidth, bytes, 2)

export const streamBegin = (streamId: number): Buffer => userMessage(userControl.streamBegin, streamId)
export const pingResponse = (stamp: number): Buffer => userMessage(userControl.pingResponse, stamp)

const userMessage = (event: number, value: number): Buffer => {
  const body = Buffer.alloc(6)
  body.writeUInt16BE(event)
  body.writeUInt32BE(value >>> 0, 2)
  return writeMessage(2, messageType.userControl, 0, body, 128)
}
