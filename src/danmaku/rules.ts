/** Owns the pure rules of danmaku: how a stretch that holds too many is thinned, and when a text is a repetition. */
import { createHash } from 'node:crypto'

/** What one answer holds at most. */
export const maxInRange = 2000
/** Into so many stretches a crowded range is cut; each gives its first `perStretch`. */
const stretches = 40
export const perStretch = maxInRange / stretches

/** Density is counted by so much. */
export const slotMs = 5000

/** Equal stretches that cover `[fromMs, toMs)` without a gap. */
export const cutStretches = (fromMs: number, toMs: number): { fromMs: number; toMs: number }[] => {
  const count = Math.min(stretches, Math.max(1, Math.ceil(toMs - fromMs)))
  const edge = (i: number): number => Math.round(fromMs + ((toMs - fromMs) * i) / count)
  return Array.from({ length: count }, (_, i) => ({ fromMs: edge(i), toMs: edge(i + 1) }))
}

/** The same for texts that differ only in case and spaces. */
export const repetitionKey = (userId: string, text: string): string =>
  `${userId}:${createHash('sha256').update(text.toLowerCase().replace(/\s+/g, '')).digest('base64url').slice(0, 22)}`

/** Counts of slots as at most `points` equal steps up to the end: what a curve is drawn from. */
export const curveOf = (
  slots: readonly { slot_ms: number; said: number }[],
  durationMs: number,
  points: number,
): { stepMs: number; counts: number[] } => {
  const stepMs = Math.max(1, Math.ceil(durationMs / slotMs / points)) * slotMs
  const counts = new Array<number>(Math.max(1, Math.ceil(durationMs / stepMs))).fill(0)
  for (const { slot_ms: atMs, said } of slots) {
    const at = Math.min(counts.length - 1, Math.floor(atMs / stepMs))
    counts[at] = (counts[at] ?? 0) + said
  }
  return { stepMs, counts }
}

/** Slots that stand out: at least three said, at least twice the mean; the most first, `gapMs` apart. */
export const peaksOf = (
  slots: readonly { slot_ms: number; said: number }[],
  most: number,
  gapMs: number,
): { atMs: number; said: number }[] => {
  const last = slots.at(-1)
  if (last === undefined) return []
  const all = slots.reduce((sum, { said }) => sum + said, 0)
  const mean = all / (last.slot_ms / slotMs + 1)
  const found: { atMs: number; said: number }[] = []
  for (const { slot_ms: atMs, said } of [...slots].sort((a, b) => b.said - a.said || a.slot_ms - b.slot_ms)) {
    if (found.length >= most || said < Math.max(3, mean * 2)) break
    if (found.every((peak) => Math.abs(peak.atMs - atMs) >= gapMs)) found.push({ atMs, said })
  }
  return found
}
