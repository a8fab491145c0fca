/**
 * Owns how a text becomes words to be searched, the same for both engines: neither one's own full text finds
 * two-character Chinese words. The dictionary is loaded with the first search, for it takes memory.
 */
import type { Jieba } from '@node-rs/jieba'

const cjk = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+/gu
const pieces = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+|[\p{L}\p{N}]+/gu
const maxTermLength = 32

const isCjk = (piece: string): boolean => piece.search(cjk) === 0

/** One writing for all: case, width and composition do not count. */
export const foldText = (text: string): string => text.normalize('NFKC').toLowerCase()

const pairs = (letters: readonly string[]): string[] =>
  letters.slice(1).map((letter, index) => (letters[index] ?? '') + letter)

/** Every term under which a text is found: words of letters, single signs and pairs of Chinese. */
export const termsOf = (text: string): Set<string> => {
  const terms = new Set<string>()
  for (const [piece] of foldText(text).matchAll(pieces)) {
    if (!isCjk(piece)) {
      terms.add(piece.slice(0, maxTermLength))
      continue
    }
    const letters = [...piece]
    for (const term of [...letters, ...pairs(letters)]) terms.add(term)
  }
  return terms
}

/** The terms that must all be there for a word to be there. */
export const termsOfWord = (word: string): string[] => {
  if (!isCjk(word)) return [word.slice(0, maxTermLength)]
  const letters = [...word]
  return letters.length === 1 ? letters : pairs(letters)
}

let jieba: Promise<Jieba> | undefined
const loadJieba = async (): Promise<Jieba> => {
  const [{ Jieba: Segmenter }, { dict }] = await Promise.all([
    import('@node-rs/jieba'),
    import('@node-rs/jieba/dict.js'),
  ])
  return Segmenter.withDict(dict)
}

/** What somebody typed, cut into its words: 北京烤鸭店 becomes 北京, 烤鸭店. At most 8, each once. */
export const cutQuery = async (query: string): Promise<string[]> => {
  const words = new Set<string>()
  for (const [piece] of foldText(query).matchAll(pieces)) {
    if (!isCjk(piece) || [...piece].length <= 2) words.add(piece)
    else {
      const segmenter = await (jieba ??= loadJieba())
      for (const word of segmenter.cut(piece, true)) words.add(word)
    }
  }
  return [...words].slice(0, 8)
}
