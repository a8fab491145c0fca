/** Owns which passwords are refused: too short or long, common, known from a breach, or made of the owner's own words. */
import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'

const leastLength = 8
const mostLength = 128
/** Not refused by length alone, yet everybody's first guess here. */
const siteWords = ['vireo']

export interface PasswordRules {
  /** `personal`: number, names, address, of which words of at least 4 letters may not stand in it. */
  isStrong(password: string, personal: readonly (string | null | undefined)[]): Promise<boolean>
}

export const createPasswordRules = (breachedFile: string | undefined): PasswordRules => {
  let common: Promise<string> | undefined
  const isCommon = async (lower: string): Promise<boolean> => {
    // One text of 170 KB, read when first needed: a set of its lines would cost ten times that.
    common ??= readFile(new URL('common-passwords.txt', import.meta.url), 'utf8').then((text) => `\n${text}`)
    return (await common).includes(`\n${lower}\n`)
  }
  return {
    async isStrong(password, personal) {
      const length = [...password].length
      if (length < leastLength || length > mostLength) return false
      const lower = password.toLowerCase()
      if (new Set(lower).size < 3 || /[\n\r]/.test(lower)) return false
      if (wordsOf(personal).some((word) => lower.includes(word))) return false
      if (siteWords.some((word) => lower.replace(/[\d\W_]/g, '') === word)) return false
      if (await isCommon(lower)) return false
      return breachedFile === undefined || !(await isBreached(breachedFile, password))
    },
  }
}

const wordsOf = (personal: readonly (string | null | undefined)[]): string[] =>
  personal
    .flatMap((word) => (word ? [word, word.split('@')[0] ?? ''] : []))
    .filter((word) => [...word].length >= 4)
    .map((word) => word.toLowerCase())

const longestLine = 64

/**
 * Binary search in a file of lines `SHA1:count` ordered by hash (the format of Have I Been Pwned): some thirty small
 * reads, whatever its size.
 */
export const isBreached = async (path: string, password: string): Promise<boolean> => {
  const wanted = createHash('sha1').update(password).digest('hex').toUpperCase()
  await using file = await open(path, 'r')
  const buffer = Buffer.alloc(longestLine * 2)
  /** The first whole line that begins at or after `at`. */
  const lineFrom = async (at: number): Promise<{ hash: string; end: number } | undefined> => {
    const start = Math.max(0, at - 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start)
    const text = buffer.toString('latin1', 0, bytesRead)
    const begin = at === 0 ? 0 : text.indexOf('\n') + 1
    if ((at > 0 && begin === 0) || begin >= text.length) return undefined
    const stop = text.indexOf('\n', begin)
    const line = text.slice(begin, stop === -1 ? text.length : stop)
    return { hash: line.slice(0, 40).toUpperCase(), end: start + begin + line.length + 1 }
  }
  let low = 0
  let high = (await file.stat()).size
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const line = await lineFrom(middle)
    if (line?.hash === wanted) return true
    if (line === undefined || line.hash > wanted) high = middle
    else low = line.end
  }
  return false
}
