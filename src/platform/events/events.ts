/**
 * Owns news between features: written with the change itself, delivered at least once and in order to each
 * consumer. It refuses to lose one; a handler must bear to see an event twice.
 */
import type { EventOf, Events as EventMap, EventType } from '../../../contract/events.ts'
import type { Clock } from '../clock/clock.ts'
import type { Db, Transaction } from '../db/db.ts'
import type { Log } from '../log/log.ts'
import { createConsumer } from './consumer.ts'
import type { Consumer } from './consumer.ts'
import { deleteOldest, ensureCursor, insertEvent, passedByAll, readLag } from './store.ts'
import type { ConsumerState } from './store.ts'
import type {} from './tables.ts'

/** What events need of the bus: to be woken. */
export interface Bell {
  publish(channel: string, message: null): Promise<void>
  subscribe(channel: string, handler: () => void): Promise<() => Promise<void>>
}

export interface EventsOptions {
  /** Also looks without being woken: the bus may lose a message. */
  pollMs?: number
  batchSize?: number
  /** How long a missing id may still be committed (MySQL gives ids before the commit); above the longest transaction. */
  gapMs?: number
  /** Events older than this that every consumer has passed are deleted. */
  keepMs?: number
  /** First and longest wait after a failing handler. */
  backoffMs?: { first: number; longest: number }
}

export interface Events extends AsyncDisposable {
  /** Written with the transaction, delivered after its commit. Put it last: a rollback after it delays consumers. */
  append<T extends EventType>(trx: Transaction, event: { type: T; payload: EventMap[T] }): Promise<void>
  /**
   * Starts delivering to `handler`, one event at a time, from where this consumer stopped (a new one: from the
   * oldest kept). Without `types`, all. Several processes may start the same consumer: one of them delivers.
   */
  consume<T extends EventType>(
    name: string,
    types: readonly T[] | undefined,
    handler: (event: EventOf<T>) => Promise<void>,
  ): Promise<void>
  /** How far each consumer is behind, in events. */
  lag(): Promise<ConsumerState[]>
  /** Deletes what is old; also runs by itself every hour. Gives how many. */
  prune(): Promise<number>
  /** Stops delivering, after the handlers that run. */
  close(): Promise<void>
}

const channel = 'platform.events'
const dayMs = 86_400_000
/** A consumer not seen for this long was removed from the program and holds nothing back. */
const forgottenMs = 30 * dayMs

export const createEvents = async (deps: {
  db: Db
  bus: Bell
  log: Log
  clock: Clock
  options?: EventsOptions
}): Promise<Events> => {
  const { db, bus, log, clock, options = {} } = deps
  const { keepMs = 7 * dayMs } = options
  const consumers = new Map<string, Consumer>()
  const unsubscribe = await bus.subscribe(channel, () => {
    for (const consumer of consumers.values()) consumer.wake()
  })
  const ring = (): Promise<void> => bus.publish(channel, null)

  const prune = async (): Promise<number> => {
    const nowMs = clock.now()
    for (const name of consumers.keys()) await ensureCursor(db, name, nowMs)
    const passed = await passedByAll(db, nowMs - forgottenMs)
    let deleted = 0
    for (let last = -1; last !== 0; deleted += last) {
      last = await deleteOldest(db, { id: passed ?? Infinity, ms: nowMs - keepMs }, 1000)
    }
    return deleted
  }
  const hourly = setInterval(() => {
    prune().catch((error: unknown) => log.error({ err: error }, 'old events could not be deleted'))
  }, 3_600_000)
  hourly.unref()

  const close = async (): Promise<void> => {
    clearInterval(hourly)
    await unsubscribe()
    await Promise.all([...consumers.values()].map((consumer) => consumer.close()))
    consumers.clear()
  }

  return {
    async append(trx, { type, payload }) {
      await insertEvent(trx, { type, payload: JSON.stringify(payload), at_ms: clock.now() })
      trx.afterCommit(ring)
    },
    async consume(name, types, handler) {
      if (consumers.has(name)) throw new Error(`There is a consumer ${name} already`)
      await ensureCursor(db, name, clock.now())
      const wanted = types && new Set<string>(types)
      consumers.set(
        name,
        createConsumer({
          name,
          wants: (type) => wanted?.has(type) ?? true,
          // The filter above makes it one of T; the row's text is what append wrote.
          handle: (event) => handler(event as EventOf<typeof event.type> as Parameters<typeof handler>[0]),
          db,
          log: log.child({ consumer: name }),
          clock,
          options,
        }),
      )
    },
    lag: () => readLag(db),
    prune,
    close,
    [Symbol.asyncDispose]: close,
  }
}
