/** Owns the types through which the API side sees ingest: requests, events, answers. It holds no behaviour. */

/** What a publisher asks for. Every field is hostile text, at most 512 characters. */
export interface PublishRequest {
  /** The RTMP stream name without its query. */
  streamKey: string
  /** The RTMP application, `live` for `rtmp://host/live`. */
  app: string
  /** The publisher's IP address, without its port. */
  address: string
}

export type PublishAnswer =
  | { ok: true; roomId: string; sessionId: string; record: boolean; recordingQuotaBytes: number }
  /** The connection ends with `NetStream.Publish.BadName`; `reason` is logged, not sent. */
  | { ok: false; reason: string }

export type StreamWarning =
  'long_gop' | 'no_audio' | 'no_video' | 'clock_jump' | 'recording_stopped' | 'variable_frame_rate'

/** What a publication looks like right now; averaged over about two seconds. */
export interface StreamHealth {
  video: { codec: string; width: number; height: number; fps: number } | null
  audio: { codec: string; sampleRate: number; channels: number } | null
  /** Kilobits a second, as they arrived. */
  videoKbps: number
  audioKbps: number
  /** Between the last two keyframes; null before the second one. */
  keyframeIntervalMs: number | null
  /** Frames whose times are missing since the last report; null where the frame rate is not constant. */
  missingFrames: number | null
  /** How far sound comes before its picture, by their time stamps; negative after it, null without both. */
  skewMs: number | null
  /** Readers (recorder, links) that were cut off since they could not keep up. */
  droppedReaders: number
  recordingBytes: number
  warnings: StreamWarning[]
}

export type PublicationStatus = 'live' | 'reconnecting' | 'stopped'

export interface PublicationState {
  sessionId: string
  roomId: string
  /** `reconnecting` = vanished without a word, `stopped` = clean unpublish; both may come back. */
  state: PublicationStatus
  /** Media written so far, from the session's first frame; milliseconds. */
  mediaDurationMs: number
  /** Wall clock of the session's first frame, ms since 1970. */
  startedAtMs: number
}

export interface RecordingSummary {
  /** Bytes in all bundles, inits included. */
  bytes: number
  segments: number
  /** The first video configuration, null for audio only. */
  firstVideo: { codec: string; width: number; height: number; fps: number } | null
  /** What was recorded; less than the media duration if recording stopped early. Milliseconds. */
  durationMs: number
  /** True when disk or quota ended the recording before the session ended. */
  stoppedEarly: boolean
}

export interface EndedSummary {
  sessionId: string
  roomId: string
  mediaDurationMs: number
  /** null when nothing was recorded. */
  recording: RecordingSummary | null
}

interface EventBase {
  sessionId: string
  roomId: string
  /** Wall clock at ingest, ms since 1970. */
  atMs: number
}

export type SessionEvent =
  /** The first part of this session is playable. */
  | (EventBase & { type: 'started' })
  /** Publisher gone without a word: socket closed, timeout, ingest restarted. */
  | (EventBase & { type: 'vanished'; mediaDurationMs: number })
  /** Clean unpublish or deleteStream; the session may still be resumed until `end()`. */
  | (EventBase & { type: 'stopped'; mediaDurationMs: number })
  /** A publisher of the same session came back and its first part is playable. */
  | (EventBase & { type: 'resumed' })
  /** After `end()`: finalised, journal closed, session forgotten. */
  | (EventBase & { type: 'ended'; mediaDurationMs: number; recording: RecordingSummary | null })
  /** Every 2 s while publishing. */
  | (EventBase & { type: 'health'; health: StreamHealth })

export type IngestEvent =
  | SessionEvent
  /** After each (re)connection: all sessions ingest knows of; what is not listed here is over. */
  | { type: 'hello'; sessions: PublicationState[] }
  /** The link broke; publications go on unseen. */
  | { type: 'disconnected' }

export interface PlaylistQuery {
  /** `_HLS_msn`, `_HLS_part`, `_HLS_skip=YES`; only whole numbers ≥ 0 (the route refuses anything else). */
  msn?: number | undefined
  part?: number | undefined
  skip?: boolean | undefined
}

export type PlaylistAnswer =
  { status: 200; body: string | Buffer; maxAgeS: number } | { status: 400 | 404 | 503; reason: string }

export type FileAnswer =
  { status: 200; body: Buffer; contentType: string; immutable: true } | { status: 404 | 503 }

/** A stretch in which PDT and media time advance together. */
export interface TimelineRun {
  /** Milliseconds since the session's first frame. */
  mediaTimeMs: number
  /** EXT-X-PROGRAM-DATE-TIME at `mediaTimeMs`, ms since 1970. */
  pdtMs: number
  durationMs: number
}

/** A publication whose frames come through this process; after `cut` or `end` it does nothing. */
export interface LinkPublication {
  /** `body` is an FLV tag body (plain or Enhanced RTMP). False: wait for `drained` before more. */
  media(kind: 'video' | 'audio', timestampMs: number, body: Buffer): boolean
  /** For codecs whose configuration does not tell it. */
  size(width: number, height: number): void
  drained(): Promise<void>
  end(how: 'clean' | 'vanished'): void
}

/**
 * The API side of one ingest process. Asking for a playlist or a file of a session subscribes to it; 30 s
 * without asking unsubscribes.
 */
export interface IngestLink {
  readonly connected: boolean
  /** As known from hello and events; for reconciling after an API restart. */
  publications(): readonly PublicationState[]
  /**
   * Ends a session for good: cuts the publisher, finalises the recording, forgets the session. undefined if
   * ingest does not know it. Rejects when ingest can't be reached within 15 s (call again after `hello`).
   */
  end(sessionId: string): Promise<EndedSummary | undefined>
  /** Cuts the running publication only (key rotated, ban). Kept and sent later while the link is down. */
  cut(sessionId: string, reason: string): void
  /** `reason` of a failure is for logs and players' error pages, plain English. Held ≤ 3 × TARGETDURATION. */
  playlist(sessionId: string, kind: 'll' | 'plain', query: PlaylistQuery): Promise<PlaylistAnswer>
  /** `init-{n}.mp4`, `s{msn}.mp4`, `p{msn}.{part}.mp4`; a hinted part blocks until it is complete. */
  file(sessionId: string, name: string): Promise<FileAnswer>
  /** An fMP4 file of init + the latest part that begins with a keyframe; works for unwatched sessions too. */
  keyframe(sessionId: string): Promise<Buffer | undefined>
  /** PDT ↔ media time; of a session nobody watches through this process at most 2 s old. */
  timeline(sessionId: string): readonly TimelineRun[]
  /** Media time in ms at a PDT in ms; clamped into the session; undefined if the timeline isn't known. */
  mediaTimeAt(sessionId: string, pdtMs: number): number | undefined
  /** Media time in ms of the newest part. */
  edgeMediaTimeMs(sessionId: string): number | undefined
  /**
   * Publishes into a session that the caller has authorised. `onCut` comes at most once, with the reason in plain
   * English. undefined while ingest is not connected.
   */
  publish(
    answer: Extract<PublishAnswer, { ok: true }>,
    address: string,
    onCut: (reason: string) => void,
  ): LinkPublication | undefined
  close(): Promise<void>
}
