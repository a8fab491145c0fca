import { expect, it } from 'vitest'
import { holdsOneOf } from './forbidden-words.ts'

it('finds a refused word between spaces and marks', () => {
  expect(holdsOneOf('免 费·Ｖ信 加我', ['免费v信'])).toBe(true)
  expect(holdsOneOf('鸟', ['', '  ', '鹅'])).toBe(false)
})
