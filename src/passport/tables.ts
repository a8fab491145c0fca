/** Owns the row types of accounts (what proves who somebody is) and sessions (signed-in devices). */

export interface AccountTable {
  user_id: string
  /** E.164; null once the account is deleted, so that the number is free again. Unique. */
  mobile: string | null
  /** Its last four digits, for finding people; kept by the store. */
  mobile_tail: string
  /** When the number was proven by a code; null: never. */
  mobile_proven_ms: number | null
  /** PHC string. */
  password_hash: string
  created_ms: number
}

export interface SessionTable {
  id: string
  user_id: string
  /** Mixed into the session's refresh tokens. */
  salt: string
  /** Which refresh token is the current one. */
  generation: number
  rotated_ms: number
  created_ms: number
  last_seen_ms: number
  /** Ends when unused until then. */
  expires_ms: number
  /** Ends then in any case. */
  absolute_expires_ms: number
  revoked_ms: number | null
  device: string
  address: string
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    account: AccountTable
    session: SessionTable
  }
}
