/**
 * Owns the place in a list that a client carries from page to page. It refuses a place that this server did not
 * make, or made for another list.
 */
import { timingSafeEqual } from 'node:crypto'
import { sql } from 'kysely'
import type { RawBuilder, SqlBool } from 'kysely'
import { AppError } from '../errors/app-error.ts'
import { hmac } from '../hmac/hmac.ts'

export type KeyValue = string | number

interface KeyTypes {
  string: string
  number: number
}
/** `['number', 'string']` reads `[number, string]`. */
type Values<Shape extends readonly (keyof KeyTypes)[]> = { -readonly [I in keyof Shape]: KeyTypes[Shape[I]] }

/** `list` names the list and everything that picks its rows: `videos:hot:music`. */
export const encodeCursor = (list: string, values: readonly KeyValue[], secret: Uint8Array): string => {
  const payload = Buffer.from(JSON.stringify(values)).toString('base64url')
  return `${payload}.${sign(list, payload, secret)}`
}

/** The values that `encodeCursor` was given. Throws AppError `cursor_invalid`. */
export const decodeCursor = <const Shape extends readonly (keyof KeyTypes)[]>(
  list: string,
  cursor: string,
  secret: Uint8Array,
  shape: Shape,
): Values<Shape> => {
  const [payload = '', signature = '', ...rest] = cursor.length <= 1000 ? cursor.split('.') : []
  const expected = Buffer.from(sign(list, payload, secret))
  const given = Buffer.from(signature)
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new AppError('cursor_invalid')
  }
  // Signed, so it is what we wrote; the shape may still be an older version's.
  const values: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
  if (!fits(values, shape)) throw new AppError('cursor_invalid')
  return values
}

const fits = <Shape extends readonly (keyof KeyTypes)[]>(
  values: unknown,
  shape: Shape,
): values is Values<Shape> =>
  Array.isArray(values) &&
  values.length === shape.length &&
  shape.every((type, index) => typeof values[index] === type)

const sign = (list: string, payload: string, secret: Uint8Array): string =>
  hmac(secret, `cursor\n${list}\n${payload}`).subarray(0, 16).toString('base64url')

export type SeekKey = readonly [column: string, direction: 'asc' | 'desc', value: KeyValue]

/**
 * "After this place", for `.where(seek([['publish_ms', 'desc', ms], ['id', 'desc', id]]))` with the same
 * `orderBy`. Written out because MySQL does not use an index for `(a, b) < (x, y)`.
 */
export const seek = (keys: readonly SeekKey[]): RawBuilder<SqlBool> => {
  const [key, ...others] = keys
  if (!key) throw new Error('A place needs at least one column')
  const [name, direction, value] = key
  const column = sql.ref(name)
  const beyond = sql.raw(direction === 'asc' ? '>' : '<')
  if (others.length === 0) return sql<SqlBool>`${column} ${beyond} ${value}`
  // The first condition alone bounds the index range; the second is exact.
  return sql<SqlBool>`(${column} ${beyond}= ${value} and (${column} ${beyond} ${value} or ${seek(others)}))`
}

/** Cuts a page off rows that were read with `limit + 1`. */
export const cutPage = <Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => string,
): { items: Row[]; nextCursor: string | null } => {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null }
}
