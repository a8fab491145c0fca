/** Owns what every adapter that sends messages must do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Mail } from './mail.ts'

export interface Opened extends AsyncDisposable {
  mail: Mail
  /** What has arrived, oldest first. */
  arrived(): Promise<{ to: string; text: string }[]>
}

export const mailContract = (name: string, open: () => Promise<Opened>): void => {
  describe(`mail ${name}`, () => {
    let opened: Opened
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened[Symbol.asyncDispose]())

    it('hands over each message whole', async () => {
      for (let n = 0; n < 5; n++) {
        await opened.mail.send({
          to: `user${n}@example.com`,
          text: `验证码 12345${n}`,
          subject: '验证码',
          purpose: 'register',
          code: `12345${n}`,
        })
      }
      const arrived = await opened.arrived()
      expect(arrived.map(({ to }) => to)).toEqual([0, 1, 2, 3, 4].map((n) => `user${n}@example.com`))
      expect(arrived.map(({ text }) => text.trim())).toEqual([0, 1, 2, 3, 4].map((n) => `验证码 12345${n}`))
    })
  })
}
