/** Owns chance in the browser; works on plain http, where crypto.randomUUID is missing. */

/** A UUID v4. */
export const uuid = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** A number from 0 up to 1. */
export const chance = (): number => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32

/** Waiting time before attempt `n` (from 0) in ms: doubles up to `max`, half of it by chance. */
export const backoffMs = (attempt: number, first = 500, max = 15_000, random = chance): number => {
  const whole = Math.min(max, first * 2 ** Math.min(attempt, 20))
  return whole / 2 + (whole / 2) * random()
}
