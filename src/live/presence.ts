/** Owns how many watch a room: distinct users and every anonymous socket, summed over processes. */

/** A process that has said nothing for this long is gone. */
const lifeMs = 25_000
/** Said again although nothing changed, so that others know it is still there. */
const repeatMs = 10_000

export interface Viewer {
  readonly userId: string | undefined
}

export interface Presence {
  heard(node: string, count: number): void
  /** What to tell the others; undefined when they know. */
  due(viewers: Iterable<Viewer>): number | undefined
  total(viewers: Iterable<Viewer>): number
}

export const countViewers = (viewers: Iterable<Viewer>): number => {
  const users = new Set<string>()
  let anonymous = 0
  for (const { userId } of viewers) {
    if (userId === undefined) anonymous++
    else users.add(userId)
  }
  return users.size + anonymous
}

export const createPresence = (own: string, now: () => number): Presence => {
  const others = new Map<string, { count: number; atMs: number }>()
  let said: { count: number; atMs: number } | undefined
  return {
    heard(node, count) {
      if (node !== own) others.set(node, { count, atMs: now() })
    },
    due(viewers) {
      const count = countViewers(viewers)
      if (said?.count === count && now() - said.atMs < repeatMs) return undefined
      said = { count, atMs: now() }
      return count
    },
    total(viewers) {
      let sum = countViewers(viewers)
      for (const [node, { count, atMs }] of others) {
        if (now() - atMs > lifeMs) others.delete(node)
        else sum += count
      }
      return sum
    },
  }
}
