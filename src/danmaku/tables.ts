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
    room_mute: RoomMuteTable
    room_moderator: RoomModeratorTable
  }
}
