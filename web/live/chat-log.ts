/** Owns the list of chat messages: no gap, none twice, at most 300, one's own from the first moment. Pure. */
import type { RoomSocketServer } from '../api/shapes.ts'

type ServerDanmaku = Extract<RoomSocketServer, { type: 'danmaku' }>
type ServerGift = Omit<Extract<RoomSocketServer, { type: 'gift' }>, 'type'>
type ServerArrival = Extract<RoomSocketServer, { type: 'raided' }>

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
  moderator: boolean
  /** A line that nobody wrote: a gift, or others who arrived. */
  gift?: { gift: ServerGift['gift']; count: number; combo: number }
  arrived?: number
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
  moderator: message.moderator,
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

const plain = { text: '', color: '#ffffff', mode: 'scroll', size: 'normal', owner: false } as const

const giftLine = (gift: ServerGift): ChatLine => ({
  ...plain,
  key: gift.id,
  id: gift.id,
  user: gift.user,
  moderator: false,
  gift: { gift: gift.gift, count: gift.count, combo: gift.combo },
  sentAt: gift.sent_at,
  state: 'sent',
})

/** A combo stays one line, which moves to the end. */
export const withGift = (lines: ChatLine[], gift: ServerGift): ChatLine[] => {
  if (lines.some((line) => line.id === gift.id)) return lines
  const before = lines.findLast(
    (line) => line.gift?.gift === gift.gift && line.user.id === gift.user.id && gift.combo > gift.count,
  )
  const goesOn = before?.gift && before.gift.combo + gift.count === gift.combo
  const rest = goesOn ? lines.filter((line) => line !== before) : lines
  return bounded([...rest, { ...giftLine(gift), ...(goesOn ? { key: before.key } : {}) }])
}

export const withArrival = (lines: ChatLine[], { id, from, viewers, time }: ServerArrival): ChatLine[] =>
  lines.some((line) => line.id === id)
    ? lines
    : bounded([
        ...lines,
        {
          ...plain,
          key: id,
          id,
          user: { id: from.author.id, nickname: from.author.nickname },
          moderator: false,
          arrived: viewers,
          sentAt: time,
          state: 'sent',
        },
      ])

/** Everything that somebody wrote is gone; what they gave stays. */
export const withoutWriter = (lines: ChatLine[], userId: string): ChatLine[] =>
  lines.filter((line) => line.user.id !== userId || line.gift !== undefined || line.arrived !== undefined)

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
