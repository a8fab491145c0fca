/** Checks the speed of an upload. */
import { describe, expect, it } from 'vitest'
import { createSpeed } from './speed.ts'

describe('speed', () => {
  it('is unknown at first, then that of the last seconds', () => {
    const speed = createSpeed()
    expect(speed(0, 0)).toBeUndefined()
    expect(speed(1000, 500)).toBeUndefined()
    expect(speed(2000, 1000)).toBe(2000)
    expect(speed(2000, 9000)).toBeUndefined()
  })

  it('starts anew when an upload goes back', () => {
    const speed = createSpeed()
    speed(5000, 0)
    expect(speed(1000, 2000)).toBeUndefined()
  })
})
