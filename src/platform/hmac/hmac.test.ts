/** The known answers of RFC 4231, asked twice: the second time with the key that was kept. */
import { expect, it } from 'vitest'
import { hmac } from './hmac.ts'

it.each([
  [Buffer.alloc(20, 0x0b), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    Buffer.from('Jefe'),
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
])('gives what the RFC says for %j', (key, text, expected) => {
  expect(hmac(key, text).toString('hex')).toBe(expected)
  expect(hmac(key, text).toString('hex')).toBe(expected)
})
