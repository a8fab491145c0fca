/** Owns that each security requirement of the account system has a test that names it, and stands in docs/security.md. */
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const numbers = [...Array.from({ length: 43 }, (_, index) => index + 1), 57, 58]
const titles = globSync('{src,tests,web}/**/*.test.ts')
  .flatMap((file) => readFileSync(file, 'utf8').match(/security\.md[^'"`\n]*/g) ?? [])
  .join('\n')
const documented = readFileSync('docs/security.md', 'utf8')

describe('the requirements', () => {
  it.each(numbers)('#%i has a test that names it', (number) => {
    expect(titles).toMatch(new RegExp(`security\\.md[^\\n]*#${number}(?!\\d)`))
    expect(documented).toMatch(new RegExp(`^\\| ${number} `, 'm'))
  })

  it('that on unproven numbers has one', () => {
    expect(titles).toContain('security.md: an unproven number is no way to reset')
    expect(documented).toContain('an unproven number is no way to reset')
  })
})
