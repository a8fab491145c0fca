/** Checks that what moderators type is understood, and that what is no command stays a message. */
import { describe, expect, it } from 'vitest'
import { readCommand } from './commands.ts'

describe('commands', () => {
  it('are read with what belongs to them', () => {
    expect(readCommand('/slow')).toEqual({ do: 'slow', seconds: 10 })
    expect(readCommand(' /slow 30 ')).toEqual({ do: 'slow', seconds: 30 })
    expect(readCommand('/slow off')).toEqual({ do: 'slow', seconds: 0 })
    expect(readCommand('/followers off')).toEqual({ do: 'followers', minutes: null })
    expect(readCommand('/followers')).toEqual({ do: 'followers', minutes: 0 })
    expect(readCommand('/mute @小 莺 30')).toEqual({ do: 'mute', name: '小 莺', minutes: 30 })
    expect(readCommand('/mute 小莺')).toEqual({ do: 'mute', name: '小莺', minutes: 10 })
    expect(readCommand('/purge @spam')).toEqual({ do: 'purge', name: 'spam' })
    expect(readCommand('/pin 今晚 九点')).toEqual({ do: 'pin', text: '今晚 九点' })
    expect(readCommand('/announce')).toEqual({ do: 'announce', text: '' })
    expect(readCommand('/raid')).toEqual({ do: 'raid' })
  })

  it('say how they are written when something is missing', () => {
    for (const text of ['/slow x', '/slow 99999', '/mute', '/ban', '/pin', '/followers 9999999'])
      expect(readCommand(text), text).toMatchObject({ wrong: 'usage' })
    expect(readCommand('/dance')).toEqual({ wrong: 'unknown' })
  })

  it('leave messages alone', () => {
    for (const text of ['hello', '/ slow', '1/2', '//', '/你好', ''])
      expect(readCommand(text)).toBeUndefined()
  })
})
