/** Checks how counts, durations, times and sizes are written. */
import { describe, expect, it } from 'vitest'
import { formatAgo, formatBytes, formatCount, formatDuration } from './format.ts'

describe('format', () => {
  it('counts in 万 and 亿, or in K and M', () => {
    expect(
      [0, 9999, 10_000, 12_345, 238_000, 1_230_000, 99_999_999, 123_456_789].map((n) =>
        formatCount(n, 'zh-CN'),
      ),
    ).toEqual(['0', '9999', '1万', '1.2万', '23.8万', '123万', '9999万', '1.2亿'])
    expect([999, 1234, 1_200_000].map((n) => formatCount(n, 'en'))).toEqual(['999', '1.2K', '1.2M'])
  })

  it('writes durations', () => {
    expect([-1, 0, 5.9, 65, 3725].map(formatDuration)).toEqual(['0:00', '0:00', '0:05', '1:05', '1:02:05'])
  })

  it('says how long ago', () => {
    const now = Date.parse('2026-01-02T00:00:00.000Z')
    expect(formatAgo('2026-01-01T23:59:50.000Z', 'zh-CN', now)).toBe('刚刚')
    expect(formatAgo('2026-01-01T23:00:00.000Z', 'zh-CN', now)).toBe('1小时前')
    expect(formatAgo('2026-01-01T23:55:00.000Z', 'en', now)).toBe('5 minutes ago')
    expect(formatAgo('2025-12-01T00:00:00.000Z', 'en', now)).toBe('1 month ago')
  })

  it('writes sizes', () => {
    expect([0, 1023, 1536, 50 * 1024 ** 2, 20 * 1024 ** 3].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.5 KB',
      '50 MB',
      '20 GB',
    ])
  })
})
