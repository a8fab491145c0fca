/** Owns the proof that a cropped square never leaves its picture. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { clampOffset, sourceSquare } from './crop.ts'

it('shows the middle of a wide picture first, and its left edge when pulled all the way right', () => {
  const size = { width: 400, height: 200 }
  expect(sourceSquare(size, { x: 0, y: 0 }, 1, 200)).toEqual({ x: 100, y: 0, length: 200 })
  const edge = clampOffset({ x: 9999, y: 50 }, size, 200)
  expect(edge).toEqual({ x: 100, y: 0 })
  expect(sourceSquare(size, edge, 1, 200)).toEqual({ x: 0, y: 0, length: 200 })
})

it('stays inside of any picture, however it is pulled and zoomed', () => {
  const side = fc.integer({ min: 1, max: 9000 })
  const pull = fc.double({ min: -20_000, max: 20_000, noNaN: true })
  fc.assert(
    fc.property(
      side,
      side,
      pull,
      pull,
      fc.double({ min: 1, max: 4, noNaN: true }),
      (width, height, x, y, zoom) => {
        const scale = (288 / Math.min(width, height)) * zoom
        const drawn = { width: width * scale, height: height * scale }
        const square = sourceSquare({ width, height }, clampOffset({ x, y }, drawn, 288), scale, 288)
        const slack = 1e-6 * Math.max(width, height)
        expect(square.x).toBeGreaterThanOrEqual(-slack)
        expect(square.y).toBeGreaterThanOrEqual(-slack)
        expect(square.x + square.length).toBeLessThanOrEqual(width + slack)
        expect(square.y + square.length).toBeLessThanOrEqual(height + slack)
      },
    ),
  )
})
