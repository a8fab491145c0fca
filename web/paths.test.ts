/** Checks addresses, above all that signing in never leads to another site. */
import { describe, expect, it } from 'vitest'
import { paths, safeNext } from './paths.ts'

describe('paths', () => {
  it('follows only paths of this site after signing in', () => {
    expect(safeNext('/video/1?t=5')).toBe('/video/1?t=5')
    for (const bad of [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example',
      'javascript:x',
      '/a\\b',
      '/login',
      '/reset-password',
      undefined,
      5,
    ]) {
      expect(safeNext(bad)).toBe('/')
    }
  })

  it('writes addresses', () => {
    expect(paths.video('a', 12.7)).toBe('/video/a?t=12')
    expect(paths.video('a', 0.2)).toBe('/video/a')
    expect(paths.signIn('/live/x?y=1')).toBe('/login?next=%2Flive%2Fx%3Fy%3D1')
  })
})
