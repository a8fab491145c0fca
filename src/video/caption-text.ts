/** Owns reading captions, WebVTT or SRT in whatever encoding, and writing them anew as plain WebVTT. Pure. */

export interface Cue {
  startMs: number
  endMs: number
  text: string
}

const mostCues = 20_000
const mostLetters = 1000

/** Most files are UTF-8; old Chinese ones are not. */
const decode = (bytes: Uint8Array): string => {
  for (const encoding of [bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8', 'gb18030']) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes)
    } catch {
      continue
    }
  }
  return ''
}

const clock = String.raw`(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})`
const timing = new RegExp(String.raw`^\s*${clock}\s*-->\s*${clock}(?:\s.*)?$`)

const toMs = (parts: readonly (string | undefined)[]): number => {
  const [hours = '0', minutes = '0', seconds = '0', thousandths = '0'] = parts
  return (
    ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 +
    Number(thousandths.padEnd(3, '0'))
  )
}

// Voices, colours and other marks of either format, and positions as `{\an8}`.
const marks = /<\/?[A-Za-z0-9][^<>]{0,200}>|\{\\[^{}]{0,200}\}/g
const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
  '&nbsp;': ' ',
  '&lrm;': '',
  '&rlm;': '',
}

const plain = (text: string): string =>
  text
    .replace(marks, '')
    .replace(/&(?:lt|gt|amp|nbsp|lrm|rlm);/g, (entity) => entities[entity] ?? '')
    .replace(/(?!\n)\p{Cc}|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .replace(/(\p{M}{4})\p{M}+/gu, '$1')
    .trim()
    .slice(0, mostLetters)

/** The cues in order of time; none where it is no captions file, or too long a one. */
export const readCues = (bytes: Uint8Array): Cue[] => {
  const lines = decode(bytes)
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
  const cues: Cue[] = []
  for (let at = 0; at < lines.length; at++) {
    const match = timing.exec(lines[at] ?? '')
    if (match === null) continue
    const text: string[] = []
    while (at + 1 < lines.length && (lines[at + 1] ?? '').trim() !== '') text.push(lines[++at] ?? '')
    const [startMs, endMs] = [toMs(match.slice(1, 5)), toMs(match.slice(5, 9))]
    const said = plain(text.join('\n'))
    if (said !== '' && endMs > startMs) cues.push({ startMs, endMs, text: said })
    if (cues.length > mostCues) return []
  }
  return cues.sort((a, b) => a.startMs - b.startMs)
}

const stamp = (ms: number): string => {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  return `${two(ms / 3600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}.${String(ms % 1000).padStart(3, '0')}`
}

const escaped = (text: string): string =>
  text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/\n{2,}/g, '\n')

/** `WEBVTT` and its cues: text only. */
export const writeVtt = (cues: readonly Cue[]): string =>
  [
    'WEBVTT',
    ...cues.map((cue) => `${stamp(cue.startMs)} --> ${stamp(cue.endMs)}\n${escaped(cue.text)}`),
  ].join('\n\n') + '\n'
