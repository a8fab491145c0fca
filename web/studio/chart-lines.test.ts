/** Checks scales and lines of the charts. */
import { expect, it } from 'vitest'
import { polyline, roundTop, stretches } from './chart-lines.ts'

it('ends axes at round numbers', () => {
  expect([0.9, 4, 31, 149, 2_625, 6_001, 9_500].map(roundTop)).toEqual([1, 4, 40, 200, 4_000, 8_000, 10_000])
})

it('breaks lines where nothing was measured and where the connection was lost', () => {
  const times = [0, 2_000, 4_000, 6_000, 30_000, 32_000]
  const found = stretches(times, [1, 2, null, 4, 5, 6])
  expect(found.map((stretch) => stretch.map(({ value }) => value))).toEqual([[1, 2], [4], [5, 6]])
})

it('writes one point alone twice', () => {
  const scale = { x: (atMs: number) => atMs / 1000, y: (value: number) => 10 - value }
  expect(polyline([{ atMs: 1_000, value: 4 }], scale)).toBe('1.0,6.0 1.0,6.0')
  expect(polyline([], scale)).toBe('')
})
