/** Owns the pure rules of comments: who is mentioned, what is the same said again, which words are refused. */
import { createHash } from 'node:crypto'

const mention = /(?<![A-Za-z0-9_@.])@([A-Za-z][A-Za-z0-9_]{3,19})/g
const maxMentions = 10

/** User names, without the sign, each once. */
export const mentionsIn = (text: string): string[] =>
  [...new Set([...text.matchAll(mention)].map((match) => (match[1] ?? '').toLowerCase()))].slice(
    0,
    maxMentions,
  )

const bare = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{P}]+/gu, '')

/** The same for texts that differ only in case, spaces and marks. */
export const repetitionKey = (userId: string, text: string): string =>
  `${userId}:${createHash('sha256')
    .update(bare(text) || text)
    .digest('base64url')
    .slice(0, 22)}`
