/**
 * Owns publishing to an RTMP server over a connection that is there already: handshake, connect, publish, messages.
 * Whoever opened the connection decided where it leads; nothing of the stream key is said anywhere else.
 */
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { decodeAmf, encodeAmf, isAmfObject } from './amf0.ts'
import type { AmfValue } from './amf0.ts'
import { createChunkReader } from './chunk-reader.ts'
import type { RtmpMessage } from './chunk-reader.ts'
import { pingResponse, setChunkSize, writeMessage } from './chunk-writer.ts'
import { messageType, RtmpError, userControl } from './protocol.ts'

export interface RtmpDestination {
  /** `app` of `rtmp://host/app`, without slashes around it. */
  app: string
  /** The address as its owner wrote it. */
  tcUrl: string
  streamKey: string
}

export interface RtmpPublisher {
  /** Type 8 audio, 9 video, 18 data, as in FLV. */
  send(type: number, timestampMs: number, body: Buffer): void
  /** Bytes that wait for the other side to read. */
  readonly waitingBytes: number
  /** Says goodbye and ends the connection. */
  end(): void
}

/** Most servers keep 4,096; the default of 128 costs both sides. */
const chunkSize = 4096
const handshakeBytes = 1536
const limits = { messageBytes: 64 * 1024, assemblingBytes: 256 * 1024, chunkStreams: 16 }
/** Chunk streams by kind, as encoders use them. */
const chunkStreams: Readonly<Record<number, number>> = { 8: 4, 9: 6, 18: 5 }
const farTimestamp = 0xffffff

/** A message with its timestamp, RTMP 1.0 §5.3.1; extended ones stand in every chunk. */
const writeMedia = (type: number, streamId: number, timestampMs: number, body: Buffer): Buffer => {
  const isFar = timestampMs >= farTimestamp
  const id = chunkStreams[type] ?? 5
  const far = Buffer.alloc(isFar ? 4 : 0)
  if (isFar) far.writeUInt32BE(timestampMs >>> 0)
  const head = Buffer.alloc(12)
  head[0] = id
  head.writeUIntBE(isFar ? farTimestamp : timestampMs, 1, 3)
  head.writeUIntBE(body.length, 4, 3)
  head[7] = type
  head.writeUInt32LE(streamId, 8)
  const pieces: Buffer[] = [head, far, body.subarray(0, chunkSize)]
  for (let at = chunkSize; at < body.length; at += chunkSize)
    pieces.push(Buffer.from([0xc0 | id]), far, body.subarray(at, at + chunkSize))
  return Buffer.concat(pieces)
}

const command = (streamId: number, ...values: AmfValue[]): Buffer =>
  writeMessage(3, messageType.commandAmf0, streamId, encodeAmf(...values), chunkSize)

/** Resolves when the server takes the stream; rejects with RtmpError when it refuses, or when `signal` fires. */
export const publishRtmp = (
  socket: Duplex,
  { app, tcUrl, streamKey }: RtmpDestination,
  signal: AbortSignal,
): Promise<RtmpPublisher> =>
  new Promise((resolve, reject) => {
    let greeting: Buffer | undefined = Buffer.alloc(0)
    let streamId = 0

    const fail = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    const stop = (): void => fail(new RtmpError('given up'))
    signal.addEventListener('abort', stop, { once: true })
    socket.once('close', () => {
      signal.removeEventListener('abort', stop)
      reject(new RtmpError('the server closed the connection'))
    })

    const publisher: RtmpPublisher = {
      send(type, timestampMs, body) {
        // Servers keep onMetaData for later viewers only when it comes as @setDataFrame.
        const whole = type === 18 ? Buffer.concat([encodeAmf('@setDataFrame'), body]) : body
        socket.write(writeMedia(type, streamId, timestampMs, whole))
      },
      get waitingBytes() {
        return socket.writableLength
      },
      end() {
        if (socket.destroyed) return
        socket.write(command(0, 'FCUnpublish', 6, null, streamKey))
        socket.write(command(0, 'deleteStream', 7, null, streamId))
        socket.end()
      },
    }

    const connect = (): void => {
      const properties = { app, type: 'nonprivate', flashVer: 'FMLE/3.0 (compatible; Vireo)', tcUrl }
      socket.write(Buffer.concat([setChunkSize(chunkSize), command(0, 'connect', 1, properties)]))
    }
    const createStream = (): void => {
      socket.write(
        Buffer.concat([
          command(0, 'releaseStream', 2, null, streamKey),
          command(0, 'FCPublish', 3, null, streamKey),
          command(0, 'createStream', 4, null),
        ]),
      )
    }

    const onCommand = ([name, transaction, , value]: AmfValue[]): void => {
      if (name === '_result' && transaction === 1) createStream()
      else if (name === '_result' && transaction === 4 && typeof value === 'number') {
        streamId = value
        socket.write(command(streamId, 'publish', 5, null, streamKey, 'live'))
      } else if (name === '_error' && (transaction === 1 || transaction === 4))
        fail(new RtmpError('the server refused the connection'))
      else if (name === 'onStatus' && isAmfObject(value)) {
        if (value['code'] === 'NetStream.Publish.Start') {
          // From here on its owner ends it, with a goodbye.
          signal.removeEventListener('abort', stop)
          resolve(publisher)
        } else if (value['level'] === 'error') fail(new RtmpError('the server refused the stream'))
      }
    }

    const onMessage = ({ type, body }: RtmpMessage): boolean => {
      if (type === messageType.commandAmf0) onCommand(decodeAmf(body))
      else if (type === messageType.userControl && body.readUInt16BE(0) === userControl.pingRequest)
        socket.write(pingResponse(body.readUInt32BE(2)))
      return true
    }
    const reader = createChunkReader(limits, onMessage)

    /** S0, S1, S2, RTMP 1.0 §5.2; undefined until they are whole. */
    const greet = (bytes: Buffer): Buffer | undefined => {
      if (greeting === undefined) return bytes
      greeting = Buffer.concat([greeting, bytes])
      if (greeting.length > 0 && greeting[0] !== 3) throw new RtmpError('this is no RTMP server')
      if (greeting.length < 1 + 2 * handshakeBytes) return undefined
      const rest = greeting.subarray(1 + 2 * handshakeBytes)
      socket.write(greeting.subarray(1, 1 + handshakeBytes))
      greeting = undefined
      connect()
      return rest
    }

    let unread: Buffer = Buffer.alloc(0)
    socket.on('data', (bytes: Buffer) => {
      try {
        const rest = greet(bytes)
        if (rest !== undefined) unread = reader.push(Buffer.concat([unread, rest]))
      } catch (error) {
        fail(error instanceof Error ? error : new RtmpError('the server sent nonsense'))
      }
    })
    const c1 = randomBytes(handshakeBytes)
    c1.fill(0, 0, 8)
    socket.write(Buffer.concat([Buffer.from([3]), c1]))
  })
