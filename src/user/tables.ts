/** Owns the row types of users. `user.id` is public: it sorts by time of registration. */

export interface UserTable {
  id: string
  nickname: string
  /** Lower case, for finding people; kept by the store. */
  nickname_key: string
  username: string | null
  /** Lower case; null while there is none. Unique. */
  username_key: string | null
  avatar_key: string | null
  signature: string
  sex: number
  birth_date: string | null
  /** JSON list of addresses. */
  links: string
  role: string
  banned_ms: number | null
  /** When the ban ends by itself; null: never. */
  ban_until_ms: number | null
  ban_reason: string
  /** Public id of the user's room, which exists from registration on. */
  room_id: string
  created_ms: number
  /** When what was personal went; the row stays so that what others see has an author. */
  deleted_ms: number | null
}

/** A user name that was given up: kept for its owner for a while, so that nobody can pose as them. */
export interface ReservedUsernameTable {
  username_key: string
  user_id: string
  until_ms: number
}

/** Counts in a narrow row of their own, changed by single statements only. */
export interface UserCounterTable {
  user_id: string
  followers: number
  following: number
  videos: number
  likes: number
}

/** `follower_id` follows `user_id`. */
export interface UserFollowTable {
  follower_id: string
  user_id: string
  sort_key: string
  /** 1: told of everything they do. */
  special: number
}

/** `blocker_id` wants nothing of `user_id`. */
export interface UserBlockTable {
  blocker_id: string
  user_id: string
  sort_key: string
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    user: UserTable
    user_counter: UserCounterTable
    reserved_username: ReservedUsernameTable
    user_follow: UserFollowTable
    user_block: UserBlockTable
  }
}
