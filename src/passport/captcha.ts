/** Owns picture codes: one at a time per client id, bound to the fetching address, consumed by the first attempt. */
import { randomInt, timingSafeEqual } from 'node:crypto'
import { createRequire } from 'node:module'
import { AppError } from '../platform/errors/app-error.ts'
import type { Kv } from '../platform/kv/kv.ts'

// The package's types leave out the function that it is: draws a given text.
type DrawCaptcha = (text: string, options: object) => string
const require = createRequire(import.meta.url)

const lifeMs = 5 * 60_000
// Without letters and digits that look alike.
const letters = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'
const length = 4

export interface Captcha {
  /** Draws a new picture (JPEG) for this client-made id, replacing what was there. */
  issue(id: string, previousId: string | undefined, address: string): Promise<Buffer>
  /** Consumes the picture; throws `img_code_expired` or `img_code_wrong`. */
  redeem(id: string, answer: string, address: string): Promise<void>
}

interface Entry {
  answer: string
  address: string
}

/** `fixedAnswer` is for the test profile, where no person can read the picture. */
export const createCaptcha = ({ kv, fixedAnswer }: { kv: Kv; fixedAnswer: string | undefined }): Captcha => ({
  async issue(id, previousId, address) {
    if (previousId) await kv.delete(keyOf(previousId, address))
    const answer = fixedAnswer ?? randomAnswer()
    await kv.set(keyOf(id, address), JSON.stringify({ answer, address } satisfies Entry), lifeMs)
    return draw(answer)
  },

  async redeem(id, answer, address) {
    // Taken out before it is compared: a second attempt finds nothing, whatever the first one said.
    const stored = await kv.getdel(keyOf(id, address))
    if (stored === undefined) throw new AppError('img_code_expired')
    const entry = JSON.parse(stored) as Entry
    if (!isSame(answer.trim().toLowerCase(), entry.answer.toLowerCase())) throw new AppError('img_code_wrong')
  },
})

// The address is part of the key: somebody elsewhere who knows the id can neither use nor burn the picture.
const keyOf = (id: string, address: string): string => `captcha:${id.toLowerCase()}:${address}`

const randomAnswer = (): string => Array.from({ length }, () => letters[randomInt(letters.length)]).join('')

/** svg-captcha only draws; its own choice of text would not be random enough. */
const draw = async (text: string): Promise<Buffer> => {
  // Both are loaded with the first picture.
  const drawCaptcha = require('svg-captcha') as DrawCaptcha
  const { default: sharp } = await import('sharp')
  const svg = drawCaptcha(text, {
    width: 120,
    height: 44,
    fontSize: 46,
    noise: 2,
    color: true,
    background: '#f3f5f4',
  })
  return sharp(Buffer.from(svg), { density: 144 }).jpeg({ quality: 72 }).toBuffer()
}

const isSame = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
