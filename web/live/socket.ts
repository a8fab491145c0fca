/** Owns the socket of a room: ticket, reconnecting with backoff, heartbeat. What the messages mean is the chat's. */
import { batchProtocol, roomSocketPath, socketProtocol } from '../../contract/live.ts'
import type { RoomSocketClient, RoomSocketServer } from '../api/shapes.ts'
import { backoffMs } from '../api/random.ts'
import { takeSocketTicket } from '../api/site.ts'

export type RoomMessage = Exclude<RoomSocketServer, { type: 'batch' }>
export type SocketState = 'connecting' | 'open' | 'lost'

export interface RoomSocket {
  /** False when there is no open connection. */
  send(message: RoomSocketClient): boolean
  /** Closes and opens again, for instance after signing in. */
  renew(): void
  close(): void
}

export interface RoomSocketOptions {
  room: string
  onMessage: (message: RoomMessage) => void
  /** So many messages more came than anybody could read. */
  onSkipped?: (count: number) => void
  onState: (state: SocketState) => void
}

const heartbeatMs = 25_000
// Without any word for this long the connection is taken for dead.
const silenceMs = 70_000
/** After these a socket is opened without a ticket, to read at least. */
const ticketAttempts = 5

const parse = (data: unknown): RoomSocketServer | undefined => {
  if (typeof data !== 'string') return undefined
  try {
    return JSON.parse(data) as RoomSocketServer
  } catch {
    return undefined
  }
}

export const openRoomSocket = (options: RoomSocketOptions): RoomSocket => {
  const { room, onMessage, onState } = options
  let socket: WebSocket | undefined
  let attempt = 0
  let closed = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let heardMs = Date.now()

  const later = (): void => {
    clearTimeout(timer)
    if (closed) return
    onState('lost')
    timer = setTimeout(() => void connect(), backoffMs(attempt, 500, 15_000))
    attempt += 1
  }

  const connect = async (): Promise<void> => {
    let ticket: string | undefined
    try {
      ticket = await takeSocketTicket()
    } catch {
      // An API that is just coming back must not leave a writer reading; if it stays so, reading goes on.
      if (attempt < ticketAttempts) return later()
    }
    if (closed) return
    const path = roomSocketPath.replace('{id}', encodeURIComponent(room))
    const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`
    const mine = new WebSocket(address, [
      socketProtocol,
      batchProtocol,
      ...(ticket ? [`ticket.${ticket}`] : []),
    ])
    socket = mine
    heardMs = Date.now()
    mine.onopen = () => {
      if (mine === socket) onState('open')
    }
    mine.onmessage = (event) => {
      heardMs = Date.now()
      const message = parse(event.data)
      if (!message || mine !== socket) return
      if (message.type === 'hello') attempt = 0
      if (message.type !== 'batch') return onMessage(message)
      for (const item of message.items) onMessage(item)
      if (message.skipped > 0) options.onSkipped?.(message.skipped)
    }
    mine.onclose = () => {
      if (mine !== socket) return
      socket = undefined
      later()
    }
  }

  const drop = (): void => {
    const old = socket
    socket = undefined
    old?.close()
  }
  const renew = (): void => {
    drop()
    attempt = 0
    clearTimeout(timer)
    void connect()
  }

  const pulse = setInterval(() => {
    if (socket?.readyState !== WebSocket.OPEN) return
    if (Date.now() - heardMs > silenceMs) {
      drop()
      later()
    } else socket.send(JSON.stringify({ type: 'heartbeat' } satisfies RoomSocketClient))
  }, heartbeatMs)
  const onOnline = (): void => {
    if (socket?.readyState !== WebSocket.OPEN) renew()
  }
  addEventListener('online', onOnline)
  onState('connecting')
  void connect()

  return {
    send: (message) => {
      if (socket?.readyState !== WebSocket.OPEN) return false
      socket.send(JSON.stringify(message))
      return true
    },
    renew,
    close: () => {
      closed = true
      clearTimeout(timer)
      clearInterval(pulse)
      removeEventListener('online', onOnline)
      drop()
    },
  }
}
