/** Owns a room's chat in a page: socket messages become lines, danmaku and the room's state. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { uuid } from '../api/random.ts'
import { user } from '../api/session.ts'
import type { Room, RoomSocketServer } from '../api/shapes.ts'
import type { DanmakuStyle } from '../player/danmaku/settings.ts'
import type { StageItem } from '../player/danmaku/stage.ts'
import { withHistory, withMessage, withOwn, without, withState } from './chat-log.ts'
import type { ChatLine } from './chat-log.ts'
import { openRoomSocket } from './socket.ts'
import type { RoomSocket, SocketState } from './socket.ts'

export interface RoomChatOptions {
  room: () => string
  onRoom: (room: Room) => void
  onDanmaku: (item: StageItem) => void
  playingDate: () => Date | undefined
  onRefused: (message: string) => void
}

// Without an answer for this long one's own message is marked as failed.
const answerMs = 10_000

export const useRoomChat = (options: RoomChatOptions) => {
  const lines = shallowRef<ChatLine[]>([])
  const viewers = ref<number>()
  const state = ref<SocketState>('connecting')
  const canWrite = ref(false)
  const canModerate = ref(false)
  const notice = ref<string>()
  const own = new Set<string>()
  let socket: RoomSocket | undefined
  let first = true

  const onMessage = (message: RoomSocketServer): void => {
    switch (message.type) {
      case 'hello':
        lines.value = withHistory(lines.value, message.history)
        viewers.value = message.viewers
        canWrite.value = message.can_write
        canModerate.value = message.can_moderate
        first = false
        return options.onRoom(message.room)
      case 'danmaku': {
        const mine = message.client_id !== undefined && own.delete(message.client_id)
        const known = lines.value.some((line) => line.id === message.id)
        lines.value = withMessage(lines.value, message)
        // One's own is on the picture since it was written.
        if (!mine && !known) options.onDanmaku(message)
        return
      }
      case 'viewers':
        viewers.value = message.viewers
        return
      case 'state':
        return options.onRoom(message.room)
      case 'deleted':
        lines.value = without(lines.value, message.id)
        return
      case 'notice':
        notice.value = message.text
        return
      case 'error':
        if (message.client_id) {
          own.delete(message.client_id)
          lines.value = withState(lines.value, message.client_id, 'failed', message.msg)
        }
        return options.onRefused(message.msg)
    }
  }

  const deliver = (key: string, text: string, style: DanmakuStyle): void => {
    const date = options.playingDate()
    const sent = socket?.send({
      type: 'danmaku',
      text,
      ...style,
      client_id: key,
      ...(date ? { playing_date: date.toISOString() } : {}),
    })
    if (!sent) {
      lines.value = withState(lines.value, key, 'failed')
      return
    }
    own.add(key)
    setTimeout(() => {
      if (own.delete(key)) lines.value = withState(lines.value, key, 'failed')
    }, answerMs)
  }

  const write = (text: string, style: DanmakuStyle): void => {
    const me = user.value
    if (!me) return
    const key = uuid()
    const line = { key, user: { id: me.id, nickname: me.nickname }, text, ...style, owner: false }
    lines.value = withOwn(lines.value, { ...line, sentAt: new Date().toISOString() })
    options.onDanmaku({ text, ...style, own: true })
    deliver(key, text, style)
  }

  const writeAgain = (line: ChatLine): void => {
    lines.value = withState(lines.value, line.key, 'sending')
    deliver(line.key, line.text, { color: line.color, mode: line.mode, size: line.size })
  }

  watch(
    options.room,
    (room) => {
      socket?.close()
      lines.value = []
      viewers.value = undefined
      notice.value = undefined
      first = true
      if (room) socket = openRoomSocket({ room, onMessage, onState: (value) => (state.value = value) })
    },
    { immediate: true },
  )
  // Somebody signed in or out: the same room, with other rights.
  watch(
    () => user.value?.id,
    () => {
      if (!first) socket?.renew()
    },
  )
  onScopeDispose(() => socket?.close())

  return {
    lines: computed(() => lines.value),
    viewers,
    state,
    canWrite,
    canModerate,
    notice,
    write,
    writeAgain,
    removeLine: (id: string) => {
      lines.value = without(lines.value, id)
    },
  }
}

export type RoomChat = ReturnType<typeof useRoomChat>
