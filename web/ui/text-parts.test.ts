/** Checks that users' texts become words, links and times, and nothing else. */
import { describe, expect, it } from 'vitest'
import { textParts } from './text-parts.ts'

describe('text parts', () => {
  it('finds links without the marks after them', () => {
    expect(textParts('看 https://example.org/a?b=1。好')).toEqual([
      { kind: 'text', text: '看 ' },
      { kind: 'link', text: 'https://example.org/a?b=1', href: 'https://example.org/a?b=1' },
      { kind: 'text', text: '。好' },
    ])
    expect(textParts('(see https://example.org/x).')[1]).toMatchObject({ text: 'https://example.org/x' })
  })

  it('leaves other schemes and markup alone', () => {
    for (const text of ['javascript:alert(1)', '<img src=x onerror=alert(1)>', 'data:text/html,x']) {
      expect(textParts(text)).toEqual([{ kind: 'text', text }])
    }
  })

  it('finds times', () => {
    expect(textParts('0:05 开场, 1:02:03 结尾')).toEqual([
      { kind: 'time', text: '0:05', seconds: 5 },
      { kind: 'text', text: ' 开场, ' },
      { kind: 'time', text: '1:02:03', seconds: 3723 },
      { kind: 'text', text: ' 结尾' },
    ])
    expect(textParts('12:99 and 1:2')).toEqual([{ kind: 'text', text: '12:99 and 1:2' }])
  })
})
