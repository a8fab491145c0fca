/** Owns the row types of rooms and live sessions, of order and life in them, and of what they are connected to. */
import type { GiftId } from '../../contract/gift.ts'
import type { DestinationProblem, DestinationState } from '../../contract/restream.ts'

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
  /** Who may make clips: `everyone` or `owner`. */
  clips: string
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

export interface RoomRulesTable {
  owner_id: string
  slow_s: number
  followers_min: number | null
  /** JSON: a list of refused words. */
  words: string
}

export interface RoomPinTable {
  owner_id: string
  text: string
  user_id: string
  at_ms: number
  danmaku_id: string | null
}

export interface GiftTable {
  id: string
  session_id: string
  owner_id: string
  user_id: string
  gift: GiftId
  count: number
  combo: number
  coins: number
  /** Given by the client: the same gives once. Unique per user. */
  client_id: string
  sent_ms: number
}

/** The sum of somebody's gifts, changed in the transaction that adds the gift. */
export interface GiftTotalTable {
  /** A live session's id, or the owner's for all time. */
  scope: string
  user_id: string
  coins: number
  /** Of a session: the last gift, how many of it in a row, and when. */
  combo_gift: string
  combo: number
  combo_ms: number
}

export interface LiveCounterTable {
  session_id: string
  likes: number
  gift_coins: number
}

export interface ScheduleTable {
  id: string
  owner_id: string
  room_id: string
  title: string
  starts_ms: number
  /** `soon`: those who asked were told that it is about to begin. */
  state: 'planned' | 'soon' | 'started' | 'over' | 'cancelled'
  round: number
  telling: 'soon' | 'started' | 'cancelled' | null
  reminders: number
}

export interface ScheduleReminderTable {
  schedule_id: string
  user_id: string
  told: string
}

export interface RaidTable {
  id: string
  from_owner_id: string
  to_owner_id: string
  session_id: string
  ends_session: number
  go_ms: number
  viewers: number
  /** Who does not come along. */
  stays: number
  state: 'counting' | 'done' | 'cancelled'
  running_key: string | null
}

export interface DestinationTable {
  id: string
  owner_id: string
  name: string
  url: string
  /** Sealed. */
  stream_key: string
  enabled: number
  state: DestinationState
  problem: DestinationProblem | null
  since_ms: number
  retry_ms: number | null
  failures: number
  version: number
  sender: string | null
  sender_until_ms: number
}

export interface RoomOverlayTable {
  owner_id: string
  /** SHA-256 of the secret, base64url. Unique. */
  secret_hash: string
  sealed: string
}

/** A stretch of a session that somebody kept; its id names its recording and its timeline. */
export interface ClipTable {
  id: string
  session_id: string
  room_id: string
  author_id: string
  from_ms: number
  to_ms: number
  created_ms: number
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    clip: ClipTable
    room: RoomTable
    live_session: LiveSessionTable
    room_rules: RoomRulesTable
    room_pin: RoomPinTable
    gift: GiftTable
    gift_total: GiftTotalTable
    live_counter: LiveCounterTable
    schedule: ScheduleTable
    schedule_reminder: ScheduleReminderTable
    raid: RaidTable
    destination: DestinationTable
    room_overlay: RoomOverlayTable
  }
}
