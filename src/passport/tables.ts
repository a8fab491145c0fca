/** Owns the row types of accounts (what proves who somebody is) and sessions (signed-in devices). */

export interface AccountTable {
  user_id: string
  /** E.164; null once the account is deleted, so that the number is free again. Unique. */
  mobile: string | null
  /** Its last four digits, for finding people; kept by the store. */
  mobile_tail: string
  /** When the number was proven by a code; null: never. */
  mobile_proven_ms: number | null
  /** As it was typed; null: none. */
  email: string | null
  /** Lower case. Unique. */
  email_key: string | null
  email_proven_ms: number | null
  /** PHC string. */
  password_hash: string
  password_changed_ms: number | null
  /** 1 while a confirmed authenticator app or a passkey is there: asked at each sign-in and request. */
  two_step: number
  /** When what is personal goes; null: the account stays. */
  delete_due_ms: number | null
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

/** How often something was tried in a window of time. */
export interface AttemptTable {
  /** HMAC of what is counted, so that no number stands here. */
  attempt_key: string
  used: number
  resets_ms: number
}

export interface TotpTable {
  user_id: string
  /** AES-256-GCM. */
  sealed_secret: string
  confirmed_ms: number | null
  /** The last time step that was accepted: none counts twice (RFC 6238 §5.2). */
  last_step: number
  created_ms: number
}

export interface RecoveryCodeTable {
  user_id: string
  code_mac: string
}

export interface PasskeyTable {
  id: string
  user_id: string
  /** SHA-256 of the credential's id, which may be too long for an index. Unique. */
  credential_key: string
  credential_id: string
  public_key: string
  sign_count: number
  transports: string
  synced: number
  name: string
  created_ms: number
  used_ms: number | null
}

/** A device on which somebody signed in to this account before. */
export interface KnownDeviceTable {
  user_id: string
  device_key: string
  seen_ms: number
  /** Until then no second step is asked for on it. */
  trusted_until_ms: number | null
}

export interface InviteTable {
  id: string
  code_mac: string
  note: string
  uses_left: number
  created_by: string
  created_ms: number
  expires_ms: number
}

/** What is left of a deleted account: enough to know a banned number again, too little to know whose it was. */
export interface TombstoneTable {
  identity_mac: string
  deleted_ms: number
  banned: number
}

export interface SigningKeyTable {
  /** Sorts by time; stands in tokens as their `kid`. */
  id: string
  sealed_key: string
  created_ms: number
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    account: AccountTable
    session: SessionTable
    attempt: AttemptTable
    totp: TotpTable
    recovery_code: RecoveryCodeTable
    passkey: PasskeyTable
    known_device: KnownDeviceTable
    invite: InviteTable
    tombstone: TombstoneTable
    signing_key: SigningKeyTable
  }
}
