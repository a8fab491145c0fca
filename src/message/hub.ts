/**
 * Owns the sockets of signed-in users in this process: each gets its own news, and the counts that go with them. News
 * is listened to before the first counts are read, so that nothing falls between.
 */
import type { UserSocketServer } from '../../contract/message.ts'
import type { Bus, Unsubscribe } from '../platform/bus/bus.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Connection } from '../platform/http/socket.ts'
import { idsFrom } from '../platform/ids/ids.ts'
import type { Log } from '../platform/log/log.ts'
import { liveStartedChannel } from '../feed/index.ts'
import type { LiveStarted } from '../feed/index.ts'
import type { UserService } from '../user/index.ts'
import { userChannel } from './channel.ts'
import type { UserNews } from './channel.ts'
import type { Notifications } from './notifications.ts'

interface Deps {
  bus: Bus
  log: Log
  users: UserService
  notifications: Notifications
  callerOf: (sessionId: string) => Promise<Caller | undefined>
}

interface Desk {
  readonly peers: Map<Connection, string>
  readonly waiting: Map<string, UserNews>
  listening: Promise<Unsubscribe>
  telling: Promise<void>
  timer: NodeJS.Timeout | undefined
}

/** What comes within this goes out together: a hundred likes in a second are a few frames. */
const gatherMs = 80
const recheckMs = 3_000
const atOnce = 500

const encode = (message: UserSocketServer): Buffer => Buffer.from(JSON.stringify(message))

export type Hub = Awaited<ReturnType<typeof createHub>>

export const createHub = async ({ bus, log, users, notifications, callerOf }: Deps) => {
  const desks = new Map<string, Desk>()

  const say = (desk: Desk, message: UserSocketServer): void => {
    const frame = encode(message)
    for (const peer of desk.peers.keys()) peer.send(frame)
  }

  const tell = async (userId: string, desk: Desk): Promise<void> => {
    const news = [...desk.waiting.values()]
    desk.waiting.clear()
    if (desk.peers.size === 0 || news.length === 0) return
    const unread = await notifications.unread(userId)
    for (const one of news) {
      if (one.t === 'message') say(desk, { type: 'message', message: one.message, unread })
      else if (one.t === 'unread') say(desk, { type: 'unread', unread })
      else {
        const notification = await notifications.one(userId, one.id)
        if (notification) say(desk, { type: 'notification', notification, unread })
      }
    }
  }

  const later = (userId: string, desk: Desk, key: string, news: UserNews): void => {
    desk.waiting.set(key, news)
    desk.timer ??= setTimeout(() => {
      desk.timer = undefined
      desk.telling = desk.telling
        .then(() => tell(userId, desk))
        .catch((error: unknown) => log.warn({ err: error }, 'somebody was not told; they will read it'))
    }, gatherMs)
  }

  const openDesk = (userId: string): Desk => {
    const desk: Desk = {
      peers: new Map(),
      waiting: new Map(),
      listening: Promise.resolve(async () => undefined),
      telling: Promise.resolve(),
      timer: undefined,
    }
    desk.listening = bus.subscribe(userChannel(userId), (message) => {
      const news = message as UserNews
      const key = news.t === 'message' ? news.message.id : news.t === 'unread' ? '' : news.id
      later(userId, desk, key, news)
    })
    desks.set(userId, desk)
    return desk
  }

  const closeDesk = async (userId: string, desk: Desk): Promise<void> => {
    if (desks.get(userId) === desk) desks.delete(userId)
    clearTimeout(desk.timer)
    await (
      await desk.listening
    )()
  }

  const unlisten = await bus.subscribe(liveStartedChannel, async (message) => {
    const { author_id: authorId, session_id: sessionId, at_ms: atMs } = message as LiveStarted
    const here = [...desks.keys()]
    for (let n = 0; n < here.length; n += atOnce) {
      const followers = await users.followersAmong(authorId, here.slice(n, n + atOnce))
      for (const userId of followers) {
        const desk = desks.get(userId)
        const start = { authorId, sessionId, atMs, sortKey: idsFrom(atMs) }
        const notification = desk && (await notifications.ofLive(userId, start))
        if (desk && notification)
          say(desk, { type: 'notification', notification, unread: await notifications.unread(userId) })
      }
    }
  })

  const recheck = async (): Promise<void> => {
    for (const desk of [...desks.values()]) {
      for (const [peer, sessionId] of [...desk.peers]) {
        if ((await callerOf(sessionId)) === undefined) peer.close(1008, 'signed out')
      }
    }
  }
  let checking: Promise<void> | undefined
  const timer = setInterval(() => {
    checking ??= recheck()
      .catch((error: unknown) => log.warn({ err: error }, 'sockets were not checked'))
      .finally(() => {
        checking = undefined
      })
  }, recheckMs)
  timer.unref()

  return {
    /** Says `hello` once news is listened to; from then on everything. */
    async join(connection: Connection, caller: Caller): Promise<void> {
      const { userId, sessionId } = caller
      const desk = desks.get(userId) ?? openDesk(userId)
      desk.peers.set(connection, sessionId)
      connection.onClose(() => {
        desk.peers.delete(connection)
        if (desk.peers.size === 0) void closeDesk(userId, desk)
      })
      await desk.listening
      connection.send(encode({ type: 'hello', unread: await notifications.unread(userId) }))
    },

    async close(): Promise<void> {
      clearInterval(timer)
      await unlisten()
      await checking
      for (const [userId, desk] of [...desks]) await closeDesk(userId, desk)
      await Promise.all([...desks.values()].map((desk) => desk.telling))
    },
  }
}
