/**
 * Owns how many watch a room: distinct users over all processes, and every anonymous socket. Processes tell each
 * other hashes of their users up to 1,000, which makes the sum exact; a process with more tells a sketch.
 */
import { addTo, estimate, hashOf, mergeInto, registers } from './sketch.ts'

/** A process that has said nothing for this long is gone. */
const lifeMs = 25_000
/** Said again although nothing changed, so that others know it is still there. */
const repeatMs = 10_000
/** Up to so many users a process names each. */
const namedUsers = 1_000

export type Headcount = { anonymous: number; users: string[] } | { anonymous: number; sketch: string }

export interface Viewer {
  readonly userId: string | undefined
}

export interface Presence {
  add(viewer: Viewer): void
  remove(viewer: Viewer): void
  heard(node: string, count: Headcount): void
  /** What to tell the others; undefined when they know. */
  due(): Headcount | undefined
  total(): number
}

export const createPresence = (own: string, now: () => number): Presence => {
  const others = new Map<string, { count: Headcount; atMs: number }>()
  /** Sockets of each user here, by hash. */
  const users = new Map<string, number>()
  let anonymous = 0
  let changed = true
  let saidMs = Number.NEGATIVE_INFINITY
  /** Counting over processes costs; it is done again only after somebody came, left or was heard of. */
  let known: { total: number; untilMs: number } | undefined

  const step = ({ userId }: Viewer, by: 1 | -1): void => {
    changed = true
    known = undefined
    if (userId === undefined) return void (anonymous += by)
    const hash = hashOf(userId)
    const sockets = (users.get(hash) ?? 0) + by
    if (sockets > 0) users.set(hash, sockets)
    else users.delete(hash)
  }

  const alive = (): Headcount[] => {
    for (const [node, { atMs }] of others) if (now() - atMs > lifeMs) others.delete(node)
    return [...others.values()].map(({ count }) => count)
  }

  const own_ = (): Headcount => {
    if (users.size <= namedUsers) return { anonymous, users: [...users.keys()] }
    const sketch = new Uint8Array(registers)
    for (const hash of users.keys()) addTo(sketch, hash)
    return { anonymous, sketch: Buffer.from(sketch).toString('base64') }
  }

  const count = (): number => {
    const elsewhere = alive()
    const strangers = elsewhere.reduce((sum, each) => sum + each.anonymous, anonymous)
    if (elsewhere.length === 0) return strangers + users.size
    if (elsewhere.every((each) => 'users' in each)) {
      const all = new Set(users.keys())
      for (const each of elsewhere) for (const hash of each.users) all.add(hash)
      return strangers + all.size
    }
    const all = new Uint8Array(registers)
    for (const hash of users.keys()) addTo(all, hash)
    for (const each of elsewhere) {
      if ('users' in each) for (const hash of each.users) addTo(all, hash)
      else mergeInto(all, Buffer.from(each.sketch, 'base64'))
    }
    return strangers + estimate(all)
  }

  return {
    add: (viewer) => step(viewer, 1),
    remove: (viewer) => step(viewer, -1),
    heard(node, said) {
      if (node === own) return
      others.set(node, { count: said, atMs: now() })
      known = undefined
    },
    due() {
      if (!changed && now() - saidMs < repeatMs) return undefined
      changed = false
      saidMs = now()
      return own_()
    },
    total() {
      // Who went silent is looked for once a second.
      if (known === undefined || now() >= known.untilMs) known = { total: count(), untilMs: now() + 1_000 }
      return known.total
    },
  }
}
