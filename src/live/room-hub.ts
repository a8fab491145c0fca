/**
 * Owns one room in this process: its sockets and what everybody in it is told. History and news join without a gap
 * or a repetition: news is listened to before history is read, and a socket gets its `hello` and becomes a listener
 * in one step.
 */
import { randomBytes } from 'node:crypto'
import type { Gift } from '../../contract/gift.ts'
import type { Room } from '../../contract/live.ts'
import type { Raid } from '../../contract/room.ts'
import { forever } from '../danmaku/index.ts'
import type { Caller } from '../platform/http/route.ts'
import { isoTime } from '../user/index.ts'
import type { LiveDanmaku } from './chat.ts'
import type { RoomOrder } from './order.ts'
import { createOutgoing, encode } from './outgoing.ts'
import type { Receiver } from './outgoing.ts'
import { createPresence } from './presence.ts'
import type { RoomNews } from './room-channel.ts'
import { createRoomHistory } from './room-history.ts'
import type { SessionRow } from './store.ts'

export { encode } from './outgoing.ts'

export interface Peer extends Receiver {
  readonly userId: string | undefined
  /** undefined for those who only read. */
  caller: Caller | undefined
  /** Until when they may not write; null: they may. */
  mutedUntilMs: number | null
  close(code: number, reason: string): void
}

export interface RoomNow {
  ownerId: string
  view: Room
  /** On the air, else undefined. */
  session: SessionRow | undefined
  order: RoomOrder
}

interface Deps {
  roomId: string
  node: string
  now: () => number
  /** undefined where there is no such room. */
  readRoom: () => Promise<RoomNow | undefined>
  readHistory: (room: RoomNow, session: SessionRow) => Promise<{ danmaku: LiveDanmaku[]; gifts: Gift[] }>
  mayModerate: (room: RoomNow, caller: Caller) => boolean
  publish: (news: RoomNews) => void
  /** The count of an on-air session changed. */
  onViewers: (sessionId: string, viewers: number) => void
  /** So many likes came in through this process. */
  onLikes: (sessionId: string, likes: number) => Promise<void>
}

/** What a change of is worth telling: viewers and likes are told apart, and a live picture changes all the time. */
const looksOf = (view: Room): string =>
  JSON.stringify({
    ...view,
    viewers: 0,
    peak_viewers: 0,
    likes: 0,
    cover_url: view.play === null ? view.cover_url : null,
  })

export const peerId = (): string => randomBytes(9).toString('base64url')

export type RoomHub = NonNullable<Awaited<ReturnType<typeof openRoomHub>>>

/** `listen` subscribes the given handler before anything is read. */
export const openRoomHub = async (
  deps: Deps,
  listen: (handler: (news: RoomNews) => void) => Promise<() => Promise<void>>,
) => {
  const { readRoom, readHistory, mayModerate, publish, onViewers, onLikes, now } = deps
  const peers = new Set<Peer>()
  const presence = createPresence(deps.node, now)
  const history = createRoomHistory()
  const outgoing = createOutgoing({
    now,
    receivers: peers,
    onSent: (message) => {
      if (message.type === 'danmaku') history.addDanmaku(message)
      if (message.type === 'gift') history.addGift(message)
    },
  })
  let room: RoomNow | undefined
  let shownViewers = 0
  let likes = 0
  let newLikes = 0
  let raid: Raid | null = null
  let readAgain = false
  let reading: Promise<void> | undefined

  const standingOf = (at: RoomNow, { caller, mutedUntilMs: untilMs }: Peer) => {
    const isMuted = untilMs !== null && untilMs > now()
    return {
      can_write: caller !== undefined && !isMuted,
      can_moderate: caller !== undefined && mayModerate(at, caller),
      muted_until: isMuted && untilMs !== forever ? isoTime(untilMs) : null,
      banned: isMuted && untilMs === forever,
    }
  }

  /** Tells each of them what they may from now on. */
  const tellStandings = (at: RoomNow, isMeant: (peer: Peer) => boolean): void => {
    for (const peer of peers)
      if (peer.caller && isMeant(peer)) peer.send(encode({ type: 'standing', ...standingOf(at, peer) }))
  }

  /** Whose mute has ended may write again without asking. */
  const tellLapsed = (): void => {
    for (const peer of peers) {
      if (peer.mutedUntilMs === null || peer.mutedUntilMs > now() || !room) continue
      peer.mutedUntilMs = null
      peer.send(encode({ type: 'standing', ...standingOf(room, peer) }))
    }
  }

  const tellChange = (before: RoomNow, next: RoomNow): void => {
    if (looksOf(before.view) !== looksOf(next.view))
      outgoing.add({ type: 'state', room: { ...next.view, viewers: shownViewers, likes } })
    const { rules, pinned, moderators } = next.order
    if (JSON.stringify(before.order.rules) !== JSON.stringify(rules)) outgoing.add({ type: 'rules', rules })
    if (JSON.stringify(before.order.pinned) !== JSON.stringify(pinned))
      outgoing.add({ type: 'pinned', pinned })
    const moved = before.order.moderators.symmetricDifference(moderators)
    if (moved.size > 0) tellStandings(next, ({ userId }) => userId !== undefined && moved.has(userId))
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
          if (next.session === undefined || before?.session?.id !== next.session.id) {
            if (before?.session && next.session) history.clear()
            likes = next.view.likes
          }
          if (before) tellChange(before, next)
        }
      } finally {
        reading = undefined
      }
    })()
    return reading
  }

  /** Taking back must not be overtaken by what it takes back. */
  const takeBack = (isGone: (item: LiveDanmaku) => boolean): void =>
    outgoing.forget((message) => message.type === 'danmaku' && isGone(message))

  const onNews = (news: RoomNews): void => {
    switch (news.t) {
      case 'danmaku':
        if (history.isGone(news.danmaku)) return
        return outgoing.add(news.danmaku, {
          from: news.from,
          mayDrop: !news.danmaku.owner && !news.danmaku.moderator,
        })
      case 'deleted':
        history.forget(news.id)
        takeBack(({ id }) => id === news.id)
        return outgoing.add({ type: 'deleted', id: news.id })
      case 'purged':
        history.purge(news.userId, news.atMs)
        takeBack(({ user }) => user.id === news.userId)
        outgoing.add({ type: 'purged', user_id: news.userId })
        return outgoing.flush()
      case 'gift':
        return outgoing.add({ type: 'gift', ...news.gift })
      case 'likes':
        likes = Math.max(likes, news.likes)
        return outgoing.add({ type: 'likes', likes })
      case 'standing':
        for (const peer of peers) if (peer.userId === news.userId) peer.mutedUntilMs = news.mutedUntilMs
        return room && tellStandings(room, ({ userId }) => userId === news.userId)
      case 'raid':
        raid = news.raid
        return outgoing.add({ type: 'raid', ...news.raid })
      case 'raid_cancelled':
        raid = null
        return outgoing.add({ type: 'raid_cancelled', id: news.id })
      case 'raided':
        return outgoing.add({ type: 'raided', ...news.arrival })
      case 'presence':
        return presence.heard(news.node, news.count)
      case 'state':
        return void refresh().catch(() => undefined)
    }
  }

  const unlisten = await listen(onNews)
  await refresh()
  const first: RoomNow | undefined = room
  if (first === undefined) {
    await unlisten()
    return undefined
  }
  if (first.session) {
    const before = await readHistory(first, first.session)
    for (const item of before.danmaku) history.addDanmaku(item)
    for (const item of before.gifts) history.addGift(item)
  }

  const countLikes = async (): Promise<void> => {
    const session = room?.session
    const counted = newLikes
    if (session === undefined || counted === 0) return
    newLikes = 0
    try {
      await onLikes(session.id, counted)
    } catch {
      // Said by whoever stores them; tried again with the next ones.
      newLikes += counted
    }
  }

  return {
    roomId: deps.roomId,
    get room(): RoomNow {
      return room ?? first
    },
    get size() {
      return peers.size
    },
    get viewers() {
      return presence.total()
    },
    peers: peers as ReadonlySet<Peer>,
    refresh,

    /** Sends `hello` and from then on everything; nothing can come in between. */
    join(peer: Peer): void {
      outgoing.flush()
      const now_ = this.room
      const { view, session, order } = now_
      peers.add(peer)
      presence.add(peer)
      const viewers = presence.total()
      const isOn = session !== undefined
      const coming = raid !== null && Date.parse(raid.go_at) > now() ? raid : null
      peer.send(
        encode({
          type: 'hello',
          history: isOn ? history.danmaku() : [],
          gifts: isOn ? history.gifts() : [],
          viewers,
          likes: isOn ? likes : 0,
          room: { ...view, viewers },
          rules: order.rules,
          pinned: order.pinned,
          raid: coming,
          ...standingOf(now_, peer),
        }),
      )
    },
    leave(peer: Peer): void {
      if (peers.delete(peer)) presence.remove(peer)
    },
    /** Counted with the next tick. */
    like(count: number): void {
      newLikes += count
    },

    /** Every few seconds: tells the other processes, and the room, how many there are. `again`: also if it is known. */
    tick(again: boolean): void {
      const due = presence.due()
      if (due !== undefined) publish({ t: 'presence', node: deps.node, count: due })
      void countLikes()
      tellLapsed()
      const viewers = presence.total()
      const isNew = viewers !== shownViewers
      shownViewers = viewers
      if (isNew) outgoing.add({ type: 'viewers', viewers })
      if (!isNew && !again) return
      const session = this.room.session
      if (session) onViewers(session.id, viewers)
    },

    deliver: onNews,
    async close(): Promise<void> {
      outgoing.close()
      await countLikes()
      await unlisten()
    },
  }
}
