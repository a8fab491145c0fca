/** Checks that both languages say the same things with the same blanks. */
import { describe, expect, it } from 'vitest'
import { categoryIds, failureCode } from '../../contract/video.ts'
import { site } from '../../contract/site.ts'
import { health } from '../../contract/live.ts'
import { webhookEvent } from '../../contract/webhook.ts'
import { en } from './en.ts'
import { zhCN } from './zh-CN.ts'

const leaves = (node: object, path = ''): [string, string][] =>
  Object.entries(node).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? leaves(value, `${path}${key}.`)
      : [[`${path}${key}`, String(value)] as [string, string]],
  )
const blanks = (sentence: string): string[] =>
  [...new Set([...sentence.matchAll(/\{\w+\}/g)].map(([blank]) => blank))].sort()

describe('dictionaries', () => {
  const chinese = new Map(leaves(zhCN))
  const english = new Map(leaves(en))

  it('have the same keys and none is empty', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
    for (const sentence of [...chinese.values(), ...english.values()]) expect(sentence.trim()).not.toBe('')
  })

  it('have the same blanks', () => {
    for (const [key, sentence] of chinese)
      expect([key, blanks(english.get(key) ?? '')]).toEqual([key, blanks(sentence)])
  })

  it('have words for everything the contract may send', () => {
    for (const id of categoryIds) expect(chinese.has(`category.${id}`)).toBe(true)
    for (const code of failureCode.options) expect(chinese.has(`failure.${code}`)).toBe(true)
    for (const what of site.shape.missing.element.options) expect(chinese.has(`machine.${what}`)).toBe(true)
    for (const warning of health.shape.warnings.element.options)
      expect(chinese.has(`go.warning_${warning}`)).toBe(true)
    for (const event of webhookEvent.options) expect(chinese.has(`webhook.event.${event}`)).toBe(true)
  })
})
