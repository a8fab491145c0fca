/** Owns how ids are made: sortable keys for rows, random ones for public addresses and secrets. */
import { randomBytes } from 'node:crypto'

const crockford = '0123456789abcdefghjkmnpqrstvwxyz'
const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

let lastMs = 0
let sequence = 0

/**
 * A row's key: 26 characters that sort by time of making (48 bits of milliseconds, 12 bits of sequence within
 * the millisecond, 68 random bits), so that a clustered index grows at its end.
 */
export const sortableId = (nowMs: number): string => {
  if (nowMs > lastMs) {
    lastMs = nowMs
    sequence = 0
  } else if (++sequence > 0xfff) {
    lastMs++
    sequence = 0
  }
  return inCrockford(
    (BigInt(lastMs) << 80n) |
      (BigInt(sequence) << 68n) |
      (BigInt(`0x${randomBytes(9).toString('hex')}`) >> 4n),
  )
}

/** Sorts before every id made at that time or later: `where id >= idsFrom(midnight)`. */
export const idsFrom = (ms: number): string => inCrockford(BigInt(ms) << 80n)

/** When a sortable id was made, ms since 1970. */
export const timeOf = (id: string): number => {
  let value = 0n
  for (const letter of id) value = (value << 5n) | BigInt(crockford.indexOf(letter))
  return Number(value >> 80n)
}

const inCrockford = (bits: bigint): string => {
  let value = bits
  let id = ''
  for (let i = 0; i < 26; i++) {
    id = crockford[Number(value & 31n)] + id
    value >>= 5n
  }
  return id
}

/** What stands in a public address: 12 characters of base58, 70 random bits. */
export const publicId = (): string => randomText(12)

/** A file's name that nobody guesses: 24 characters of base58, 140 random bits; letters and digits only. */
export const randomName = (): string => randomText(24)

/** A secret for a URL or a header: base64url of `sizeBytes` random bytes. */
export const secretToken = (sizeBytes = 32): string => randomBytes(sizeBytes).toString('base64url')

const randomText = (length: number): string => {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      // 232 is the largest multiple of 58 in a byte; above it the first letters would be likelier.
      if (byte < 232 && text.length < length) text += base58[byte % 58]
    }
  }
  return text
}
