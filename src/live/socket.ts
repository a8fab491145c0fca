/** Owns the socket of a room and the tickets for it: what comes in is validated, what fails is said and nothing else. */
import { batchProtocol, roomSocketClient, roomSocketPath } from '../../contract/live.ts'
import type { RoomSocketServer } from '../../contract/live.ts'
import { errorCodes } from '../../contract/errors.ts'
import { socketTicket } from '../../contract/site.ts'
import { id as idSchema } from '../../contract/common.ts'
import type { DanmakuService } from '../danmaku/index.ts'
import { AppError, isAppError } from '../platform/errors/app-error.ts'
import { languageOf, say } from '../platform/http/language.ts'
import type { Language } from '../platform/http/language.ts'
import type { Caller, Router } from '../platform/http/route.ts'
import type { Connection, Sockets } from '../platform/http/socket.ts'
import type { Tickets } from '../platform/http/socket-ticket.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Log } from '../platform/log/log.ts'
import type { Chat, WriteDanmaku } from './chat.ts'
import type { Hubs } from './hubs.ts'
import { encode, peerId } from './room-hub.ts'
import type { Peer, RoomHub } from './room-hub.ts'
import type { Raids } from './raids.ts'

export interface RoomSocketDeps {
  router: Router
  sockets: Sockets
  tickets: Tickets
  limits: Limits
  callerOf: (sessionId: string) => Promise<Caller | undefined>
  live: { hubs: Hubs; chat: Chat; danmaku: DanmakuService; raids: Raids; log: Log }
}

interface Visit {
  hub: RoomHub
  caller: Caller | undefined
  mutedUntilMs: number | null
  takesBatches: boolean
  language: Language
}

/** Messages that are none: more than this and the peer is no client of ours. */
const maxNonsense = 5
/** Danmaku of one socket that wait to be stored. */
const maxWaiting = 10
/** More likes than fingers make are not counted. */
const likesPerSecond = 20
const likesAtOnce = 60

export const mountRoomSocket = ({
  router,
  sockets,
  tickets,
  limits,
  callerOf,
  live,
}: RoomSocketDeps): void => {
  const { hubs, danmaku } = live
  const opened = limits.create({ name: 'socket', points: 600, windowS: 60 })
  const issued = limits.create({ name: 'socket_ticket', points: 60, windowS: 60 })

  router.on(socketTicket, async ({ caller }) => {
    await issued.take(caller.userId)
    return { ticket: await tickets.issue(caller.sessionId) }
  })

  const callerBy = async (ticket: string | undefined): Promise<Caller | undefined> => {
    if (ticket === undefined) return undefined
    const sessionId = await tickets.redeem(ticket)
    const caller = sessionId === undefined ? undefined : await callerOf(sessionId)
    if (caller === undefined) throw new AppError('unauthenticated')
    return caller
  }

  sockets.serve<Visit>({
    path: roomSocketPath,
    async prepare(request, ticket) {
      await opened.take(request.ip)
      const caller = await callerBy(ticket)
      const roomId = idSchema.safeParse((request.params as { id?: unknown }).id)
      const hub = roomId.success ? await hubs.get(roomId.data) : undefined
      if (hub === undefined) throw new AppError('not_found')
      const mutedUntilMs =
        caller === undefined ? undefined : await danmaku.mutedUntil(hub.room.ownerId, caller.userId)
      const offered = request.headers['sec-websocket-protocol'] ?? ''
      return {
        hub,
        caller,
        mutedUntilMs: mutedUntilMs ?? null,
        takesBatches: offered.split(',').some((name) => name.trim() === batchProtocol),
        language: languageOf(request.headers['accept-language']),
      }
    },
    open: (connection, visit) => serveVisit(connection, visit, live),
  })
}

const serveVisit = (
  connection: Connection,
  visit: Visit,
  { chat, raids, log }: RoomSocketDeps['live'],
): void => {
  const { hub, caller, language } = visit
  const peer: Peer = {
    id: peerId(),
    userId: caller?.userId,
    caller,
    mutedUntilMs: visit.mutedUntilMs,
    takesBatches: visit.takesBatches,
    send: (frame) => connection.send(frame),
    close: (code, reason) => connection.close(code, reason),
  }
  let nonsense = 0
  let waiting = 0

  const fail = (error: unknown, clientId: string | undefined): void => {
    if (!isAppError(error) || error.status >= 500)
      log.error({ err: error, room: hub.roomId }, 'a danmaku failed')
    const known = isAppError(error) ? error : new AppError('internal')
    connection.send(encode(failureOf(known, language, clientId)))
  }

  const write = async (message: WriteDanmaku): Promise<void> => {
    if (waiting >= maxWaiting)
      return fail(new AppError('rate_limited', { retryAfterS: 5 }), message.client_id)
    waiting++
    try {
      await chat.write(hub, peer, message)
    } catch (error) {
      fail(error, message.client_id)
    } finally {
      waiting--
    }
  }

  const mayLike = createLikeLimit()
  let stayed = false
  const stay = (raidId: string): void => {
    // One socket says it once.
    if (stayed) return
    stayed = true
    raids.stay(raidId).catch((error: unknown) => log.warn({ err: error }, 'who stays was not counted'))
  }

  const hear = (message: ReturnType<typeof roomSocketClient.parse>): void => {
    if (message.type === 'danmaku') void write(message)
    else if (message.type === 'stay') stay(message.raid_id)
    else if (message.type === 'like' && caller !== undefined && peer.mutedUntilMs === null)
      hub.like(mayLike(message.count))
  }

  connection.onText((text) => {
    const message = readMessage(text)
    if (message.ok) hear(message.value)
    else if (message.error === 'params_invalid' && ++nonsense > maxNonsense) {
      connection.close(1008, 'not understood')
    } else fail(new AppError(message.error), message.clientId)
  })
  connection.onClose(() => hub.leave(peer))
  hub.join(peer)
}

/** How many of so many likes count: what fingers can do since the last. */
const createLikeLimit = () => {
  let allowance = likesAtOnce
  let atMs = Date.now()
  return (count: number): number => {
    const nowMs = Date.now()
    allowance = Math.min(likesAtOnce, allowance + ((nowMs - atMs) * likesPerSecond) / 1000)
    atMs = nowMs
    const taken = Math.min(count, Math.floor(allowance))
    allowance -= taken
    return taken
  }
}

type Read =
  | { ok: true; value: ReturnType<typeof roomSocketClient.parse> }
  | { ok: false; error: 'params_invalid' | 'text_invalid'; clientId: string | undefined }

const readMessage = (text: string): Read => {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return { ok: false, error: 'params_invalid', clientId: undefined }
  }
  const result = roomSocketClient.safeParse(raw)
  if (result.success) return { ok: true, value: result.data }
  const isText = result.error.issues.every((issue) => issue.path[0] === 'text')
  const given: unknown =
    typeof raw === 'object' && raw !== null ? (raw as { client_id?: unknown }).client_id : undefined
  const clientId = typeof given === 'string' && given.length <= 36 ? given : undefined
  return { ok: false, error: isText ? 'text_invalid' : 'params_invalid', clientId }
}

const failureOf = (error: AppError, language: Language, clientId: string | undefined): RoomSocketServer => ({
  type: 'error',
  error: error.code,
  msg: say(errorCodes[error.code], language, error.params),
  ...(clientId !== undefined && { client_id: clientId }),
  ...(error.retryAfterS !== undefined && { retry_after: error.retryAfterS }),
})
