/**
 * Owns the shape of short-lived values, counters and locks. It refuses to be relied on: everything in it may vanish
 * at any moment, and nothing whose loss lets someone in or loses a user's data belongs here.
 */

/** Every call may throw AppError `unavailable`; the caller then fails closed. */
export interface Kv extends AsyncDisposable {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string, ttlMs: number): Promise<void>
  /** True if nothing was there; of several callers at once, for exactly one. */
  setIfAbsent(key: string, value: string, ttlMs: number): Promise<boolean>
  /** Takes the value away; of several callers at once exactly one gets it. */
  getdel(key: string): Promise<string | undefined>
  /** Adds one and gives the sum. The time to live starts with the first and is not renewed. */
  incr(key: string, ttlMs: number): Promise<number>
  delete(key: string): Promise<void>
  /** Deletes it only while it holds `value`: how a lock is given back by who took it. */
  compareAndDelete(key: string, value: string): Promise<boolean>
}
