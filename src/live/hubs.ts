/** Owns the rooms that have sockets in this process: opened by the first, closed some time after the last. */
import { secretToken } from '../platform/ids/ids.ts'
import type { DanmakuDeleted } from '../danmaku/index.ts'
import { deletedChannel } from '../danmaku/index.ts'
import type { Bus, Json } from '../platform/bus/bus.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Log } from '../platform/log/log.ts'
import type { Gift } from '../../contract/gift.ts'
import type { Caller } from '../platform/http/route.ts'
import type { LiveDanmaku } from './chat.ts'
import { openRoomHub } from './room-hub.ts'
import type { RoomHub, RoomNow } from './room-hub.ts'
import { roomChannel } from './room-channel.ts'
import type { RoomNews } from './room-channel.ts'
import type { SessionRow } from './store.ts'

interface Deps {
  bus: Bus
  clock: Clock
  log: Log
  readRoom: (roomId: string) => Promise<RoomNow | undefined>
  readHistory: (room: RoomNow, session: SessionRow) => Promise<{ danmaku: LiveDanmaku[]; gifts: Gift[] }>
  mayModerate: (room: RoomNow, caller: Caller) => boolean
  saveViewers: (sessionId: string, viewers: number) => Promise<void>
  /** Gives the new sum. */
  saveLikes: (sessionId: string, likes: number) => Promise<number>
  /** One of that owner's timelines lost a danmaku. */
  onDeleted: (ownerId: string, danmakuId: string, roomId: string) => Promise<void>
}

const tickMs = 2_000
/** News that the bus lost is made good by reading again. */
const refreshEveryTicks = 8
const idleTicks = 5

export type Hubs = Awaited<ReturnType<typeof createHubs>>

export const createHubs = async (deps: Deps) => {
  const { bus, clock, log, readRoom, readHistory, mayModerate, saveViewers, saveLikes, onDeleted } = deps
  const node = secretToken(9)
  const opening = new Map<string, Promise<RoomHub | undefined>>()
  const open = new Map<string, RoomHub>()
  const emptyFor = new Map<string, number>()

  const publish = (roomId: string, news: RoomNews): Promise<void> =>
    bus.publish(roomChannel(roomId), news as unknown as Json)

  const openHub = async (roomId: string): Promise<RoomHub | undefined> => {
    const hub = await openRoomHub(
      {
        roomId,
        node,
        now: () => clock.now(),
        readRoom: () => readRoom(roomId),
        readHistory,
        mayModerate,
        publish: (news) => void publish(roomId, news),
        onViewers: (sessionId, viewers) => {
          saveViewers(sessionId, viewers).catch((error: unknown) =>
            log.warn({ err: error, session: sessionId }, 'viewers were not written down'),
          )
        },
        onLikes: async (sessionId, likes) => {
          try {
            await publish(roomId, { t: 'likes', likes: await saveLikes(sessionId, likes) })
          } catch (error) {
            log.warn({ err: error, session: sessionId }, 'likes were not written down')
            throw error
          }
        },
      },
      (handler) => bus.subscribe(roomChannel(roomId), (message) => handler(message as RoomNews)),
    )
    if (hub) open.set(roomId, hub)
    return hub
  }

  const close = async (roomId: string): Promise<void> => {
    const hub = open.get(roomId)
    open.delete(roomId)
    opening.delete(roomId)
    emptyFor.delete(roomId)
    await hub?.close()
  }

  let ticks = 0
  const tick = (): void => {
    ticks++
    for (const [roomId, hub] of open) {
      const again = ticks % refreshEveryTicks === 0
      hub.tick(again)
      if (again) {
        hub
          .refresh()
          .catch((error: unknown) => log.warn({ err: error, room: roomId }, 'a room was not read again'))
      }
      const empty = hub.size === 0 ? (emptyFor.get(roomId) ?? 0) + 1 : 0
      emptyFor.set(roomId, empty)
      if (empty > idleTicks) void close(roomId)
    }
  }
  const timer = setInterval(tick, tickMs)
  timer.unref()

  const unlisten = await bus.subscribe(deletedChannel, (message) => {
    const { timeline_id, owner_id, id } = message as DanmakuDeleted
    for (const hub of open.values()) {
      if (hub.room.session?.id === timeline_id) hub.deliver({ t: 'deleted', id })
      if (hub.room.ownerId !== owner_id || hub.room.order.pinned === null) continue
      onDeleted(owner_id, id, hub.roomId).catch((error: unknown) =>
        log.warn({ err: error, room: hub.roomId }, 'what was deleted is pinned still'),
      )
    }
  })

  return {
    publish,
    /** The room's hub; undefined where there is no such room. */
    async get(roomId: string): Promise<RoomHub | undefined> {
      let hub = opening.get(roomId)
      if (hub === undefined) {
        hub = openHub(roomId)
        opening.set(roomId, hub)
        // What failed, or is not there, is looked for again next time.
        hub.then(
          (found) => found === undefined && opening.delete(roomId),
          () => opening.delete(roomId),
        )
      }
      emptyFor.set(roomId, 0)
      return hub
    },
    /** How many watch, as far as this process knows; undefined without sockets here. */
    viewersOf: (roomId: string): number | undefined => open.get(roomId)?.viewers,
    all: (): Iterable<RoomHub> => open.values(),
    async close(): Promise<void> {
      clearInterval(timer)
      await unlisten()
      for (const roomId of [...open.keys()]) await close(roomId)
    },
  }
}
