/** Owns a room's chat in a page: socket messages become lines, danmaku and the room's state. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { uuid } from '../api/random.ts'
import { user } from '../api/session.ts'
import type { Gift, Pinned, Raid, RoomRules } from '../api/room.ts'
import type { Danmaku, Room } from '../api/shapes.ts'
import { nowMs } from '../ui/now.ts'
import type { DanmakuStyle } from '../player/danmaku/settings.ts'
import type { StageItem } from '../player/danmaku/stage.ts'
import {
  withArrival,
  withGift,
  withHistory,
  withMessage,
  withOwn,
  without,
  withoutWriter,
  withState,
} from './chat-log.ts'
import type { ChatLine } from './chat-log.ts'
import { openRoomSocket } from './socket.ts'
import type { RoomMessage, RoomSocket, SocketState } from './socket.ts'

export interface RoomChatOptions {
  room: () => string
  onRoom: (room: Room) => void
  /** `said` is what others get too; one's own comes without. */
  onDanmaku: (item: StageItem, said?: Danmaku) => void
  playingDate: () => Date | undefined
  onRefused: (message: string) => void
  onGift: (gift: Gift) => void
  onArrival: (name: string, viewers: number) => void
  /** Somebody's messages are gone, also from the picture. */
  onPurged: () => void
}

// Without an answer for this long one's own message is marked as failed.
const answerMs = 10_000
// Likes go out together.
const likesEveryMs = 1_000
const mostLikes = 20

export const useRoomChat = (options: RoomChatOptions) => {
  const lines = shallowRef<ChatLine[]>([])
  const viewers = ref<number>()
  const state = ref<SocketState>('connecting')
  const canWrite = ref(false)
  const canModerate = ref(false)
  const notice = ref<string>()
  const likes = ref(0)
  const rules = shallowRef<RoomRules>({ slow_seconds: 0, followers_minutes: null })
  const pinned = shallowRef<Pinned | null>(null)
  const raid = shallowRef<Raid | null>(null)
  const skipped = ref(0)
  /** Until then the server would refuse: slow mode, a mute. */
  const waitUntil = ref(0)
  const waitS = computed(() => Math.max(0, Math.ceil((waitUntil.value - nowMs.value) / 1000)))
  const own = new Set<string>()
  let socket: RoomSocket | undefined
  let first = true

  const onMessage = (message: RoomMessage): void => {
    switch (message.type) {
      case 'hello':
        lines.value = message.gifts.reduce(withGift, withHistory(lines.value, message.history))
        lines.value = inOrder(lines.value)
        likes.value = message.likes
        rules.value = message.rules
        pinned.value = message.pinned
        raid.value = message.raid
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
        if (!mine && !known) options.onDanmaku(message, message)
        return
      }
      case 'gift':
        lines.value = withGift(lines.value, message)
        return options.onGift(message)
      case 'likes':
        likes.value = Math.max(likes.value, message.likes)
        return
      case 'rules':
        rules.value = message.rules
        return
      case 'pinned':
        pinned.value = message.pinned
        return
      case 'purged':
        lines.value = withoutWriter(lines.value, message.user_id)
        return options.onPurged()
      case 'standing':
        canWrite.value = message.can_write
        canModerate.value = message.can_moderate
        if (message.can_write) waitUntil.value = 0
        return
      case 'raid':
        raid.value = message
        return
      case 'raid_cancelled':
        if (raid.value?.id === message.id) raid.value = null
        return
      case 'raided':
        lines.value = withArrival(lines.value, message)
        return options.onArrival(message.from.author.nickname, message.viewers)
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
        if (message.retry_after) waitUntil.value = Date.now() + message.retry_after * 1000
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
    const line = {
      key,
      user: { id: me.id, nickname: me.nickname },
      text,
      ...style,
      owner: false,
      moderator: false,
    }
    lines.value = withOwn(lines.value, { ...line, sentAt: new Date().toISOString() })
    options.onDanmaku({ text, ...style, own: true })
    deliver(key, text, style)
    // Not asked to find out: the next one would be refused.
    const { slow_seconds: slow } = rules.value
    if (slow > 0 && !canModerate.value) waitUntil.value = Math.max(waitUntil.value, Date.now() + slow * 1000)
  }

  let tapped = 0
  const tapping = setInterval(() => {
    if (tapped === 0) return
    if (socket?.send({ type: 'like', count: Math.min(tapped, mostLikes) })) tapped = 0
  }, likesEveryMs)
  const like = (): void => {
    tapped += 1
    if (tapped <= mostLikes) likes.value += 1
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
      likes.value = 0
      pinned.value = null
      raid.value = null
      skipped.value = 0
      waitUntil.value = 0
      first = true
      if (!room) return
      const onSkipped = (count: number): void => void (skipped.value += count)
      socket = openRoomSocket({ room, onMessage, onSkipped, onState: (value) => (state.value = value) })
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
  onScopeDispose(() => {
    clearInterval(tapping)
    socket?.close()
  })

  return {
    lines: computed(() => lines.value),
    viewers,
    state,
    canWrite,
    canModerate,
    notice,
    likes,
    rules,
    pinned,
    raid,
    skipped,
    waitS,
    like,
    stay: (raidId: string) => socket?.send({ type: 'stay', raid_id: raidId }),
    write,
    writeAgain,
    removeLine: (id: string) => {
      lines.value = without(lines.value, id)
    },
  }
}

/** What was sent stands by time, what still waits behind it. */
const inOrder = (lines: ChatLine[]): ChatLine[] => [
  ...lines.filter((line) => line.id !== undefined).sort((a, b) => a.sentAt.localeCompare(b.sentAt)),
  ...lines.filter((line) => line.id === undefined),
]

export type RoomChat = ReturnType<typeof useRoomChat>
