/** Owns the row types of rooms and live sessions. */

export interface RoomTable {
  user_id: string
  /** The user's `room_id`, which stands in addresses. */
  room_id: string
  title: string
  category: string
  announcement: string
  replay: string
  cover_key: string | null
  /** SHA-256 of the stream key, base64url; the key itself is nowhere. Unique. */
  stream_key_hash: string | null
  created_ms: number
  /** 1: a moderator closed it; nobody publishes to it. */
  closed: number
  closed_reason: string
}

/**
 * - `pending`: allowed to publish, nothing to see yet.
 * - `live`; `reconnecting`: the publisher vanished; `stopped`: it said goodbye. Either may come back for 60 s.
 * - `ending`: over for good, ingest may not know yet. `ended`: and everything is settled.
 */
export type SessionState = 'pending' | 'live' | 'reconnecting' | 'stopped' | 'ending' | 'ended'

export interface LiveSessionTable {
  /** Random: it names the recording and the timeline and stands in addresses. */
  id: string
  /** Sorts by time of making. */
  sort_key: string
  user_id: string
  room_id: string
  title: string
  category: string
  replay: string
  state: SessionState
  on_air: number
  running_key: string | null
  recorded: number
  created_ms: number
  started_ms: number | null
  left_ms: number | null
  ended_ms: number | null
  media_ms: number
  viewers: number
  peak_viewers: number
  /** The replay's public id. */
  video_id: string | null
  cover_key: string | null
  recording_due_ms: number | null
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    room: RoomTable
    live_session: LiveSessionTable
  }
}
