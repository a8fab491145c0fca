/** Owns the row types of coins: a ledger that is only added to, and the balance it adds up to. */
import type { CoinReason } from '../../contract/coin.ts'

export interface CoinEntryTable {
  id: string
  user_id: string
  /** Negative when spent; never 0. */
  amount: number
  reason: CoinReason
  /** What makes it happen once: a day, a video, a video and a giver. Unique per user and reason. */
  once: string
  /** Public id of the video it is about. */
  video_id: string | null
  created_ms: number
}

/** The sum of the user's entries, changed by single statements in the transaction that adds the entry. */
export interface CoinBalanceTable {
  user_id: string
  balance: number
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    coin_entry: CoinEntryTable
    coin_balance: CoinBalanceTable
  }
}
