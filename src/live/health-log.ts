/**
 * Owns how incoming streams do and did: the newest report of each session and its last ten minutes, in this process's
 * memory. It keeps no more than that, nor anything of a session that nobody has heard of for as long.
 */
import type { Health, HealthPoint } from '../../contract/live.ts'
import type { StreamHealth } from '../ingest/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { healthLifeMs, toHealth, toHealthPoint } from './rules.ts'

export interface HealthLog {
  /** `atMs` by ingest's clock, so that every process tells of the same moment in the same words. */
  keep(sessionId: string, atMs: number, health: StreamHealth): void
  /** undefined where the last report says nothing about now. */
  now(sessionId: string): Health | undefined
  /** Oldest first; those after `sinceMs`, if it is given. */
  points(sessionId: string, sinceMs?: number): HealthPoint[]
  forget(sessionId: string): void
}

interface Kept {
  health: Health
  heardMs: number
  points: { atMs: number; point: HealthPoint }[]
}

export const historyMs = 600_000
/** Ten minutes of one every two seconds; a clock that stands still must not make it more. */
const maxPoints = 300

export const createHealthLog = ({ clock }: { clock: Clock }): HealthLog => {
  const sessions = new Map<string, Kept>()

  // The end of a session may have passed unheard while the link was down.
  const dropSilent = (): void => {
    for (const [id, { heardMs }] of sessions) if (clock.now() - heardMs > historyMs) sessions.delete(id)
  }

  return {
    keep(sessionId, atMs, health) {
      const before = sessions.get(sessionId)
      if (before === undefined) dropSilent()
      // A clock that was set back would leave points that are never the newest again.
      const recent = before?.points.filter((kept) => kept.atMs < atMs && atMs - kept.atMs <= historyMs) ?? []
      const points = [...recent, { atMs, point: toHealthPoint(atMs, health) }].slice(-maxPoints)
      sessions.set(sessionId, { health: toHealth(health), heardMs: clock.now(), points })
    },
    now(sessionId) {
      const kept = sessions.get(sessionId)
      return kept && clock.now() - kept.heardMs < healthLifeMs ? kept.health : undefined
    },
    points: (sessionId, sinceMs = -Infinity) =>
      (sessions.get(sessionId)?.points ?? []).filter(({ atMs }) => atMs > sinceMs).map(({ point }) => point),
    forget: (sessionId) => void sessions.delete(sessionId),
  }
}
