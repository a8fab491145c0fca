/** Owns what the rest of the program may use of ingest: the API side's link and the recording's replay. */
import { mediaTimeAt } from '../media/hls/runs.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Log } from '../platform/log/log.ts'
import { createLinkClient } from './link-client.ts'
import { joinUpdate } from './link-protocol.ts'
import { createLinkPublishing } from './link-publishing.ts'
import type { ToApi, UpdateHead } from './link-protocol.ts'
import { createMirror } from './mirror.ts'
import type { Mirror } from './mirror.ts'
import type {
  EndedSummary,
  IngestEvent,
  IngestLink,
  PublicationState,
  PublishAnswer,
  PublishRequest,
  SessionEvent,
  TimelineRun,
} from './types.ts'

export type * from './types.ts'
export { cutReasons } from './cut-reasons.ts'
export type { IngestSettingsInput } from './settings.ts'
export type { Journal, JournalInit, JournalPart } from './recording/journal.ts'
export { bundleFile, journalFile, readJournal, recordedMs } from './recording/journal.ts'
export { cutRecording } from './recording/cut.ts'
export { takeKeyframes } from './recording/keyframes.ts'
export { followJournal } from './recording/follow.ts'
export type { JournalFollower } from './recording/follow.ts'
export { replayPlaylist, replaySegments } from './recording/replay.ts'
export type { ReplaySegment } from './recording/replay.ts'

export interface IngestLinkOptions {
  /** A path is a Unix socket; `host:port` is TCP and needs `secret`. */
  address: string
  secret?: string | undefined
  log: Log
  clock: Clock
  /** Answers within 8 s or the publisher is refused. A rejection refuses too. */
  authorise(request: PublishRequest): Promise<PublishAnswer>
  /** Called in order; must not throw. */
  onEvent(event: IngestEvent): void
}

const unwatchedMs = 30_000
// Viewers still fetch the last segments and the ENDLIST of a session that is over.
const endedMs = 60_000
const requestMs = 15_000
const sweepMs = 250
const maxKeptCuts = 1_000

interface Pending {
  untilMs: number
  sessionId: string
  resend: boolean
  settle(answer: Extract<ToApi, { t: 'answer' }> | undefined, binary: Buffer): void
}

/** Dials ingest and reconnects with bounded back-off for ever, until `close()`. */
export const createIngestLink = (options: IngestLinkOptions): IngestLink => {
  const { log, clock } = options
  const publications = new Map<string, PublicationState>()
  const mirrors = new Map<string, { mirror: Mirror; epoch: string; endedAtMs: number | undefined }>()
  const timelines = new Map<string, TimelineRun[]>()
  const pending = new Map<number, Pending>()
  const cuts = new Map<string, string>()
  let nextId = 1
  let epoch = ''

  const tell = (event: IngestEvent): void => {
    try {
      options.onEvent(event)
    } catch (error) {
      log.error({ err: String(error), type: event.type }, 'an ingest event was not handled')
    }
  }

  const endMirror = (sessionId: string): void => {
    const entry = mirrors.get(sessionId)
    if (entry === undefined || entry.endedAtMs !== undefined) return
    entry.mirror.end()
    entry.endedAtMs = clock.now()
  }

  const onHello = (hello: Extract<ToApi, { t: 'hello' }>): void => {
    epoch = hello.epoch
    publications.clear()
    timelines.clear()
    for (const state of hello.sessions) publications.set(state.sessionId, state)
    tell({ type: 'hello', sessions: hello.sessions })
    for (const [s, reason] of cuts) client.send({ t: 'cut', s, reason })
    cuts.clear()
    for (const [id, request] of pending) {
      if (request.resend) client.send({ t: 'end', id, s: request.sessionId })
    }
    for (const [s, entry] of mirrors) {
      if (entry.endedAtMs !== undefined) continue
      if (publications.has(s)) client.send({ t: 'watch', s })
      else endMirror(s)
    }
  }

  const onSessionEvent = (event: SessionEvent): void => {
    const { sessionId, roomId } = event
    const known = publications.get(sessionId)
    if (event.type === 'started' || event.type === 'resumed') {
      const startedAtMs = known?.startedAtMs ?? event.atMs
      const mediaDurationMs = known?.mediaDurationMs ?? 0
      publications.set(sessionId, { sessionId, roomId, state: 'live', startedAtMs, mediaDurationMs })
    } else if (event.type === 'ended') {
      publications.delete(sessionId)
      timelines.delete(sessionId)
      endMirror(sessionId)
    } else if (event.type !== 'health' && known !== undefined) {
      const state = event.type === 'stopped' ? 'stopped' : 'reconnecting'
      publications.set(sessionId, { ...known, state, mediaDurationMs: event.mediaDurationMs })
    }
    tell(event)
  }

  const authorise = async (id: number, request: PublishRequest): Promise<void> => {
    let answer: PublishAnswer
    try {
      answer = await options.authorise(request)
    } catch (error) {
      log.error({ err: String(error) }, 'authorising a publisher failed')
      answer = { ok: false, reason: 'authorisation failed' }
    }
    client.send({ t: 'authorised', id, answer })
  }

  const onUpdate = (s: string, head: UpdateHead, binary: Buffer): void =>
    mirrors.get(s)?.mirror.apply(joinUpdate(head, binary))

  const onMessage = (message: ToApi, binary: Buffer): void => {
    switch (message.t) {
      case 'authorise':
        void authorise(message.id, message.request)
        break
      case 'event':
        onSessionEvent(message.event)
        break
      case 'snapshot': {
        const entry = mirrors.get(message.s)
        entry?.mirror.reset(message.runs, entry.epoch === epoch)
        if (entry !== undefined) entry.epoch = epoch
        break
      }
      case 'timeline':
        if (publications.has(message.s)) timelines.set(message.s, message.runs)
        break
      case 'update':
        onUpdate(message.s, message.u, binary)
        break
      case 'ready':
        mirrors.get(message.s)?.mirror.ready()
        break
      case 'dropped':
        log.warn({ sessionId: message.s }, 'this process reads too slowly; taking a new snapshot')
        if (mirrors.has(message.s)) client.send({ t: 'watch', s: message.s })
        break
      case 'gone':
        endMirror(message.s)
        break
      case 'answer':
        pending.get(message.id)?.settle(message, binary)
        break
      case 'published':
        publishing.onCut(message.id, message.cut)
        break
      default: // challenge and hello are the client's
    }
  }

  const client = createLinkClient({
    address: options.address,
    secret: options.secret ?? '',
    log,
    onHello,
    onMessage,
    onDown() {
      publishing.onDown()
      tell({ type: 'disconnected' })
    },
  })
  const publishing = createLinkPublishing(() => client)

  const sweep = setInterval(() => {
    const nowMs = clock.now()
    for (const [s, { mirror, endedAtMs }] of mirrors) {
      mirror.sweep(nowMs)
      const idle = nowMs - mirror.lastUsedMs >= unwatchedMs && mirror.waiting === 0
      if (endedAtMs === undefined ? !idle : nowMs - endedAtMs < endedMs) continue
      mirrors.delete(s)
      mirror.close()
      client.send({ t: 'unwatch', s })
    }
    for (const request of pending.values()) {
      if (request.untilMs <= nowMs) request.settle(undefined, Buffer.alloc(0))
    }
  }, sweepMs)
  sweep.unref()

  const mirrorOf = (sessionId: string): Mirror | undefined => {
    const known = mirrors.get(sessionId)
    if (known !== undefined) return known.mirror
    if (!publications.has(sessionId)) return undefined
    const mirror = createMirror(clock.now())
    mirrors.set(sessionId, { mirror, epoch, endedAtMs: undefined })
    client.send({ t: 'watch', s: sessionId })
    return mirror
  }

  const request = (
    sessionId: string,
    resend: boolean,
    send: (id: number) => void,
  ): Promise<{ answer: Extract<ToApi, { t: 'answer' }>; binary: Buffer } | undefined> =>
    new Promise((resolve) => {
      const id = nextId++
      pending.set(id, {
        untilMs: clock.now() + requestMs,
        sessionId,
        resend,
        settle(answer, binary) {
          pending.delete(id)
          resolve(answer === undefined ? undefined : { answer, binary })
        },
      })
      send(id)
    })

  // A watched session's own runs are the freshest; those of others are at most 2 s old.
  const runsOf = (sessionId: string): readonly TimelineRun[] => {
    const watched = mirrors.get(sessionId)?.mirror.runs ?? []
    return watched.length > 0 ? watched : (timelines.get(sessionId) ?? [])
  }

  return {
    get connected() {
      return client.connected
    },
    publications: () => [...publications.values()],
    async end(sessionId): Promise<EndedSummary | undefined> {
      const reply = await request(sessionId, true, (id) => client.send({ t: 'end', id, s: sessionId }))
      if (reply === undefined) throw new Error('ingest did not answer')
      return reply.answer.ended ?? undefined
    },
    cut(sessionId, reason) {
      if (client.connected) client.send({ t: 'cut', s: sessionId, reason })
      else if (cuts.size < maxKeptCuts) cuts.set(sessionId, reason)
    },
    playlist: async (sessionId, kind, query) =>
      (await mirrorOf(sessionId)?.playlist(kind, query, clock.now())) ??
      (client.connected
        ? { status: 404, reason: 'the session is not live' }
        : { status: 503, reason: 'ingest is not connected' }),
    file: async (sessionId, name) =>
      (await mirrorOf(sessionId)?.file(name, clock.now())) ?? { status: client.connected ? 404 : 503 },
    async keyframe(sessionId) {
      if (!client.connected) return undefined
      const reply = await request(sessionId, false, (id) => client.send({ t: 'keyframe', id, s: sessionId }))
      return reply?.answer.found === true ? reply.binary : undefined
    },
    timeline: runsOf,
    mediaTimeAt: (sessionId, pdtMs) => mediaTimeAt(runsOf(sessionId), pdtMs),
    edgeMediaTimeMs(sessionId) {
      const last = runsOf(sessionId).at(-1)
      return mirrors.get(sessionId)?.mirror.edgeMediaTimeMs ?? (last && last.mediaTimeMs + last.durationMs)
    },
    publish: publishing.publish,
    async close() {
      clearInterval(sweep)
      for (const { mirror } of mirrors.values()) mirror.close()
      mirrors.clear()
      for (const item of [...pending.values()]) item.settle(undefined, Buffer.alloc(0))
      await client.close()
    },
  }
}
