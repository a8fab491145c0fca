/** Owns sending by a program of the operator: a signed POST of the message as JSON. */
import { createHmac } from 'node:crypto'
import type { Clock } from '../clock/clock.ts'
import { needed, postSigned } from './request.ts'
import type { Sms } from './sms.ts'

/**
 * `webhook+https://:secret@host/path`. The header `Vireo-Signature: t=<seconds>,v1=<hex>` holds HMAC-SHA256 by the
 * secret over `<seconds>.<body>`; whoever receives it refuses old times.
 */
export const createWebhookSms = ({ url, clock }: { url: URL; clock: Clock }): Sms => {
  const secret = needed(url.password, 'a secret')
  const target = new URL(url.href.replace(/^webhook\+/, ''))
  target.username = ''
  target.password = ''
  if (target.protocol !== 'https:' && target.hostname !== '127.0.0.1')
    throw new Error('A webhook for SMS must be https')
  return {
    async send({ to, text, purpose, code }) {
      const body = JSON.stringify({ to, text, purpose, code })
      const seconds = Math.floor(clock.now() / 1000)
      const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
      await postSigned(
        target.href,
        { 'content-type': 'application/json', 'vireo-signature': `t=${seconds},v1=${signature}` },
        body,
      )
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
