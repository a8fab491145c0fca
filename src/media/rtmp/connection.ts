/**
 * Owns one RTMP connection from its first byte to its one "closed" line. Nothing it reads may throw beyond it,
 * and no media passes before the publish was authorised.
 */
import type { Socket } from 'node:net'
import type { Log } from '../../platform/log/log.ts'
import { MediaError } from '../codec/packet.ts'
import { decodeAmf, isAmfObject } from './amf0.ts'
import type { AmfObject, AmfValue } from './amf0.ts'
import { createChunkReader } from './chunk-reader.ts'
import type { ChunkReader, RtmpMessage } from './chunk-reader.ts'
import { acknowledgement, pingResponse, streamBegin } from './chunk-writer.ts'
import { appOf, connectAnswer, onStatus, result, streamNameOf } from './commands.ts'
import { createHandshake } from './handshake.ts'
import type { Handshake } from './handshake.ts'
import { messageType, RtmpError, userControl } from './protocol.ts'
import type { RtmpLimits } from './protocol.ts'

export interface PublishIntent {
  app: string
  streamName: string
  /** IP address of the peer. */
  address: string
}

/** Takes what an authorised publisher sends. A MediaError thrown here refuses the publication in its words. */
export interface PublicationSink {
  video(timestampMs: number, body: Buffer): void
  audio(timestampMs: number, body: Buffer): void
  metadata(data: AmfObject): void
  /** Exactly once. `clean` is an unpublish; anything else means the publisher vanished or was cut. */
  ended(how: 'clean' | 'vanished', reason: string): void
}

export interface PublishHandle {
  /** Ends the connection; `text` is told to the publisher and logged. */
  cut(text: string): void
}

export type AuthorisePublish = (
  intent: PublishIntent,
  handle: PublishHandle,
) => Promise<PublicationSink | { refused: string }>

export interface ConnectionOptions {
  socket: Socket
  log: Log
  limits: RtmpLimits
  now(): number
  authorise: AuthorisePublish
  onClosed(): void
}

type Phase = 'handshake' | 'connected' | 'authorising' | 'publishing' | 'closing'

export class RtmpConnection {
  readonly address: string
  readonly #options: ConnectionOptions
  readonly #reader: ChunkReader
  #phase: Phase = 'handshake'
  #handshake: Handshake | undefined
  #app = ''
  #streamId = 0
  #sink: PublicationSink | undefined
  #held: Buffer | undefined
  #phaseSinceMs: number
  #lastByteMs: number
  #preAuthBytes = 0
  #received = 0
  #acknowledged = 0
  #ackWindow = 0
  #closed = false
  /** Why we ended it, when the socket's own close comes later. */
  #lastWord: string | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.address = options.socket.remoteAddress ?? ''
    this.#phaseSinceMs = this.#lastByteMs = options.now()
    const { limits, socket } = options
    this.#handshake = createHandshake((bytes) => socket.write(bytes))
    this.#reader = createChunkReader(
      {
        messageBytes: limits.preAuthMessageBytes,
        assemblingBytes: limits.preAuthBytes,
        chunkStreams: limits.chunkStreams,
      },
      (message) => this.#onMessage(message),
    )
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#onData(bytes))
    socket.on('error', (error: NodeJS.ErrnoException) => this.close(error.code ?? error.message))
    socket.on('end', () => this.close('publisher hung up'))
    socket.on('close', () => this.close('connection lost'))
  }

  /** Called about once a second instead of a timer per connection. */
  sweep(nowMs: number): void {
    const { limits } = this.#options
    const phaseMs = nowMs - this.#phaseSinceMs
    if (this.#phase === 'handshake' && phaseMs >= limits.handshakeMs) this.close('handshake took too long')
    else if (this.#phase === 'connected' && phaseMs >= limits.preAuthMs) this.close('no publish in time')
    else if (this.#phase === 'authorising' && phaseMs >= limits.preAuthMs) {
      this.#refuse('authorisation took too long')
    } else if (this.#phase === 'publishing' && nowMs - this.#lastByteMs >= limits.idleMs) {
      this.close('no bytes from the publisher')
    } else if (this.#phase === 'closing' && phaseMs >= 2_000) this.#options.socket.destroy()
  }

  /** Ends the connection now. Later calls do nothing. */
  close(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    const sink = this.#sink
    this.#sink = undefined
    this.#held = undefined
    this.#options.log.info(
      { address: this.address, bytes: this.#received },
      `closed: ${this.#lastWord ?? reason}`,
    )
    if (this.#phase !== 'closing') this.#options.socket.destroy()
    this.#options.onClosed()
    sink?.ended('vanished', reason)
  }

  #onData(bytes: Buffer): void {
    if (this.#closed || this.#phase === 'closing') return
    this.#lastByteMs = this.#options.now()
    this.#received += bytes.length
    try {
      if (this.#phase !== 'publishing') {
        this.#preAuthBytes += bytes.length
        // A publisher may push the first media right behind `publish`; one socket read of that is tolerated.
        if (this.#preAuthBytes > this.#options.limits.preAuthBytes) {
          throw new RtmpError('too many bytes before authorisation')
        }
      }
      this.#read(bytes)
      if (this.#ackWindow > 0 && this.#received - this.#acknowledged >= this.#ackWindow) {
        this.#acknowledged = this.#received
        this.#options.socket.write(acknowledgement(this.#received))
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #read(bytes: Buffer): void {
    if (this.#handshake !== undefined) {
      const rest = this.#handshake.push(bytes)
      if (rest === undefined) return
      this.#handshake = undefined
      this.#enter('connected')
      if (rest.length > 0) this.#read(rest)
      return
    }
    if (this.#phase === 'authorising') {
      this.#held = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes])
      return
    }
    const rest = this.#reader.push(bytes)
    // The reader only stops early where a publish waits for its answer.
    if (rest.length > 0) this.#held = rest
  }

  #fail(error: unknown): void {
    if (error instanceof MediaError) {
      this.#say('error', 'NetStream.Publish.Failed', error.message)
      this.#endAfterWriting(error.message)
    } else if (error instanceof RtmpError) this.close(error.message)
    else {
      this.#options.log.error(
        { err: String(error), address: this.address },
        'a publication failed unexpectedly',
      )
      this.close('internal error')
    }
  }

  // Returns false to make the chunk reader stop behind this message.
  #onMessage(message: RtmpMessage): boolean {
    const { body } = message
    const { limits, socket } = this.#options
    if (socket.writableLength > limits.unreadBytes) throw new RtmpError('it does not read our answers')
    switch (message.type) {
      case messageType.video:
        this.#sink?.video(message.timestampMs, body)
        break
      case messageType.audio:
        this.#sink?.audio(message.timestampMs, body)
        break
      case messageType.aggregate:
        this.#onAggregate(message)
        break
      case messageType.windowAckSize:
        if (body.length >= 4) this.#ackWindow = Math.max(65_536, body.readUInt32BE(0))
        break
      case messageType.userControl:
        if (body.length >= 6 && body.readUInt16BE(0) === userControl.pingRequest) {
          this.#options.socket.write(pingResponse(body.readUInt32BE(2)))
        }
        break
      case messageType.dataAmf0:
      case messageType.dataAmf3:
        this.#onMetadata(decodeAmf(message.type === messageType.dataAmf3 ? body.subarray(1) : body))
        break
      case messageType.commandAmf0:
      case messageType.commandAmf3:
        this.#onCommand(
          decodeAmf(message.type === messageType.commandAmf3 ? body.subarray(1) : body),
          message.streamId,
        )
        break
      default: // acknowledgements and what we have no use for
    }
    return this.#phase !== 'authorising' && !this.#closed && this.#phase !== 'closing'
  }

  #onMetadata(values: AmfValue[]): void {
    const data = values[0] === '@setDataFrame' ? values.slice(1) : values
    const [name, object] = data
    if (name === 'onMetaData' && object !== undefined && isAmfObject(object)) this.#sink?.metadata(object)
  }

  // An aggregate is FLV tags in a row, RTMP 1.0 §7.1.6; their timestamps count from the first one's.
  #onAggregate({ body, timestampMs }: RtmpMessage): void {
    let first: number | undefined
    for (let at = 0; at + 11 <= body.length;) {
      const size = body.readUIntBE(at + 1, 3)
      const stamp = (body.readUIntBE(at + 4, 3) | ((body[at + 7] ?? 0) << 24)) >>> 0
      first ??= stamp
      const end = at + 11 + size
      if (end > body.length) throw new RtmpError('aggregate message is cut short')
      const time = (timestampMs + stamp - first) >>> 0
      const tag = body.subarray(at + 11, end)
      if (body[at] === messageType.video) this.#sink?.video(time, tag)
      if (body[at] === messageType.audio) this.#sink?.audio(time, tag)
      at = end + 4
    }
  }

  #onCommand(values: AmfValue[], streamId: number): void {
    const [name, rawTransaction, request] = values
    const transaction = typeof rawTransaction === 'number' ? rawTransaction : 0
    const { socket } = this.#options
    switch (name) {
      case 'connect':
        this.#app = appOf(request)
        socket.write(connectAnswer(transaction, request !== undefined && isAmfObject(request) ? request : {}))
        break
      case 'createStream':
        socket.write(result(transaction, 1))
        break
      case 'releaseStream':
      case 'FCPublish':
        if (transaction > 0) socket.write(result(transaction, undefined))
        break
      case 'publish':
        this.#onPublish(streamNameOf(values[3]), streamId)
        break
      case 'FCUnpublish':
      case 'deleteStream':
      case 'closeStream':
        this.#onUnpublish()
        break
      case 'play':
        throw new RtmpError('playing over RTMP is not offered')
      default: // _checkbw, getStreamLength and the like want no answer
    }
  }

  #onPublish(streamName: string, streamId: number): void {
    if (this.#phase !== 'connected') throw new RtmpError('publish came out of order')
    this.#streamId = streamId
    this.#enter('authorising')
    this.#options.socket.pause()
    const intent = { app: this.#app, streamName, address: this.address }
    const handle: PublishHandle = { cut: (text) => this.#cut(text) }
    this.#options.authorise(intent, handle).then(
      (answer) => this.#onAuthorised(answer),
      (error: unknown) => this.#refuse(`authorisation failed: ${String(error)}`),
    )
  }

  #onAuthorised(answer: PublicationSink | { refused: string }): void {
    if ('refused' in answer) {
      this.#refuse(answer.refused)
      return
    }
    if (this.#closed || this.#phase !== 'authorising') {
      answer.ended('vanished', 'gone before the answer')
      return
    }
    const { limits, socket } = this.#options
    this.#sink = answer
    this.#enter('publishing')
    this.#preAuthBytes = 0
    // It could not send while its socket was paused.
    this.#lastByteMs = this.#options.now()
    this.#reader.setLimits(limits)
    socket.write(streamBegin(this.#streamId))
    this.#say('status', 'NetStream.Publish.Start', 'Publishing.')
    const held = this.#held
    this.#held = undefined
    try {
      if (held !== undefined) this.#read(held)
    } catch (error) {
      this.#fail(error)
    }
    if (!this.#closed) socket.resume()
  }

  #refuse(reason: string): void {
    if (this.#closed || this.#phase === 'closing') return
    this.#say('error', 'NetStream.Publish.BadName', 'This stream key is not valid here.')
    this.#endAfterWriting(`refused: ${reason}`)
  }

  #cut(text: string): void {
    if (this.#closed || this.#phase === 'closing') return
    this.#say('error', 'NetStream.Publish.Failed', text)
    this.#endAfterWriting(`cut: ${text}`)
  }

  #onUnpublish(): void {
    const sink = this.#sink
    if (sink === undefined) return
    this.#sink = undefined
    this.#say('status', 'NetStream.Unpublish.Success', 'Unpublished.')
    this.#enter('connected')
    sink.ended('clean', 'unpublished')
  }

  #say(level: 'status' | 'error', code: string, text: string): void {
    if (this.#options.socket.writable) this.#options.socket.write(onStatus(this.#streamId, level, code, text))
  }

  // The peer gets the last word's bytes; a sweep destroys the socket if it does not hang up.
  #endAfterWriting(reason: string): void {
    this.#enter('closing')
    this.#lastWord = reason
    const { socket } = this.#options
    socket.resume()
    socket.end()
    const sink = this.#sink
    this.#sink = undefined
    this.#held = undefined
    sink?.ended('vanished', reason)
  }

  #enter(phase: Phase): void {
    this.#phase = phase
    this.#phaseSinceMs = this.#options.now()
  }
}
