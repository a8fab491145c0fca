/** Owns writing danmaku for other programs: the common XML, JSON, and ASS subtitles. Pure, piece by piece. */
import { createHash } from 'node:crypto'
import type { Danmaku } from '../../contract/danmaku.ts'

export type ExchangeFormat = 'xml' | 'json' | 'ass'

export const contentTypes: Readonly<Record<ExchangeFormat, string>> = {
  xml: 'application/xml; charset=utf-8',
  json: 'application/json; charset=utf-8',
  ass: 'text/x-ssa; charset=utf-8',
}

/** Numbers of the common layout. */
export const xmlModes = { scroll: 1, bottom: 4, top: 5 } as const
export const xmlSizes = { small: 18, normal: 25, large: 36 } as const

type Pages = AsyncIterable<readonly Danmaku[]>

const escapeXml = (text: string): string =>
  text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    // Characters that XML 1.0 has no way to write.
    .replace(/[\ufffe\uffff]/g, '')

/** Tells one writer's from another's, and not who it is. */
const writerHash = (userId: string): string => createHash('sha256').update(userId).digest('hex').slice(0, 8)

async function* asXml(pages: Pages): AsyncIterable<string> {
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<i><chatserver>vireo</chatserver><maxlimit>100000</maxlimit>\n'
  for await (const page of pages)
    yield page
      .map((item) => {
        const colour = Number.parseInt(item.color.slice(1), 16)
        const sent = Math.floor(Date.parse(item.sent_at) / 1000)
        const fields = [item.media_time.toFixed(3), xmlModes[item.mode], xmlSizes[item.size], colour, sent, 0]
        return `<d p="${fields.join(',')},${writerHash(item.user.id)},${item.id}">${escapeXml(item.text)}</d>\n`
      })
      .join('')
  yield '</i>\n'
}

async function* asJson(pages: Pages): AsyncIterable<string> {
  let before = '[\n'
  for await (const page of pages)
    for (const { text, media_time: time, color, mode, size, sent_at } of page) {
      yield before + JSON.stringify({ text, time, color, mode, size, sent_at })
      before = ',\n'
    }
  yield before === '[\n' ? '[]\n' : '\n]\n'
}

const screen = { width: 1920, height: 1080 }
const fontSizes = { small: 38, normal: 48, large: 60 } as const
const scrollS = 8
const standS = 4
const lane = 62

const assTime = (seconds: number): string => {
  const hundredths = Math.round(seconds * 100)
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  return `${Math.floor(hundredths / 360_000)}:${two((hundredths / 6000) % 60)}:${two((hundredths / 100) % 60)}.${two(hundredths % 100)}`
}

const assColour = (color: string): string => {
  const [r = 'ff', g = 'ff', b = 'ff'] = color.slice(1).match(/../g) ?? []
  return `&H${b}${g}${r}&`.toUpperCase()
}

/** Braces and backslashes would be commands. */
const assText = (text: string): string =>
  text.replace(/\{/g, '｛').replace(/\}/g, '｝').replace(/\\/g, '＼').replace(/\s+/g, ' ')

/** The lane that is free first; those who come too many share. */
const createLanes = (count: number) => {
  const freeAt = new Array<number>(count).fill(0)
  return (atS: number, untilS: number): number => {
    const found = freeAt.findIndex((free) => free <= atS)
    const taken = found === -1 ? freeAt.indexOf(Math.min(...freeAt)) : found
    freeAt[taken] = untilS
    return taken
  }
}

async function* asAss(pages: Pages): AsyncIterable<string> {
  const lanes = Math.floor(screen.height / lane)
  const [scroll, top, bottom] = [createLanes(lanes), createLanes(lanes), createLanes(lanes)]
  yield [
    '[Script Info]',
    'ScriptType: v4.00+',
    `PlayResX: ${screen.width}`,
    `PlayResY: ${screen.height}`,
    '',
    '[V4+ Styles]',
    'Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, Bold, Alignment, BorderStyle, Outline, Shadow',
    'Style: Danmaku,sans-serif,48,&H00FFFFFF,&H00000000,-1,7,1,2,0',
    '',
    '[Events]',
    'Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n',
  ].join('\n')
  for await (const page of pages)
    yield page
      .map((item) => {
        const font = fontSizes[item.size]
        const wide = [...item.text].length * font
        const at = item.media_time
        const looks = `\\fs${font}\\c${assColour(item.color)}`
        const line = (endS: number, tags: string): string =>
          `Dialogue: 0,${assTime(at)},${assTime(endS)},Danmaku,,0,0,0,,{${tags}${looks}}${assText(item.text)}\n`
        if (item.mode === 'scroll') {
          // The next one may follow when the end of this one has come in.
          const y = scroll(at, at + (scrollS * wide) / (screen.width + wide)) * lane
          return line(at + scrollS, `\\move(${screen.width},${y},${-wide},${y})`)
        }
        if (item.mode === 'top')
          return line(at + standS, `\\an8\\pos(${screen.width / 2},${top(at, at + standS) * lane})`)
        const y = screen.height - bottom(at, at + standS) * lane
        return line(at + standS, `\\an2\\pos(${screen.width / 2},${y})`)
      })
      .join('')
}

const writers = { xml: asXml, json: asJson, ass: asAss } as const

export const writeDanmaku = (format: ExchangeFormat, pages: Pages): AsyncIterable<string> =>
  writers[format](pages)
