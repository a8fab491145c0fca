/**
 * Owns the connection over which a broadcast goes out: ticket, slices, what waits in it, and coming back within the
 * minute in which the same session goes on.
 */
import { publishPath } from '../../contract/publish.ts'
import type { PublishClient, PublishEnd, PublishServer } from '../../contract/publish.ts'
import { socketProtocol } from '../../contract/live.ts'
import { backoffMs } from '../api/random.ts'
import { takeSocketTicket } from '../api/site.ts'
import { slicesOf } from './tags.ts'
import type { FrameKind } from './tags.ts'

export type PublishState = 'connecting' | 'open' | 'lost'

export interface PublishSocket {
  send(kind: FrameKind, timestampMs: number, body: Uint8Array): void
  /** Bytes that wait in the browser; grows where the network is slower than the encoders. */
  readonly waitingBytes: number
  /** Says goodbye: the replay is there at once. */
  stop(): void
}

interface Options {
  size: { width: number; height: number }
  onState: (state: PublishState) => void
  /** The server takes frames from now on. */
  onReady: () => void
  /** How much arrived in the last second, in bits a second. */
  onRate: (bitsPerS: number) => void
  /** For good: no further attempt is made. */
  onEnd: (end: PublishEnd | 'gave_up') => void
}

/** Past this the session is over, and going on would begin another behind the creator's back. */
const giveUpMs = 58_000
const final: readonly PublishEnd[] = ['taken_over', 'ended', 'room_closed', 'invalid']

const parse = (data: unknown): PublishServer | undefined => {
  try {
    return typeof data === 'string' ? (JSON.parse(data) as PublishServer) : undefined
  } catch {
    return undefined
  }
}

export const openPublishSocket = (options: Options): PublishSocket => {
  let socket: WebSocket | undefined
  let ready = false
  let over = false
  let attempt = 0
  let lostMs: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let acked = { bytes: 0, atMs: performance.now() }

  const finish = (end?: PublishEnd | 'gave_up'): void => {
    if (over) return
    over = true
    clearTimeout(timer)
    if (end) options.onEnd(end)
  }
  const later = (): void => {
    if (over) return
    lostMs ??= performance.now()
    if (performance.now() - lostMs > giveUpMs) return finish('gave_up')
    options.onState('lost')
    timer = setTimeout(() => void connect(), backoffMs(attempt, 300, 4000))
    attempt += 1
  }
  const say = (message: PublishClient): void => socket?.send(JSON.stringify(message))

  const onMessage = (message: PublishServer): void => {
    if (message.type === 'ready') {
      ready = true
      attempt = 0
      lostMs = undefined
      acked = { bytes: 0, atMs: performance.now() }
      options.onState('open')
      options.onReady()
    } else if (message.type === 'ack') {
      const nowMs = performance.now()
      options.onRate(((message.received_bytes - acked.bytes) * 8000) / Math.max(1, nowMs - acked.atMs))
      acked = { bytes: message.received_bytes, atMs: nowMs }
    } else if (final.includes(message.end)) finish(message.end)
  }

  const connect = async (): Promise<void> => {
    let ticket: string | undefined
    try {
      ticket = await takeSocketTicket()
    } catch {
      return later()
    }
    if (over) return
    if (ticket === undefined) return finish('room_closed')
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const mine = new WebSocket(`${scheme}://${location.host}${publishPath}`, [
      socketProtocol,
      `ticket.${ticket}`,
    ])
    mine.binaryType = 'arraybuffer'
    socket = mine
    mine.onopen = () => say({ type: 'start', ...options.size })
    mine.onmessage = ({ data }) => {
      const message = mine === socket ? parse(data) : undefined
      if (message) onMessage(message)
    }
    mine.onclose = () => {
      if (mine !== socket) return
      socket = undefined
      ready = false
      later()
    }
  }
  options.onState('connecting')
  void connect()

  return {
    send(kind, timestampMs, body) {
      if (!ready || socket?.readyState !== WebSocket.OPEN) return
      for (const slice of slicesOf(kind, timestampMs, body)) socket.send(slice)
    },
    get waitingBytes() {
      return socket?.bufferedAmount ?? 0
    },
    stop() {
      if (over) return
      finish()
      const last = socket
      if (last?.readyState !== WebSocket.OPEN) return last?.close()
      say({ type: 'stop' })
      // The server closes once it has read all of it.
      setTimeout(() => last.close(), 5000)
    },
  }
}
