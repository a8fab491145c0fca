/** Checks that the chat shows each message once, in order, bounded, and one's own from the start. */
import { describe, expect, it } from 'vitest'
import type { RoomSocketServer } from '../api/shapes.ts'
import {
  mostLines,
  withGift,
  withHistory,
  withMessage,
  withOwn,
  without,
  withoutWriter,
  withState,
} from './chat-log.ts'
import type { ChatLine } from './chat-log.ts'

type Message = Extract<RoomSocketServer, { type: 'danmaku' }>
const message = (n: number, more: Partial<Message> = {}): Message => ({
  type: 'danmaku',
  id: `d${n}`,
  user: { id: 'u', nickname: 'n' },
  text: `text ${n}`,
  color: '#ffffff',
  mode: 'scroll',
  size: 'normal',
  media_time: n,
  sent_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
  owner: false,
  moderator: false,
  ...more,
})
const own = (key: string) => ({
  key,
  user: { id: 'me', nickname: 'me' },
  text: 'hi',
  color: '#ffffff',
  mode: 'scroll' as const,
  size: 'normal' as const,
  owner: false,
  moderator: false,
  sentAt: '2026-01-01T00:00:09.000Z',
})
const ids = (lines: ChatLine[]) => lines.map(({ id }) => id)

describe('chat log', () => {
  it('takes a message once', () => {
    const lines = withMessage(withMessage([], message(1)), message(1))
    expect(ids(lines)).toEqual(['d1'])
  })

  it('fills a gap after connecting again, in order', () => {
    const before = [message(1), message(2)].reduce<ChatLine[]>(withMessage, [])
    const early = withMessage(before, message(5))
    expect(ids(withHistory(early, [message(2), message(3), message(4), message(5)]))).toEqual([
      'd1',
      'd2',
      'd3',
      'd4',
      'd5',
    ])
  })

  it('turns the own line into the sent one without moving it to another row', () => {
    const sending = withOwn([], own('k'))
    expect(sending[0]).toMatchObject({ state: 'sending', id: undefined })
    const sent = withMessage(sending, message(7, { client_id: 'k' }))
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({ key: 'k', id: 'd7', state: 'sent' })
  })

  it('marks the own line as failed, and lets it try again', () => {
    const failed = withState(withOwn([], own('k')), 'k', 'failed', 'too fast')
    expect(failed[0]).toMatchObject({ state: 'failed', reason: 'too fast' })
    expect(withState(failed, 'k', 'sending')[0]).not.toHaveProperty('reason')
  })

  it('stays bounded and forgets what was deleted', () => {
    const many = Array.from({ length: mostLines + 50 }, (_, n) => message(n)).reduce<ChatLine[]>(
      withMessage,
      [],
    )
    expect(many).toHaveLength(mostLines)
    expect(ids(without(many, 'd100'))).not.toContain('d100')
  })

  it('keeps a combo on one line, and a purge leaves gifts', () => {
    const gift = (n: number, combo: number) => ({
      id: `g${n}`,
      user: { id: 'u', nickname: 'n' },
      gift: 'flower' as const,
      count: 1,
      combo,
      coins: 1,
      sent_at: '2026-01-01T00:00:00.000Z',
    })
    const said = withMessage([], message(1))
    const two = withGift(withGift(withGift(said, gift(1, 1)), gift(2, 2)), gift(2, 2))
    expect(two.map(({ key, gift: given }) => [key, given?.combo])).toEqual([
      ['d1', undefined],
      ['g1', 2],
    ])
    expect(withGift(two, gift(3, 1))).toHaveLength(3)
    expect(withoutWriter(two, 'u').map(({ key }) => key)).toEqual(['g1'])
  })
})
