/**
 * Owns the socket of whoever is signed in: the counts in the header live, and news handed to open pages. What a page
 * loaded and what the socket brings are the same by id; after every reconnect pages load again.
 */
import { shallowRef } from 'vue'
import { backoffMs } from '../api/random.ts'
import { queryClient } from '../api/client.ts'
import { socketProtocol, userSocketPath } from '../api/messages.ts'
import type { PrivateMessage, Unread, UserSocketServer } from '../api/messages.ts'
import { onSessionChange, signedIn } from '../api/session.ts'
import { takeSocketTicket } from '../api/site.ts'

export const unread = shallowRef<Unread>()
const listeners = new Set<(message: PrivateMessage) => void>()

/** Calls `heard` for every private message from now on; gives what ends that. */
export const onPrivateMessage = (heard: (message: PrivateMessage) => void): (() => void) => {
  listeners.add(heard)
  return () => listeners.delete(heard)
}

const heartbeatMs = 25_000
let socket: WebSocket | undefined
let attempt = 0
let timer: ReturnType<typeof setTimeout> | undefined
let started = false

const refresh = (...keys: string[]): void => {
  for (const key of keys) void queryClient.invalidateQueries({ queryKey: [key] })
}

const hear = (message: UserSocketServer): void => {
  unread.value = message.unread
  if (message.type === 'hello') {
    attempt = 0
    refresh('notifications', 'conversations', 'talk')
  } else if (message.type === 'notification') refresh('notifications')
  else if (message.type === 'message') {
    for (const heard of listeners) heard(message.message)
    refresh('conversations')
  } else refresh('conversations')
}

const later = (): void => {
  clearTimeout(timer)
  if (!signedIn.value) return
  timer = setTimeout(() => void connect(), backoffMs(attempt, 500, 30_000))
  attempt += 1
}

const connect = async (): Promise<void> => {
  clearTimeout(timer)
  const old = socket
  socket = undefined
  old?.close()
  if (!signedIn.value) return
  const ticket = await takeSocketTicket().catch(() => undefined)
  if (ticket === undefined || !signedIn.value) return later()
  const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${userSocketPath}`
  const mine = new WebSocket(address, [socketProtocol, `ticket.${ticket}`])
  socket = mine
  mine.onmessage = (event) => {
    if (mine === socket && typeof event.data === 'string') hear(JSON.parse(event.data) as UserSocketServer)
  }
  mine.onclose = () => {
    if (mine !== socket) return
    socket = undefined
    later()
  }
}

/** Once per page; goes with whoever is signed in. */
export const startInbox = (): void => {
  if (started) return
  started = true
  onSessionChange(() => {
    unread.value = undefined
    attempt = 0
    void connect()
  })
  setInterval(() => {
    if (socket?.readyState === WebSocket.OPEN) socket.send('{"type":"heartbeat"}')
  }, heartbeatMs)
  addEventListener('online', () => void connect())
  void connect()
}
