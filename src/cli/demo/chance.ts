/** Owns choices that look random and are the same each time: two demos look alike. */

export interface Chance {
  /** 0 to `n` - 1. */
  below(n: number): number
  shuffled<T>(items: readonly T[]): T[]
}

/** A linear congruential generator (Numerical Recipes); its upper bits are good enough to pick words. */
export const createChance = (seed: number): Chance => {
  let state = (seed * 2_654_435_761) >>> 0
  const below = (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  return {
    below,
    shuffled(items) {
      const left = [...items]
      return items.flatMap(() => left.splice(below(left.length), 1))
    },
  }
}
