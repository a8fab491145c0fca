/**
 * Owns what a room's sockets are sent and when: the first message at once, what follows within 100 ms together, and
 * of danmaku no more than 50 a second, chosen by chance. Each frame is encoded once for all who get it.
 */
import { randomInt } from 'node:crypto'
import type { RoomSocketServer } from '../../contract/live.ts'

type Message = Exclude<RoomSocketServer, { type: 'batch' }>

export interface Receiver {
  readonly id: string
  /** Takes several messages in one frame. */
  readonly takesBatches: boolean
  send(frame: Buffer): void
}

export interface Outgoing {
  /** `from`: the socket that has its own echo. `mayDrop`: one of many that nobody could read. */
  add(message: Message, options?: { from?: string; mayDrop?: boolean }): void
  /** What waits goes out now; call it before somebody joins or anything is taken back. */
  flush(): void
  /** Drops from what waits. */
  forget(isGone: (message: Message) => boolean): void
  close(): void
}

interface Item {
  message: Message
  from: string | undefined
  mayDrop: boolean
}

const windowMs = 100
const perSecond = 50
/** Of a flood more is not even looked at. */
const maxWaiting = 2_000

export const encode = (message: RoomSocketServer): Buffer => Buffer.from(JSON.stringify(message))

export const createOutgoing = (deps: {
  now: () => number
  receivers: Iterable<Receiver>
  /** Told of each message that goes out, in order. */
  onSent: (message: Message) => void
}): Outgoing => {
  const { now, receivers, onSent } = deps
  let waiting: Item[] = []
  let skipped = 0
  let timer: NodeJS.Timeout | undefined
  let lastMs = Number.NEGATIVE_INFINITY
  let allowance = perSecond
  let allowedMs = now()

  /** As many danmaku as the second has room for; those that stay are in order. */
  const sample = (items: Item[]): Item[] => {
    const nowMs = now()
    allowance = Math.min(perSecond, allowance + ((nowMs - allowedMs) * perSecond) / 1000)
    allowedMs = nowMs
    const droppable = items.filter(({ mayDrop }) => mayDrop)
    const room = Math.floor(allowance)
    if (droppable.length <= room) {
      allowance -= droppable.length
      return items
    }
    allowance -= room
    skipped += droppable.length - room
    // The first of a shuffle: each has the same chance.
    for (let i = 0; i < room; i++) {
      const other = randomInt(i, droppable.length)
      const [a, b] = [droppable[i], droppable[other]]
      if (a && b) [droppable[i], droppable[other]] = [b, a]
    }
    const stays = new Set(droppable.slice(0, room))
    return items.filter((item) => !item.mayDrop || stays.has(item))
  }

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length === 0) return
    const items = sample(waiting)
    waiting = []
    for (const { message } of items) onSent(message)
    const missed = skipped
    skipped = 0
    const frames = new Map<Item, Buffer>()
    const frameOf = (item: Item): Buffer => {
      const frame = frames.get(item) ?? encode(item.message)
      frames.set(item, frame)
      return frame
    }
    const together =
      items.length > 1 || missed > 0
        ? encode({ type: 'batch', items: items.map(({ message }) => message), skipped: missed })
        : undefined
    const writers = new Set(items.map(({ from }) => from))
    for (const receiver of receivers) {
      if (together && receiver.takesBatches && !writers.has(receiver.id)) receiver.send(together)
      else for (const item of items) if (item.from !== receiver.id) receiver.send(frameOf(item))
    }
    // Counted from the end: where telling a crowd takes longer than the window, each message would else go out alone, and
    // the more came, the longer all would take.
    lastMs = now()
  }

  return {
    add(message, { from, mayDrop = false } = {}) {
      if (waiting.length >= maxWaiting && mayDrop) return void skipped++
      waiting.push({ message, from, mayDrop })
      if (timer !== undefined) return
      const waitMs = lastMs + windowMs - now()
      if (waitMs <= 0) flush()
      else timer = setTimeout(flush, Math.min(waitMs, windowMs))
    },
    flush,
    forget(isGone) {
      waiting = waiting.filter(({ message }) => !isGone(message))
    },
    close() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
