/** Owns one consumer's way through the events. It refuses to step over what may still be committed. */
import { randomInt } from 'node:crypto'
import type { EventOf } from '../../../contract/events.ts'
import type { Clock } from '../clock/clock.ts'
import type { Db } from '../db/db.ts'
import { secretToken } from '../ids/ids.ts'
import type { Log } from '../log/log.ts'
import type { EventsOptions } from './events.ts'
import { dropHold, eventsAfter, holdCursor, moveCursor, readCursor } from './store.ts'
import type { StoredEvent } from './store.ts'

export interface Consumer {
  wake(): void
  close(): Promise<void>
}

export interface ConsumerDeps {
  name: string
  wants: (type: string) => boolean
  handle: (event: EventOf) => Promise<void>
  db: Db
  log: Log
  clock: Clock
  options: EventsOptions
}

/** After a kill somebody else delivers from then on. */
const holdMs = 10_000

interface Rest {
  ms: number
  /** News must not shorten the wait after a failure. */
  deaf: boolean
}

export const createConsumer = (deps: ConsumerDeps): Consumer => {
  const { name, db, log, clock, options } = deps
  const { pollMs = 2000, batchSize = 100, gapMs = 10_000 } = options
  const { first, longest } = options.backoffMs ?? { first: 500, longest: 60_000 }
  const holder = secretToken(16)
  const nap = createNap()
  let closed = false
  let waitMs = first

  /** Delivers one batch; says when to look again. */
  const pump = async (): Promise<Rest> => {
    const known = await readCursor(db, name)
    if ((await eventsAfter(db, known, 1)).length === 0) return rest(pollMs)
    if (!(await holdCursor(db, name, holder, clock.now(), clock.now() + holdMs))) return rest(pollMs)
    const from = await readCursor(db, name)
    const rows = await eventsAfter(db, from, batchSize)
    const safe = db.engine === 'mysql' ? beforeYoungGap(rows, from, clock.now() - gapMs) : rows
    const delivered = await deliver(safe)
    if (delivered.last !== undefined && !(await moveCursor(db, name, holder, delivered.last))) return rest(0)
    if (delivered.error !== undefined) return failed(delivered.error)
    waitMs = first
    if (safe.length < rows.length) return rest(Math.min(pollMs, 250))
    return rest(rows.length === batchSize ? 0 : pollMs)
  }

  const deliver = async (rows: readonly StoredEvent[]): Promise<{ last?: number; error?: unknown }> => {
    const renewal = setInterval(() => {
      holdCursor(db, name, holder, clock.now(), clock.now() + holdMs).catch((error: unknown) =>
        log.warn({ err: error }, 'a consumer could not renew its hold'),
      )
    }, holdMs / 3)
    let last: number | undefined
    try {
      for (const row of rows) {
        if (closed) break
        if (deps.wants(row.type)) await deps.handle(eventOf(row))
        last = row.id
      }
      return last === undefined ? {} : { last }
    } catch (error) {
      return last === undefined ? { error } : { last, error }
    } finally {
      clearInterval(renewal)
    }
  }

  /** Once per step: at the longest wait it has been said. */
  const failed = (error: unknown): Rest => {
    const delayMs = waitMs
    if (delayMs < longest) log.error({ err: error, retryMs: delayMs }, 'a consumer failed; it will try again')
    waitMs = Math.min(longest, waitMs * 2)
    if (delayMs < longest && waitMs === longest) {
      log.error({ err: error, retryMs: longest }, 'a consumer keeps failing; it is not said again')
    }
    return { ms: delayMs + randomInt(0, Math.max(1, Math.floor(delayMs / 4))), deaf: true }
  }

  const run = async (): Promise<void> => {
    while (!closed) {
      const { ms, deaf } = await pump().catch(failed)
      if (ms > 0) await nap.sleep(ms, deaf)
    }
    await dropHold(db, name, holder).catch((error: unknown) =>
      log.warn({ err: error }, 'a consumer could not give up its hold'),
    )
  }
  const running = run()

  return {
    wake: () => nap.wake(),
    async close() {
      closed = true
      nap.end()
      await running
    },
  }
}

/**
 * MySQL counts an id up when a row is inserted and shows the row when it is committed: a missing id may still come
 * as long as a row after it is younger than a transaction can be.
 */
export const beforeYoungGap = (
  rows: readonly StoredEvent[],
  lastId: number,
  oldMs: number,
): readonly StoredEvent[] => {
  let expected = lastId + 1
  for (const [index, row] of rows.entries()) {
    if (row.id > expected && row.at_ms > oldMs) return rows.slice(0, index)
    expected = row.id + 1
  }
  return rows
}

const eventOf = (row: StoredEvent): EventOf =>
  ({ id: row.id, type: row.type, payload: JSON.parse(row.payload) as unknown, atMs: row.at_ms }) as EventOf

const rest = (ms: number): Rest => ({ ms, deaf: false })

/** A sleep that `wake` ends early, also if it comes just before. */
const createNap = () => {
  let woken = false
  let ended = false
  let sleeping: { finish: () => void; deaf: boolean } | undefined
  return {
    wake() {
      woken = true
      if (sleeping?.deaf === false) sleeping.finish()
    },
    end() {
      ended = true
      sleeping?.finish()
    },
    async sleep(ms: number, deaf: boolean): Promise<void> {
      if (!ended && (deaf || !woken)) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          const finish = (): void => {
            clearTimeout(timer)
            resolve()
          }
          sleeping = { finish, deaf }
        })
        sleeping = undefined
      }
      woken = false
    },
  }
}
