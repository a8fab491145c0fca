/** Owns reading danmaku of other programs: the common XML, JSON, ASS subtitles. Pure; what it can not use it leaves out. */
import { z } from 'zod'
import { color, mode, size, text } from '../../contract/danmaku.ts'
import type { NewDanmaku } from './service.ts'
import type { ExchangeFormat } from './exchange-write.ts'

export type Read = NewDanmaku & { sentMs: number | undefined }

/** A file may hold more; the rest is not read. */
export const mostRead = 20_000

const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&amp;': '&',
}
// No entity of a file's own is ever followed.
const unescapeXml = (given: string): string =>
  given.replace(/&(?:lt|gt|quot|apos|amp);/g, (entity) => entities[entity] ?? '')

const hex = (value: number): string => `#${(value & 0xffffff).toString(16).padStart(6, '0')}`

/** Undefined for what has no words or no place. */
const made = (given: {
  text: string
  seconds: number
  color?: string | undefined
  mode?: NewDanmaku['mode'] | undefined
  size?: NewDanmaku['size'] | undefined
  sentMs?: number | undefined
}): Read | undefined => {
  const said = text.safeParse(given.text)
  if (!said.success || !(given.seconds >= 0 && given.seconds < 1e6)) return undefined
  const looked = color.safeParse(given.color)
  return {
    text: said.data,
    mediaMs: Math.round(given.seconds * 1000),
    color: looked.success ? looked.data : '#ffffff',
    mode: given.mode ?? 'scroll',
    size: given.size ?? 'normal',
    sentMs: given.sentMs !== undefined && Number.isFinite(given.sentMs) ? given.sentMs : undefined,
  }
}

function* fromXml(file: string): Iterable<Read | undefined> {
  for (const [, p = '', said = ''] of file.matchAll(
    /<d\s[^<>]*?p="([^"<>]{1,300})"[^<>]*>([^<]{1,2000})<\/d>/g,
  )) {
    const [at = NaN, kind = 1, font = 25, colour = 0xffffff, sent = NaN] = p.split(',').map(Number)
    // Others are programs and pictures, not words.
    if (![1, 2, 3, 4, 5, 6].includes(kind)) continue
    yield made({
      text: unescapeXml(said),
      seconds: at,
      color: hex(colour),
      mode: kind === 4 ? 'bottom' : kind === 5 ? 'top' : 'scroll',
      size: font < 22 ? 'small' : font > 30 ? 'large' : 'normal',
      sentMs: sent * 1000,
    })
  }
}

const jsonItem = z.object({
  text: z.string(),
  time: z.number(),
  color: color.optional().catch(undefined),
  mode: mode.optional().catch(undefined),
  size: size.optional().catch(undefined),
  sent_at: z.string().optional().catch(undefined),
})

function* fromJson(file: string): Iterable<Read | undefined> {
  let list: unknown
  try {
    list = JSON.parse(file)
  } catch {
    return
  }
  if (!Array.isArray(list)) return
  for (const given of list as unknown[]) {
    const { success, data } = jsonItem.safeParse(given)
    if (success)
      yield made({ ...data, seconds: data.time, sentMs: data.sent_at ? Date.parse(data.sent_at) : undefined })
  }
}

const assSeconds = (given: string): number => {
  const [, hours, minutes, seconds] = /^\s*(\d{1,2}):(\d{2}):(\d{2}(?:\.\d{1,3})?)\s*$/.exec(given) ?? []
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}

function* fromAss(file: string): Iterable<Read | undefined> {
  for (const [, start = '', said = ''] of file.matchAll(
    /^Dialogue:[^,\n]{0,20},([^,\n]{1,20}),(?:[^,\n]{0,100},){7}([^\n]{1,2000})$/gm,
  )) {
    const tags = (said.match(/\{[^{}]*\}/g) ?? []).join('')
    const [, blue = 'ff', green = 'ff', red = 'ff'] =
      /\\1?c&H(?:[0-9a-f]{2})?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})&?/i.exec(tags) ?? []
    const standing = /\\an[789](?!\d)/.test(tags) ? 'top' : 'bottom'
    const font = Number(/\\fs(\d{1,3})/.exec(tags)?.[1] ?? 48)
    yield made({
      text: said.replace(/\{[^{}]*\}/g, '').replace(/\\[Nnh]/g, ' '),
      seconds: assSeconds(start),
      color: `#${red}${green}${blue}`,
      mode: tags.includes('\\move') ? 'scroll' : standing,
      size: font < 43 ? 'small' : font > 54 ? 'large' : 'normal',
    })
  }
}

const formatOf = (file: string): ExchangeFormat | undefined => {
  const start = file.trimStart().slice(0, 2000)
  if (start.startsWith('<')) return 'xml'
  if (start.startsWith('[') && !/^\[Script Info\]/i.test(start)) return 'json'
  return /^\[Script Info\]/i.test(start) ? 'ass' : undefined
}
const readers = { xml: fromXml, json: fromJson, ass: fromAss } as const

/** Undefined if it is none of the three; at most `mostRead`. */
export const readDanmaku = (bytes: Uint8Array): Read[] | undefined => {
  let file: string
  try {
    file = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
  const format = formatOf(file)
  if (format === undefined) return undefined
  const found: Read[] = []
  for (const item of readers[format](file.replace(/\r\n?/g, '\n'))) {
    if (item !== undefined) found.push(item)
    if (found.length >= mostRead) break
  }
  return found
}
