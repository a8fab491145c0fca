/** Owns danmaku that carry when they were said, for who measures how late they come. */
import { nowMs } from './ll-client.ts'

/** No two alike: nobody may say the same twice in ten seconds. */
export const sayNow = (n: number): string => `#${n} ${nowMs().toFixed(1)} 现场的气氛真好`

/** When this was said, ms since 1970; undefined for what somebody else said. */
export const saidAt = (text: string): number | undefined => {
  const found = /^#\d+ ([\d.]+) /.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}
