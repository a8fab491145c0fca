/** Owns the pure rules of danmaku: how a stretch that holds too many is thinned, and when a text is a repetition. */
import { createHash } from 'node:crypto'

/** What one answer holds at most. */
export const maxInRange = 2000
/** Into so many stretches a crowded range is cut; each gives its first `perStretch`. */
const stretches = 40
export const perStretch = maxInRange / stretches

/** Equal stretches that cover `[fromMs, toMs)` without a gap. */
export const cutStretches = (fromMs: number, toMs: number): { fromMs: number; toMs: number }[] => {
  const count = Math.min(stretches, Math.max(1, Math.ceil(toMs - fromMs)))
  const edge = (i: number): number => Math.round(fromMs + ((toMs - fromMs) * i) / count)
  return Array.from({ length: count }, (_, i) => ({ fromMs: edge(i), toMs: edge(i + 1) }))
}

/** The same for texts that differ only in case and spaces. */
export const repetitionKey = (userId: string, text: string): string =>
  `${userId}:${createHash('sha256').update(text.toLowerCase().replace(/\s+/g, '')).digest('base64url').slice(0, 22)}`
