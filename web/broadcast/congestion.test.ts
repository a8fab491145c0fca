/** The bitrate under a network that chokes and recovers. */
import { describe, expect, it } from 'vitest'
import { createCongestion } from './congestion.ts'

const target = 2_000_000
const bytes = (seconds: number): number => (seconds * target) / 8

describe('congestion', () => {
  it('lowers the bitrate at once and raises it slowly, never beyond its bounds', () => {
    const congestion = createCongestion(target)
    expect(congestion.bitrate(0)).toBe(target)
    expect(congestion.bitrate(bytes(0.6))).toBe(1_400_000)
    for (let i = 0; i < 20; i++) congestion.bitrate(bytes(3))
    expect(congestion.bitrate(bytes(3))).toBe(400_000)
    for (let i = 0; i < 7; i++) expect(congestion.bitrate(0)).toBe(400_000)
    expect(congestion.bitrate(0)).toBe(460_000)
    for (let i = 0; i < 200; i++) congestion.bitrate(0)
    expect(congestion.bitrate(0)).toBe(target)
  })

  it('leaves pictures out until most of what waited is gone', () => {
    const congestion = createCongestion(target)
    expect(congestion.mayEncode(bytes(1.4))).toBe(true)
    expect(congestion.mayEncode(bytes(1.6))).toBe(false)
    expect(congestion.mayEncode(bytes(0.6))).toBe(false)
    expect(congestion.mayEncode(bytes(0.4))).toBe(true)
  })
})
