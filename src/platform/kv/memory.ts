/**
 * Owns short-lived values of one process. It refuses to grow: above its bounds what expires first goes first.
 */
import type { Clock } from '../clock/clock.ts'
import type { Kv } from './kv.ts'

interface Entry {
  value: string
  expiresMs: number
}

/** What an entry costs beside its text. */
const overheadBytes = 100

export const createMemoryKv = (deps: {
  clock: Clock
  maxEntries?: number
  maxBytes?: number
  sweepMs?: number
}): Kv & { readonly size: number } => {
  const { clock, maxEntries = 100_000, maxBytes = 64 * 1024 * 1024, sweepMs = 10_000 } = deps
  const entries = new Map<string, Entry>()
  let bytes = 0

  const cost = (key: string, value: string): number => (key.length + value.length) * 2 + overheadBytes
  const remove = (key: string): void => {
    const entry = entries.get(key)
    if (!entry) return
    entries.delete(key)
    bytes -= cost(key, entry.value)
  }
  const alive = (key: string): Entry | undefined => {
    const entry = entries.get(key)
    if (!entry || entry.expiresMs > clock.now()) return entry
    remove(key)
    return undefined
  }
  const put = (key: string, value: string, expiresMs: number): void => {
    remove(key)
    entries.set(key, { value, expiresMs })
    bytes += cost(key, value)
    if (entries.size > maxEntries || bytes > maxBytes) shrink()
  }
  const sweep = (): void => {
    const nowMs = clock.now()
    for (const [key, entry] of entries) if (entry.expiresMs <= nowMs) remove(key)
  }
  /** A tenth more than needed, so that a flood does not sort on every write. */
  const shrink = (): void => {
    sweep()
    if (entries.size <= maxEntries && bytes <= maxBytes) return
    const oldest = [...entries].sort(([, a], [, b]) => a.expiresMs - b.expiresMs)
    for (const [key] of oldest) {
      if (entries.size <= maxEntries * 0.9 && bytes <= maxBytes * 0.9) return
      remove(key)
    }
  }
  const timer = setInterval(sweep, sweepMs)
  timer.unref()

  return {
    get size() {
      return entries.size
    },
    get: async (key) => alive(key)?.value,
    async set(key, value, ttlMs) {
      put(key, value, clock.now() + ttlMs)
    },
    async setIfAbsent(key, value, ttlMs) {
      if (alive(key)) return false
      put(key, value, clock.now() + ttlMs)
      return true
    },
    async getdel(key) {
      const value = alive(key)?.value
      remove(key)
      return value
    },
    async incr(key, ttlMs) {
      const entry = alive(key)
      const sum = Number(entry?.value ?? 0) + 1
      put(key, String(sum), entry?.expiresMs ?? clock.now() + ttlMs)
      return sum
    },
    async delete(key) {
      remove(key)
    },
    async compareAndDelete(key, value) {
      if (alive(key)?.value !== value) return false
      remove(key)
      return true
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      entries.clear()
      bytes = 0
    },
  }
}
