/** Owns the colour that an id gets when there is no picture. */

/** A hue of 0–359 that stays the same for an id. */
export const hueOf = (id: string): number => {
  let sum = 7
  for (const letter of id) sum = (Math.imul(sum, 31) + (letter.codePointAt(0) ?? 0)) >>> 0
  // The golden angle sets neighbours far apart.
  return Math.round((sum * 137.508) % 360)
}
