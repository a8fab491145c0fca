import { expect, it } from 'vitest'
import { isWanted } from './filters.ts'

const nothing = { words: [], users: [], modes: [], coloured: false }
const item = { text: 'Hello 剧透', color: '#ff0000', mode: 'scroll', user: { id: 'u1' } } as const

it('hides danmaku by word, person and kind, and nothing else', () => {
  expect(isWanted(item, nothing)).toBe(true)
  expect(isWanted(item, { ...nothing, words: ['剧透'] })).toBe(false)
  expect(isWanted(item, { ...nothing, words: ['hELLO'] })).toBe(false)
  expect(isWanted(item, { ...nothing, words: ['', 'other'] })).toBe(true)
  expect(isWanted(item, { ...nothing, users: [{ id: 'u1', nickname: 'x' }] })).toBe(false)
  expect(isWanted(item, { ...nothing, modes: ['scroll'] })).toBe(false)
  expect(isWanted(item, { ...nothing, modes: ['top', 'bottom'] })).toBe(true)
  expect(isWanted(item, { ...nothing, coloured: true })).toBe(false)
  expect(isWanted({ ...item, color: '#ffffff' }, { ...nothing, coloured: true })).toBe(true)
})
