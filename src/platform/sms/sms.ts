/** Owns sending short messages, by whatever the addresses in the settings name: the next one when one fails. */
import type { Clock } from '../clock/clock.ts'
import { AppError } from '../errors/app-error.ts'
import type { Log } from '../log/log.ts'
import { createAliyunSms } from './aliyun.ts'
import { createTencentSms } from './tencent.ts'
import { createWebhookSms } from './webhook.ts'

export interface SmsMessage {
  /** A canonical number. */
  to: string
  text: string
  /** Why it is sent: `register`, `login`, `reset_password`, … Providers choose their template by it. */
  purpose: string
  code?: string
}

/** Resolves when it was handed over. Throws AppError `unavailable`, `storage_full`. */
export interface Sms extends AsyncDisposable {
  send(message: SmsMessage): Promise<void>
}

interface Deps {
  urls: readonly string[]
  outbox: Sms
  clock: Clock
  log: Log
}

/** The outbox is mail's, given in. */
export const createSms = ({ urls, outbox, clock, log }: Deps): Sms => {
  const providers = urls.map((text) => {
    const url = new URL(text)
    return { name: url.protocol, sms: adapterFor(url, outbox, clock) }
  })
  return {
    async send(message) {
      let last: unknown
      for (const { name, sms } of providers) {
        try {
          return await sms.send(message)
        } catch (error) {
          last = error
          log.warn({ err: error, provider: name, purpose: message.purpose }, 'an SMS could not be sent')
        }
      }
      throw last instanceof AppError ? last : new AppError('unavailable', { cause: last })
    },
    async [Symbol.asyncDispose]() {
      for (const { sms } of providers) await sms[Symbol.asyncDispose]()
    },
  }
}

const adapterFor = (url: URL, outbox: Sms, clock: Clock): Sms => {
  switch (url.protocol) {
    case 'outbox:':
      return outbox
    case 'aliyun:':
      return createAliyunSms({ url, clock })
    case 'tencent:':
      return createTencentSms({ url, clock })
    case 'webhook+https:':
    case 'webhook+http:':
      return createWebhookSms({ url, clock })
    default:
      throw new Error(`SMS can not be sent by ${url.protocol}`)
  }
}
