/**
 * Owns one live session inside ingest: its packager, its window, its recorder and whoever publishes right now.
 * It lives until it is ended for good; publishers come, vanish and come back.
 */
import { join } from 'node:path'
import type { Log } from '../platform/log/log.ts'
import { createFlvDemuxer } from '../media/flv/demux.ts'
import { createStream } from '../media/flow/stream.ts'
import type { Stream } from '../media/flow/stream.ts'
import { createPackager } from '../media/hls/packager.ts'
import { extendRuns } from '../media/hls/runs.ts'
import type { HlsUpdate, PartUpdate, ResumePoint } from '../media/hls/updates.ts'
import { createWindow } from '../media/hls/window.ts'
import type { HlsWindow } from '../media/hls/window.ts'
import type { PublicationSink, PublishHandle } from '../media/rtmp/connection.ts'
import { cutReasons } from './cut-reasons.ts'
import { createHealthCounter } from './health.ts'
import type { Journal } from './recording/journal.ts'
import { createRecorder } from './recording/recorder.ts'
import type { Recorder } from './recording/recorder.ts'
import { createStateFile } from './state-file.ts'
import type { SessionState } from './state-file.ts'
import type {
  EndedSummary,
  PublicationState,
  PublicationStatus,
  SessionEvent,
  StreamHealth,
  TimelineRun,
} from './types.ts'

export interface SessionOptions {
  sessionId: string
  roomId: string
  record: boolean
  recordingQuotaBytes: number
  bundleBytes: number
  partMs: number
  recordingsDir: string
  stateDir: string
  log: Log
  now(): number
  /** `sessionId`, `roomId` and `atMs` are added by the receiver. */
  onEvent(event: SessionNews): void
  /** Left by an earlier process. */
  earlier?: { state: SessionState; journal: Journal | undefined } | undefined
}

type Bare<E> = E extends unknown ? Omit<E, 'sessionId' | 'roomId' | 'atMs'> : never
export type SessionNews = Bare<SessionEvent>

export interface LiveSession {
  readonly sessionId: string
  readonly roomId: string
  readonly window: HlsWindow
  readonly updates: Stream<HlsUpdate>
  readonly runs: readonly TimelineRun[]
  readonly publishing: boolean
  /** undefined until its first part is playable. */
  state(): PublicationState | undefined
  /** A new publisher; the one before is cut. */
  publish(handle: PublishHandle): PublicationSink
  cut(reason: string): void
  /** Since the last call; undefined while nobody publishes or it is too early to tell. */
  health(): StreamHealth | undefined
  /** For good. */
  end(): Promise<EndedSummary>
  /** The process stops; the session may go on in the next. */
  suspend(): Promise<void>
}

// Kept short of what the journal knows when recording, so that replay and media time agree.
const resumePoint = (earlier: NonNullable<SessionOptions['earlier']>): ResumePoint => {
  const { resume } = earlier.state
  const last = earlier.journal?.parts.at(-1)
  if (last === undefined) return resume
  const lastInit = earlier.journal?.inits.at(-1)?.n ?? -1
  return {
    ...resume,
    nextMsn: Math.max(resume.nextMsn, last.msn + 1),
    nextInit: Math.max(resume.nextInit, lastInit + 1),
    mediaTimeMs: last.mediaTimeMs + last.durationMs,
    pdtMs: Math.max(resume.pdtMs, last.pdtMs + last.durationMs),
  }
}

export const createSession = (options: SessionOptions): LiveSession => {
  const { sessionId, roomId, log, earlier } = options
  // Viewers fetch from the mirrors, which keep what left the playlist; here it would only be held twice.
  const window = createWindow(1)
  const updates = createStream<HlsUpdate>()
  const stateFile = createStateFile(options.stateDir, sessionId, log)
  const resume = earlier === undefined ? undefined : resumePoint(earlier)
  const runs: TimelineRun[] = earlier?.journal?.runs ?? earlier?.state.runs ?? []
  let startedAtMs = earlier?.state.startedAtMs
  let status: PublicationStatus = earlier?.state.state ?? 'live'
  let announced = false
  let current: { handle: PublishHandle } | undefined
  let counter = createHealthCounter()
  let recorder: Recorder | undefined
  let ended = false
  let nextInit = resume?.nextInit ?? 0

  const startRecorder = (atMs: number): Recorder =>
    createRecorder({
      dir: join(options.recordingsDir, sessionId),
      sessionId,
      roomId,
      startedAtMs: atMs,
      quotaBytes: options.recordingQuotaBytes,
      bundleBytes: options.bundleBytes,
      source: updates,
      earlier: earlier?.journal,
      onStopped: (reason) => log.error({ sessionId, roomId, reason }, 'recording stopped, live goes on'),
    })
  if (options.record) recorder = startRecorder(startedAtMs ?? options.now())

  // News waits for the state that it rests on: what others were told must hold after a kill too.
  let told = Promise.resolve()
  const tell = (news: SessionNews): void => {
    told = told.then(() => stateFile.flush()).then(() => options.onEvent(news))
  }

  const save = (part: PartUpdate): void => {
    const { shape } = window
    if (shape === undefined || startedAtMs === undefined) return
    // Whoever resumes without a journal must not go back in time: the segment's longest possible end counts.
    const lastingMs = part.final ? part.durationMs : shape.targetDurationS * 1000
    stateFile.save({
      v: 1,
      sessionId,
      roomId,
      record: options.record,
      recordingQuotaBytes: options.recordingQuotaBytes,
      startedAtMs,
      state: status === 'stopped' ? 'stopped' : 'reconnecting',
      resume: {
        shape,
        nextMsn: part.msn + 1,
        nextInit,
        discontinuitySequence: part.discontinuitySequence,
        mediaTimeMs: part.mediaTimeMs + lastingMs,
        pdtMs: part.pdtMs + lastingMs,
      },
      runs,
    })
  }

  const onPart = (part: PartUpdate): void => {
    extendRuns(runs, part)
    const news = !announced && current !== undefined
    const first = startedAtMs === undefined
    if (news) {
      startedAtMs ??= options.now()
      announced = true
      status = 'live'
    }
    if (news || part.part === 0 || part.final) save(part)
    if (news) tell({ type: first ? 'started' : 'resumed' })
  }

  const packager = createPackager({
    resume,
    partMs: options.partMs,
    emit(update) {
      if (update.type === 'init') nextInit = update.n + 1
      window.apply(update)
      updates.write(update)
      if (update.type === 'part') onPart(update)
    },
  })

  const leave = (handle: PublishHandle, how: 'clean' | 'vanished'): void => {
    if (current?.handle !== handle) return
    current = undefined
    // Set first: what end() packages is saved with it.
    status = how === 'clean' ? 'stopped' : 'reconnecting'
    try {
      packager.end()
    } catch (error) {
      // A bug here must cost this session's last part, not everyone's process.
      log.error({ sessionId, err: String(error) }, 'the last part was lost')
    }
    if (ended || startedAtMs === undefined) return
    const mediaDurationMs = packager.mediaTimeMs
    // A publication too short to be announced changes nothing for those outside.
    if (announced) tell({ type: how === 'clean' ? 'stopped' : 'vanished', mediaDurationMs })
  }

  const sinkFor = (handle: PublishHandle): PublicationSink => {
    const demuxer = createFlvDemuxer()
    const active = (): boolean => current?.handle === handle
    return {
      video(timestampMs, body) {
        if (!active()) return
        const nowMs = options.now()
        const item = demuxer.video(timestampMs, body)
        counter.video(nowMs, body.length, item)
        if (item?.kind === 'config') packager.config(item.config)
        else if (item?.kind === 'video') packager.video(item, nowMs)
      },
      audio(timestampMs, body) {
        if (!active()) return
        const nowMs = options.now()
        const item = demuxer.audio(timestampMs, body)
        counter.audio(nowMs, body.length, item)
        if (item?.kind === 'config') packager.config(item.config)
        else if (item?.kind === 'audio') packager.audio(item, nowMs)
      },
      metadata({ width, height }) {
        if (typeof width !== 'number' || typeof height !== 'number') return
        if (width > 0 && height > 0 && width <= 16_384 && height <= 16_384) {
          demuxer.setSizeHint({ width: Math.round(width), height: Math.round(height) })
        }
      },
      ended: (how) => leave(handle, how),
    }
  }

  const cut = (reason: string): void => {
    const handle = current?.handle
    if (handle === undefined) return
    handle.cut(reason)
    leave(handle, 'vanished')
  }

  return {
    sessionId,
    roomId,
    window,
    updates,
    runs,
    get publishing() {
      return current !== undefined
    },
    state() {
      if (startedAtMs === undefined) return undefined
      return { sessionId, roomId, state: status, mediaDurationMs: packager.mediaTimeMs, startedAtMs }
    },
    publish(handle) {
      const before = current?.handle
      current = { handle }
      // The old one no longer counts: its end is no news, the session just goes on.
      before?.cut(cutReasons.takenOver)
      // After a takeover the session never stopped being live, so nothing is announced again.
      announced = before !== undefined && announced
      counter = createHealthCounter()
      packager.begin()
      return sinkFor(handle)
    },
    cut,
    health() {
      if (current === undefined) return undefined
      return counter.report(options.now(), packager.stats, {
        droppedReaders: updates.dropped,
        recordingBytes: recorder?.bytes ?? 0,
        recordingStopped: recorder?.stopped ?? false,
      })
    },
    async end() {
      ended = true
      cut(cutReasons.over)
      packager.end()
      const mediaDurationMs = packager.mediaTimeMs
      window.end()
      let recording: EndedSummary['recording'] = null
      try {
        recording = (await recorder?.finish(options.now())) ?? null
      } catch (error) {
        log.error({ sessionId, err: String(error) }, 'a recording was not finished cleanly')
      }
      await stateFile.remove()
      await told
      return { sessionId, roomId, mediaDurationMs, recording }
    },
    async suspend() {
      cut(cutReasons.restarting)
      packager.end()
      await told
      await stateFile.flush()
      await recorder?.close()
    },
  }
}
