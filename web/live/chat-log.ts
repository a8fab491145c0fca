/** Owns the list of chat messages: no gap, none twice, at most 300, one's own from the first moment. Pure. */
import type { RoomSocketServer } from '../api/shapes.ts'

type ServerDanmaku = Extract<RoomSocketServer, { type: 'danmaku' }>

export interface ChatLine {
  /** Stays the same from writing to arriving, so that the row does not jump. */
  key: string
  id: string | undefined
  user: { id: string; nickname: string }
  text: string
  color: string
  mode: ServerDanmaku['mode']
  size: ServerDanmaku['size']
  owner: boolean
  sentAt: string
  state: 'sending' | 'sent' | 'failed'
  reason?: string
}

export const mostLines = 300

const lineOf = (message: ServerDanmaku, key: string): ChatLine => ({
  key,
  id: message.id,
  user: message.user,
  text: message.text,
  color: message.color,
  mode: message.mode,
  size: message.size,
  owner: message.owner,
  sentAt: message.sent_at,
  state: 'sent',
})

const bounded = (lines: ChatLine[]): ChatLine[] =>
  lines.length > mostLines ? lines.slice(-mostLines) : lines

/** The list with `message` in it; the same list when it was there already. */
export const withMessage = (lines: ChatLine[], message: ServerDanmaku): ChatLine[] => {
  if (lines.some((line) => line.id === message.id)) return lines
  const own = message.client_id
    ? lines.findIndex((line) => line.id === undefined && line.key === message.client_id)
    : -1
  if (own >= 0) return lines.map((line, index) => (index === own ? lineOf(message, line.key) : line))
  return bounded([...lines, lineOf(message, message.id)])
}

/** After connecting again: the history fills what was missed while away. */
export const withHistory = (lines: ChatLine[], history: readonly ServerDanmaku[]): ChatLine[] => {
  const all = history.reduce(withMessage, lines)
  const arrived = all.filter((line) => line.id !== undefined)
  const waiting = all.filter((line) => line.id === undefined)
  // Arrival order breaks where old lines met new history; what was sent stands in order of time.
  return bounded([...arrived.sort((a, b) => a.sentAt.localeCompare(b.sentAt)), ...waiting])
}

export const withOwn = (lines: ChatLine[], own: Omit<ChatLine, 'id' | 'state'>): ChatLine[] =>
  bounded([...lines, { ...own, id: undefined, state: 'sending' }])

export const withState = (
  lines: ChatLine[],
  key: string,
  state: ChatLine['state'],
  reason?: string,
): ChatLine[] =>
  lines.map((line) => {
    if (line.key !== key || line.id !== undefined) return line
    const { reason: _old, ...rest } = line
    return reason === undefined ? { ...rest, state } : { ...rest, state, reason }
  })

export const without = (lines: ChatLine[], id: string): ChatLine[] => lines.filter((line) => line.id !== id)
