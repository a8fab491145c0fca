/** Owns sending by Tencent Cloud: SendSms 2021-01-11, signed by TC3-HMAC-SHA256. */
import { createHash, createHmac } from 'node:crypto'
import type { Clock } from '../clock/clock.ts'
import { AppError } from '../errors/app-error.ts'
import { endpointOf, needed, postSigned, templateFor } from './request.ts'
import type { Sms } from './sms.ts'

const service = 'sms'
const contentType = 'application/json; charset=utf-8'

/** `tencent://keyId:secret@sms.tencentcloudapi.com?app=1400…&sign=签名&template=1234[&region=ap-guangzhou]`; the template's {1} is the code. */
export const createTencentSms = ({ url, clock }: { url: URL; clock: Clock }): Sms => {
  const { username, password, searchParams } = url
  const keyId = needed(username, 'a key id')
  const secret = needed(password, 'a secret')
  const app = needed(searchParams.get('app'), 'app')
  const sign = needed(encodeURIComponent(searchParams.get('sign') ?? ''), 'sign')
  const endpoint = endpointOf(url)
  const { host } = new URL(endpoint)
  return {
    async send({ to, purpose, code }) {
      const template = templateFor(searchParams, purpose)
      if (template === undefined)
        throw new AppError('unavailable', { cause: new Error(`no template for ${purpose}`) })
      const body = JSON.stringify({
        PhoneNumberSet: [to],
        SmsSdkAppId: app,
        SignName: sign,
        TemplateId: template,
        TemplateParamSet: code === undefined ? [] : [code],
      })
      const seconds = Math.floor(clock.now() / 1000)
      const answer = await postSigned(
        endpoint,
        {
          'content-type': contentType,
          authorization: authorization({ keyId, secret, host, body, seconds }),
          'x-tc-action': 'SendSms',
          'x-tc-version': '2021-01-11',
          'x-tc-timestamp': String(seconds),
          'x-tc-region': searchParams.get('region') ?? 'ap-guangzhou',
        },
        body,
      )
      const { Response } = (answer ?? {}) as {
        Response?: { Error?: { Code: string }; SendStatusSet?: { Code: string }[] }
      }
      const result = Response?.Error?.Code ?? Response?.SendStatusSet?.[0]?.Code
      if (result !== 'Ok') throw new AppError('unavailable', { cause: new Error(`Tencent Cloud: ${result}`) })
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** TC3: https://www.tencentcloud.com/document/product/382/33413 */
const authorization = (given: {
  keyId: string
  secret: string
  host: string
  body: string
  seconds: number
}): string => {
  const date = new Date(given.seconds * 1000).toISOString().slice(0, 10)
  const names = 'content-type;host;x-tc-action'
  const canonical = [
    'POST',
    '/',
    '',
    `content-type:${contentType}`,
    `host:${given.host}`,
    'x-tc-action:sendsms',
    '',
    names,
    sha256(given.body),
  ].join('\n')
  const scope = `${date}/${service}/tc3_request`
  const text = ['TC3-HMAC-SHA256', String(given.seconds), scope, sha256(canonical)].join('\n')
  const key = [date, service, 'tc3_request'].reduce<string | Buffer>(
    (before, part) => createHmac('sha256', before).update(part).digest(),
    `TC3${given.secret}`,
  )
  const signature = createHmac('sha256', key).update(text).digest('hex')
  return `TC3-HMAC-SHA256 Credential=${given.keyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
