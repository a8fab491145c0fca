/** Owns the small schemas that every feature shares: ids, times, pages, texts. */
import { z } from 'zod'

export const apiPrefix = '/api/v1'

/** A public or sortable id as it stands in an address. */
export const id = z.string().regex(/^[0-9A-Za-z_-]{1,64}$/)

/** ISO 8601 in UTC with milliseconds. */
export const time = z.iso.datetime({ precision: 3 }).meta({ example: '2026-01-02T03:04:05.678Z' })

/** Seconds as a float. */
export const seconds = z.number().min(0)

export const idParams = z.strictObject({ id })

/** Keyset page: at most `limit` items from `cursor` on. */
export const pageQuery = z.object({
  limit: z.number().int().min(1).max(100).default(20),
  cursor: z.string().max(512).optional(),
})

/** `{items, next_cursor}`; `next_cursor` is null on the last page. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() })

/** An answer without content. */
export const nothing = z.null()

export const empty = z.strictObject({})

/** One line of text for people: trimmed, without control characters or direction overrides. */
export const line = (max: number) =>
  z
    .string()
    .max(max * 4)
    .transform(cleanLine)
    .pipe(z.string().max(max))

/** Text of several lines, cleaned likewise. */
export const prose = (max: number) =>
  z
    .string()
    .max(max * 4)
    .transform(cleanProse)
    .pipe(z.string().max(max))

// Bidirectional overrides and isolates, zero-width characters but the joiners that scripts and emoji need.
const invisible =
  /[\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u2800\u3164\uffa0\ufff9-\ufffb]/gu
// More than four combining marks on one letter only serve to cover the lines around it.
const piledMarks = /(\p{M}{4})\p{M}+/gu

const cleanProse = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/\r\n?/g, '\n')
    .replace(/(?!\n)\p{Cc}|\p{Cs}/gu, '')
    .replace(invisible, '')
    .replace(piledMarks, '$1')
    .trim()

const cleanLine = (text: string): string => cleanProse(text.replace(/\s+/gu, ' '))
