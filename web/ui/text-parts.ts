/** Owns cutting a text into plain words, links and timestamps; pages render the parts, never HTML. */
export type TextPart =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'time'; text: string; seconds: number }

const pattern =
  /(https?:\/\/[^\s<>"'，。；！？、（）【】《》]+)|(?<![\d:])((?:\d{1,2}:)?[0-5]?\d:[0-5]\d)(?![\d:])/g

const linkOf = (raw: string): TextPart => {
  // A closing mark after an address belongs to the sentence.
  const text = raw.replace(/[.,;:!?)\]]+$/, '')
  return URL.canParse(text) ? { kind: 'link', text, href: new URL(text).href } : { kind: 'text', text }
}

const secondsOf = (text: string): number => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)

export const textParts = (text: string): TextPart[] => {
  const parts: TextPart[] = []
  let from = 0
  for (const match of text.matchAll(pattern)) {
    const [whole, link] = match
    const part: TextPart = link ? linkOf(link) : { kind: 'time', text: whole, seconds: secondsOf(whole) }
    if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) })
    parts.push(part)
    from = match.index + part.text.length
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) })
  return parts
}
