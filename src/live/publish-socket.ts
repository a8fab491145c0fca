/**
 * Owns going live from a browser: the signed-in owner's frames come over a socket and go to ingest over the link. A
 * publisher that is slow, silent, too fast or not understood is cut; it never makes anybody else wait.
 */
import { publishClient, publishPath } from '../../contract/publish.ts'
import type { PublishEnd, PublishServer } from '../../contract/publish.ts'
import { cutReasons } from '../ingest/index.ts'
import type { IngestLink, LinkPublication, PublishAnswer } from '../ingest/index.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Connection, Sockets } from '../platform/http/socket.ts'
import type { Tickets } from '../platform/http/socket-ticket.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Log } from '../platform/log/log.ts'
import { createPublishFrames } from './publish-frames.ts'

interface Publishing {
  authorise: (userId: string, address: string) => Promise<PublishAnswer>
  publish: IngestLink['publish']
}

interface Deps {
  sockets: Sockets
  tickets: Tickets
  limits: Limits
  callerOf: (sessionId: string) => Promise<Caller | undefined>
  live: { publishing: Publishing; log: Log }
  now: () => number
}

/** 40 Mb/s: four times what a browser's encoder is asked for at most. */
const bytesPerS = 5_000_000
const ackMs = 1_000
/** A publisher without a byte for so long has vanished; a browser sends sound fifty times a second. */
const silenceMs = 10_000
const recheckMs = 10_000
const startMs = 10_000

const endOf = (reason: string): PublishEnd => {
  if (reason === cutReasons.takenOver) return 'taken_over'
  if (reason === cutReasons.over) return 'ended'
  return reason === cutReasons.restarting || reason === cutReasons.linkDown ? 'unavailable' : 'invalid'
}

export const mountPublishSocket = ({ sockets, tickets, limits, callerOf, live, now }: Deps): void => {
  const opened = limits.create({ name: 'publish_socket', points: 60, windowS: 60 })

  sockets.serve<Caller>({
    path: publishPath,
    async prepare(_request, ticket) {
      const sessionId = ticket === undefined ? undefined : await tickets.redeem(ticket)
      const caller = sessionId === undefined ? undefined : await callerOf(sessionId)
      if (caller === undefined) throw new AppError('unauthenticated')
      await opened.take(caller.userId)
      return caller
    },
    open: (connection, caller) => servePublisher(connection, caller, { callerOf, now, ...live }),
  })
}

const servePublisher = (connection: Connection, caller: Caller, deps: Publishable): void => {
  const { publishing, log, callerOf, now } = deps
  const frames = createPublishFrames()
  let publication: LinkPublication | undefined
  let phase: 'new' | 'authorising' | 'publishing' | 'over' = 'new'
  let received = 0
  let heardMs = now()
  const timers = new AbortController()

  const send = (message: PublishServer): void => connection.send(Buffer.from(JSON.stringify(message)))
  const finish = (how: 'clean' | 'vanished'): void => {
    phase = 'over'
    timers.abort()
    publication?.end(how)
    publication = undefined
  }
  const end = (why: PublishEnd, reason: string): void => {
    if (phase === 'over') return
    log.info({ user: caller.userId, end: why, reason }, 'a browser publishes no more')
    finish('vanished')
    send({ type: 'end', end: why, reason })
    connection.close(why === 'unavailable' ? 1013 : 1008, why)
  }

  const start = async (size: { width?: number | undefined; height?: number | undefined }): Promise<void> => {
    phase = 'authorising'
    const answer = await publishing.authorise(caller.userId, connection.address)
    // It may have hung up meanwhile.
    if (phase !== 'authorising') return
    if (!answer.ok) return end('room_closed', answer.reason)
    publication = publishing.publish(answer, connection.address, (reason) => end(endOf(reason), reason))
    if (publication === undefined) return end('unavailable', cutReasons.linkDown)
    phase = 'publishing'
    if (size.width !== undefined && size.height !== undefined) publication.size(size.width, size.height)
    send({ type: 'ready', session_id: answer.sessionId, room_id: answer.roomId })
  }

  const onBytes = (slice: Buffer): void => {
    heardMs = now()
    received += slice.length
    if (publication === undefined) return end('invalid', 'frames came before the start')
    const whole = frames.push(slice)
    if (whole === undefined) return end('invalid', 'these are no frames')
    let goOn = true
    for (const { kind, timestampMs, body } of whole) goOn = publication.media(kind, timestampMs, body) && goOn
    if (goOn) return
    // The publisher waits for ingest, not this process's memory.
    connection.pause()
    void publication.drained().then(() => connection.resume())
  }

  connection.onText((text) => {
    const message = readMessage(text)
    if (message === undefined || (message.type === 'start' && phase !== 'new'))
      return end('invalid', 'not understood')
    if (message.type === 'start')
      start(message).catch((error: unknown) => {
        log.error({ err: error, user: caller.userId }, 'a browser could not publish')
        end('unavailable', 'internal error')
      })
    if (message.type === 'stop') {
      finish('clean')
      connection.close(1000, 'stopped')
    }
  })
  connection.onBytes(onBytes, bytesPerS)
  connection.onClose(() => {
    if (phase !== 'over') finish('vanished')
  })

  every(ackMs, timers.signal, () => {
    if (phase === 'publishing') send({ type: 'ack', received_bytes: received })
    const quietMs = now() - heardMs
    if (quietMs > (phase === 'publishing' ? silenceMs : startMs)) end('unavailable', 'no frames came')
  })
  every(recheckMs, timers.signal, () => {
    callerOf(caller.sessionId).then(
      (known) => known ?? end('room_closed', 'signed out'),
      (error: unknown) => log.warn({ err: error }, 'a publisher was not looked at again'),
    )
  })
}

interface Publishable {
  now: () => number
  publishing: Publishing
  log: Log
  callerOf: (sessionId: string) => Promise<Caller | undefined>
}

const every = (ms: number, signal: AbortSignal, work: () => void): void => {
  const timer = setInterval(work, ms)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}

const readMessage = (text: string): ReturnType<typeof publishClient.parse> | undefined => {
  try {
    return publishClient.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
