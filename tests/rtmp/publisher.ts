/**
 * Owns a publisher for tests and measures that says over RTMP exactly what it is told: any tag, any timestamp. Real
 * encoders are ffmpeg, GStreamer and OBS; this one exists for what they can not be made to send, and for thousands.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { decodeAmf, encodeAmf, isAmfObject } from '../../src/media/rtmp/amf0.ts'
import type { AmfObject } from '../../src/media/rtmp/amf0.ts'
import { createChunkReader } from '../../src/media/rtmp/chunk-reader.ts'
import { setChunkSize, writeMessage } from '../../src/media/rtmp/chunk-writer.ts'
import { defaultLimits, messageType } from '../../src/media/rtmp/protocol.ts'
import type { Tag } from './flv.ts'

export interface RtmpPublisher {
  readonly socket: Socket
  /** Codes of every `onStatus` so far. */
  readonly statuses: string[]
  /** With its own timestamp, or another. False: `drained` is worth waiting for. */
  send(tag: Tag, timestampMs?: number): boolean
  drained(): Promise<void>
  /** Clean: deleteStream, then the end of the connection. */
  finish(): Promise<void>
  destroy(): void
}

interface PublisherOptions {
  port: number
  host?: string
  app?: string
  key: string
  /** What goes into `connect` beside the usual. */
  connect?: AmfObject
}

/** Large enough that a frame is one chunk. */
const chunkSize = 4 * 1024 * 1024
const mediaStream = 1

const command = (streamId: number, ...values: Parameters<typeof encodeAmf>): Buffer =>
  writeMessage(streamId === 0 ? 3 : 8, messageType.commandAmf0, streamId, encodeAmf(...values), chunkSize)

/** A type 0 chunk header; frames go on chunk streams of their kind. */
const mediaHead = (tag: Tag, timestampMs: number): Buffer => {
  const time = timestampMs >>> 0
  const isExtended = time >= 0xffffff
  const head = Buffer.alloc(isExtended ? 16 : 12)
  head[0] = tag.type === messageType.audio ? 4 : tag.type === messageType.video ? 6 : 5
  head.writeUIntBE(isExtended ? 0xffffff : time, 1, 3)
  head.writeUIntBE(tag.body.length, 4, 3)
  head[7] = tag.type
  head.writeUInt32LE(mediaStream, 8)
  if (isExtended) head.writeUInt32BE(time, 12)
  return head
}

/** Shakes hands with plain RTMP; resolves with what came behind the server's answer. */
export const shakeHands = async (socket: Socket): Promise<Buffer> => {
  const c1 = randomBytes(1536)
  c1.writeUInt32BE(0, 4)
  socket.write(Buffer.concat([Buffer.from([3]), c1]))
  let received = Buffer.alloc(0)
  while (received.length < 1 + 2 * 1536) {
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    received = Buffer.concat([received, bytes])
  }
  socket.write(received.subarray(1, 1537))
  return received.subarray(3073)
}

/** Connects and publishes; rejects in the server's words when it is refused. */
export const publishRtmp = async (options: PublisherOptions): Promise<RtmpPublisher> => {
  const { port, host = '127.0.0.1', app = 'live', key } = options
  const socket = connect(port, host)
  const statuses: string[] = []
  let heard: (code: string) => void = () => undefined
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const rest = await shakeHands(socket)

  const reader = createChunkReader(defaultLimits, (message) => {
    if (message.type !== messageType.commandAmf0) return true
    const [name, , , info] = decodeAmf(message.body)
    if (name === '_result') heard('_result')
    if (name !== 'onStatus' || info === undefined || !isAmfObject(info)) return true
    const { code } = info
    if (typeof code !== 'string') return true
    statuses.push(code)
    heard(code)
    return true
  })
  const hears = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      heard = (code) => {
        if (code === wanted) resolve()
        else if (code.includes('Bad') || code.includes('Failed')) reject(new Error(code))
      }
      socket.once('close', () => reject(new Error(`closed while waiting for ${wanted}`)))
    })
  // What is killed hangs up on it; the close that follows is what those who wait hear.
  socket.on('error', () => undefined)
  socket.on('data', (bytes: Buffer) => void reader.push(bytes))
  if (rest.length > 0) reader.push(rest)

  const tcUrl = `rtmp://${host}:${port}/${app}`
  const connected = hears('_result')
  socket.write(
    Buffer.concat([
      setChunkSize(chunkSize),
      command(0, 'connect', 1, { app, type: 'nonprivate', tcUrl, ...options.connect }),
    ]),
  )
  await connected
  const created = hears('_result')
  socket.write(command(0, 'createStream', 2, null))
  await created
  const started = hears('NetStream.Publish.Start')
  socket.write(command(mediaStream, 'publish', 3, null, key, 'live'))
  await started

  return {
    socket,
    statuses,
    send(tag, timestampMs = tag.timestampMs) {
      if (socket.destroyed) throw new Error('the connection is closed')
      socket.cork()
      socket.write(mediaHead(tag, timestampMs))
      socket.write(tag.body)
      socket.uncork()
      return !socket.writableNeedDrain
    },
    async drained() {
      if (socket.destroyed || !socket.writableNeedDrain) return
      const ended = new AbortController()
      const { signal } = ended
      await Promise.race([once(socket, 'drain', { signal }), once(socket, 'close', { signal })]).catch(
        () => undefined,
      )
      ended.abort()
    },
    async finish() {
      socket.end(command(0, 'deleteStream', 4, null, mediaStream))
      if (!socket.closed) await once(socket, 'close')
    },
    destroy: () => socket.destroy(),
  }
}
