/**
 * Owns that enabled destinations of rooms on the air are sent to, each by one process and each failing alone: what
 * fails is tried again after 2, 4, 8 … 60 s, and its owner sees why.
 */
import type { Secrets } from '../../config/secrets.ts'
import type { IngestLink } from '../../ingest/index.ts'
import { createSeal } from '../../passport/index.ts'
import type { Clock } from '../../platform/clock/clock.ts'
import type { Db } from '../../platform/db/db.ts'
import type { Log } from '../../platform/log/log.ts'
import { secretToken } from '../../platform/ids/ids.ts'
import { DestinationError } from './address.ts'
import * as store from './destination-store.ts'
import type { DestinationRow } from './destination-store.ts'
import { send } from './send.ts'

interface Deps {
  db: Db
  clock: Clock
  log: Log
  secrets: Secrets
  link: () => IngestLink
  allowPrivate: boolean
  ca?: string | undefined
}

interface Running {
  row: DestinationRow
  sessionId: string
  stop: AbortController
  done: Promise<void>
}

/** Who sends says so again more often than this. */
const holdMs = 12_000
/** After so long without a failure the next one counts as the first. */
const steadyMs = 60_000
const longestWaitMs = 60_000

export const waitAfter = (failures: number): number => Math.min(longestWaitMs, 1_000 * 2 ** failures)

export type Restream = ReturnType<typeof createRestream>

export const createRestream = ({ db, clock, log, secrets, link, allowPrivate, ca }: Deps) => {
  const node = secretToken(9)
  const seal = createSeal(secrets.keyFor('destination'))
  const running = new Map<string, Running>()
  let closed = false

  const note = (id: string, change: Partial<DestinationRow>): Promise<void> =>
    store.writeState(db, id, node, { ...change, since_ms: clock.now() })

  const run = async (row: DestinationRow, sessionId: string, signal: AbortSignal): Promise<void> => {
    const { id } = row
    let liveMs: number | undefined
    await note(id, { state: 'connecting', problem: null, retry_ms: null })
    try {
      await send({
        link: link(),
        sessionId,
        url: row.url,
        streamKey: seal.open(row.stream_key, row.owner_id).toString(),
        allowPrivate,
        ca,
        signal,
        onLive: () => {
          liveMs = clock.now()
          log.info({ destination: id, session: sessionId }, 'a stream is passed on')
          void note(id, { state: 'live', problem: null, retry_ms: null }).catch(() => undefined)
        },
      })
      await note(id, { state: 'idle', failures: 0, retry_ms: null, sender: null })
    } catch (error) {
      if (signal.aborted) return
      const wasSteady = liveMs !== undefined && clock.now() - liveMs > steadyMs
      const failures = wasSteady ? 1 : row.failures + 1
      const problem = error instanceof DestinationError ? error.problem : 'source'
      log.warn({ err: error, destination: id, failures }, 'a stream could not be passed on')
      const retry_ms = clock.now() + waitAfter(failures)
      await note(id, { state: 'retrying', problem, failures, retry_ms, sender: null })
    }
  }

  const start = (row: DestinationRow, sessionId: string): void => {
    const stop = new AbortController()
    const done = run(row, sessionId, stop.signal)
      .catch((error: unknown) => log.error({ err: error, destination: row.id }, 'a destination was left'))
      .then(async () => {
        running.delete(row.id)
        if (stop.signal.aborted)
          await note(row.id, { state: 'idle', failures: 0, retry_ms: null, sender: null }).catch(
            () => undefined,
          )
      })
    running.set(row.id, { row, sessionId, stop, done })
  }

  return {
    /** Every second: starts what is wanted, keeps hold of what runs, stops what is wanted no longer. */
    async sweep(): Promise<void> {
      if (closed) return
      const nowMs = clock.now()
      const wanted = new Map((await store.wantedQuery(db).execute()).map((row) => [row.id, row]))
      for (const [id, { row, sessionId, stop }] of running) {
        const now = wanted.get(id)
        const holds =
          now?.session_id === sessionId &&
          now.version === row.version &&
          (await store.holdDestination(db, row, node, nowMs, nowMs + holdMs))
        if (!holds) stop.abort()
      }
      for (const row of wanted.values()) {
        if (running.has(row.id) || (row.retry_ms !== null && row.retry_ms > nowMs)) continue
        const { session_id: sessionId, ...destination } = row
        if (await store.holdDestination(db, row, node, nowMs, nowMs + holdMs)) start(destination, sessionId)
      }
    },
    async close(): Promise<void> {
      closed = true
      for (const { stop } of running.values()) stop.abort()
      await Promise.all([...running.values()].map(({ done }) => done))
    },
  }
}
