/** Owns the row types of danmaku, of mutes (who may not write on whose timelines) and of those timelines' moderators. */

export interface DanmakuTable {
  /** A live session's id, which its replay shares, or a video's own. */
  timeline_id: string
  /** Milliseconds since the timeline's start. */
  media_ms: number
  id: string
  user_id: string
  /** Whose room or video it is; never changes, so that deleting needs no look at another feature. */
  owner_id: string
  text: string
  /** 0xrrggbb. */
  color: number
  mode: number
  size: number
  sent_ms: number
  /** 1: its author wants it to be seen however many there are. */
  protected: number
}

/** The protected ones once more, so that a crowded stretch finds them. */
export interface DanmakuProtectedTable {
  timeline_id: string
  media_ms: number
  id: string
}

/** A timeline on which nobody may write. */
export interface DanmakuLockTable {
  timeline_id: string
  by_id: string
  locked_ms: number
}

/** How many were said in the five seconds that begin at `slot_ms`. */
export interface DanmakuDensityTable {
  timeline_id: string
  slot_ms: number
  said: number
}

export interface RoomMuteTable {
  owner_id: string
  user_id: string
  /** `forever` for who is banned. */
  until_ms: number
  by_id: string
}

/** Who moderates an owner's timelines beside the owner. */
export interface RoomModeratorTable {
  owner_id: string
  user_id: string
  created_ms: number
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    danmaku: DanmakuTable
    danmaku_protected: DanmakuProtectedTable
    danmaku_lock: DanmakuLockTable
    danmaku_density: DanmakuDensityTable
    room_mute: RoomMuteTable
    room_moderator: RoomModeratorTable
  }
}
