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
}

/** Counts in a narrow row of their own, changed by single statements only. */
export interface UserCounterTable {
  user_id: string
  followers: number
  following: number
  videos: number
  likes: number
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    user: UserTable
    user_counter: UserCounterTable
  }
}
