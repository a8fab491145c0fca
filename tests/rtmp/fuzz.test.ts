/** A hundred thousand hostile inputs; `npm run bench -- live-fuzz` makes ten million. */
import { expect, test } from 'vitest'
import { fuzz } from './fuzz.ts'

test('mutated captures are refused or packaged, and nothing else', { timeout: 180_000 }, () => {
  const { refused, packagedBytes } = fuzz(100_000, 20_261_128)
  // Both ends of it were reached.
  expect(refused).toBeGreaterThan(20_000)
  expect(packagedBytes).toBeGreaterThan(50_000)
})
