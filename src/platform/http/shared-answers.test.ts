/** Owns the tests of the answers that everybody gets alike. */
import { describe, expect, it } from 'vitest'
import { createSharedAnswers } from './shared-answers.ts'

const body = (text: string): Promise<Buffer> => Promise.resolve(Buffer.from(text))

describe('shared answers', () => {
  it('are kept for a second', async () => {
    let nowMs = 0
    const answers = createSharedAnswers(() => nowMs)
    await answers.keep('a', body('one'))
    nowMs = 999
    expect(String(await answers.find('a'))).toBe('one')
    nowMs = 1_000
    expect(answers.find('a')).toBeUndefined()
  })

  it('go when something is written', async () => {
    const answers = createSharedAnswers(() => 0)
    await answers.keep('a', body('one'))
    answers.written()
    expect(answers.find('a')).toBeUndefined()
  })

  it('live out their second when writes come faster than 20 a second', async () => {
    let nowMs = 0
    const answers = createSharedAnswers(() => nowMs)
    for (let n = 0; n < 20; n++) answers.written()
    await answers.keep('a', body('one'))
    answers.written()
    expect(answers.find('a')).toBeDefined()
    nowMs = 1_500
    await answers.keep('a', body('two'))
    answers.written()
    expect(answers.find('a')).toBeUndefined()
  })

  it('keep no failure, nothing long, and not more than they may', async () => {
    const answers = createSharedAnswers(() => 0)
    await expect(answers.keep('bad', Promise.reject(new Error('no')))).rejects.toThrow('no')
    await answers.keep('long', Promise.resolve(Buffer.alloc(65 * 1024)))
    for (let n = 0; n < 501; n++) await answers.keep(`k${n}`, body('x'))
    expect(['bad', 'long', 'k0'].map((key) => answers.find(key))).toEqual([undefined, undefined, undefined])
    expect(answers.find('k500')).toBeDefined()
  })

  it('made before a write do not come back after it', async () => {
    const answers = createSharedAnswers(() => 0)
    let finish = (_: Buffer): void => undefined
    const slow = answers.keep('a', new Promise((resolve) => (finish = resolve)))
    answers.written()
    finish(Buffer.from('old'))
    await slow
    expect(answers.find('a')).toBeUndefined()
  })
})
