/** Owns the pure rules of a profile. */
import { randomInt } from 'node:crypto'

const usernamePattern = /^[A-Za-z][A-Za-z0-9_]{3,19}$/
const reservedNames = new Set([
  'admin',
  'administrator',
  'root',
  'system',
  'vireo',
  'moderator',
  'support',
  'official',
])

/** 4 to 20 letters, digits or underscores, beginning with a letter, so that it is never taken for a number. */
export const isUsername = (text: string): boolean =>
  usernamePattern.test(text) && !reservedNames.has(text.toLowerCase())

export const usernameKey = (username: string): string => username.toLowerCase()

const birds = ['莺', '燕', '雀', '鹊', '鹂', '鹭', '鸢', '鸽', '鹤', '鸥']

/** A nickname that says nothing of the mobile number. */
export const randomNickname = (): string =>
  `${birds[randomInt(birds.length)] ?? '莺'}${String(randomInt(100_000, 1_000_000))}`
