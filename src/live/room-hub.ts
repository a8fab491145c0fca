/**
 * Owns one room in this process: its sockets, the last danmaku, and what everybody in it is told. History and news
 * join without a gap or a repetition: news is listened to before history is read, and a socket gets its `hello` and
 * becomes a listener in one step.
 */
import { randomBytes } from 'node:crypto'
import type { Room, RoomSocketServer } from '../../contract/live.ts'
import type { Caller } from '../platform/http/route.ts'
import type { LiveDanmaku } from './chat.ts'
import { createPresence } from './presence.ts'
import type { RoomNews } from './room-channel.ts'
import type { SessionRow } from './store.ts'

export interface Peer {
  readonly id: string
  readonly userId: string | undefined
  /** undefined for those who only read. */
  caller: Caller | undefined
  send(frame: Buffer): void
  close(code: number, reason: string): void
}

export interface RoomNow {
  ownerId: string
  view: Room
  /** On the air, else undefined. */
  session: SessionRow | undefined
}

interface Deps {
  roomId: string
  node: string
  now: () => number
  /** undefined where there is no such room. */
  readRoom: () => Promise<RoomNow | undefined>
  readHistory: (session: SessionRow, ownerId: string) => Promise<LiveDanmaku[]>
  publish: (news: RoomNews) => void
  /** The count of an on-air session changed. */
  onViewers: (sessionId: string, viewers: number) => void
}

const kept = 50

export const encode = (message: RoomSocketServer): Buffer => Buffer.from(JSON.stringify(message))

/** What a change of is worth telling: viewers are told apart, and a live picture changes all the time. */
const looksOf = (view: Room): string =>
  JSON.stringify({ ...view, viewers: 0, cover_url: view.play === null ? view.cover_url : null })

export const peerId = (): string => randomBytes(9).toString('base64url')

export type RoomHub = NonNullable<Awaited<ReturnType<typeof openRoomHub>>>

/** `listen` subscribes the given handler before anything is read. */
export const openRoomHub = async (
  deps: Deps,
  listen: (handler: (news: RoomNews) => void) => Promise<() => Promise<void>>,
) => {
  const { readRoom, readHistory, publish, onViewers, now } = deps
  const peers = new Set<Peer>()
  const presence = createPresence(deps.node, now)
  let ring: LiveDanmaku[] = []
  const deleted = new Set<string>()
  let room: RoomNow | undefined
  let shownViewers = 0
  let readAgain = false
  let reading: Promise<void> | undefined

  const broadcast = (message: RoomSocketServer, except?: string): void => {
    if (peers.size === 0) return
    const frame = encode(message)
    for (const peer of peers) if (peer.id !== except) peer.send(frame)
  }

  const remember = (danmaku: LiveDanmaku): void => {
    if (deleted.has(danmaku.id) || ring.some(({ id }) => id === danmaku.id)) return
    ring.push(danmaku)
    // Ids sort by time; between processes news may overtake each other a little.
    ring.sort((a, b) => (a.id < b.id ? -1 : 1))
    if (ring.length > kept) ring = ring.slice(-kept)
  }

  const forget = (id: string): void => {
    deleted.add(id)
    if (deleted.size > 200) deleted.delete([...deleted][0] ?? '')
    ring = ring.filter((danmaku) => danmaku.id !== id)
  }

  /** Reads the room; what changes meanwhile is read again afterwards. */
  const refresh = (): Promise<void> => {
    readAgain = true
    reading ??= (async () => {
      try {
        while (readAgain) {
          readAgain = false
          const next = await readRoom()
          if (next === undefined) return
          const before = room
          room = next
          // A new session has its own history.
          if (before?.session && next.session && before.session.id !== next.session.id) ring = []
          if (before && looksOf(before.view) !== looksOf(next.view)) {
            broadcast({ type: 'state', room: { ...next.view, viewers: shownViewers } })
          }
        }
      } finally {
        reading = undefined
      }
    })()
    return reading
  }

  const onNews = (news: RoomNews): void => {
    if (news.t === 'danmaku') {
      remember(news.danmaku)
      broadcast(news.danmaku, news.from)
    } else if (news.t === 'deleted') {
      forget(news.id)
      broadcast({ type: 'deleted', id: news.id })
    } else if (news.t === 'presence') presence.heard(news.node, news.count)
    else void refresh().catch(() => undefined)
  }

  const unlisten = await listen(onNews)
  await refresh()
  const first: RoomNow | undefined = room
  if (first === undefined) {
    await unlisten()
    return undefined
  }
  if (first.session) for (const danmaku of await readHistory(first.session, first.ownerId)) remember(danmaku)

  return {
    roomId: deps.roomId,
    get room(): RoomNow {
      return room ?? first
    },
    get size() {
      return peers.size
    },
    get viewers() {
      return presence.total(peers)
    },
    peers: peers as ReadonlySet<Peer>,
    refresh,

    /** Sends `hello` and from then on everything; nothing can come in between. */
    join(peer: Peer, may: { canWrite: boolean; canModerate: boolean }): void {
      const { view, session } = this.room
      peers.add(peer)
      const viewers = presence.total(peers)
      const history = session === undefined ? [] : [...ring]
      const { canWrite: can_write, canModerate: can_moderate } = may
      peer.send(
        encode({ type: 'hello', history, viewers, room: { ...view, viewers }, can_write, can_moderate }),
      )
    },
    leave(peer: Peer): void {
      peers.delete(peer)
    },

    /** Every few seconds: tells the other processes, and the room, how many there are. `again`: also if it is known. */
    tick(again: boolean): void {
      const due = presence.due(peers)
      if (due !== undefined) publish({ t: 'presence', node: deps.node, count: due })
      const viewers = presence.total(peers)
      const isNew = viewers !== shownViewers
      shownViewers = viewers
      if (isNew) broadcast({ type: 'viewers', viewers })
      if (!isNew && !again) return
      const session = this.room.session
      if (session) onViewers(session.id, viewers)
    },

    deliver: onNews,
    async close(): Promise<void> {
      await unlisten()
    },
  }
}
