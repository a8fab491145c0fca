/** Owns sending by Alibaba Cloud: SendSms 2017-05-25, signed by ACS3-HMAC-SHA256. */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import type { Clock } from '../clock/clock.ts'
import { AppError } from '../errors/app-error.ts'
import { endpointOf, needed, postSigned, templateFor } from './request.ts'
import type { Sms } from './sms.ts'

/** `aliyun://keyId:secret@dysmsapi.aliyuncs.com?sign=签名&template=SMS_1[&template_login=SMS_2]`; the template's variable is `code`. */
export const createAliyunSms = ({ url, clock }: { url: URL; clock: Clock }): Sms => {
  const { username, password, searchParams } = url
  const keyId = needed(username, 'a key id')
  const secret = needed(password, 'a secret')
  const sign = needed(encodeURIComponent(searchParams.get('sign') ?? ''), 'sign')
  const endpoint = endpointOf(url)
  return {
    async send({ to, purpose, code }) {
      const template = templateFor(searchParams, purpose)
      if (template === undefined)
        throw new AppError('unavailable', { cause: new Error(`no template for ${purpose}`) })
      const query = canonicalQuery({
        PhoneNumbers: to.replace(/^\+86/, '').replace(/^\+/, '00'),
        SignName: sign,
        TemplateCode: template,
        TemplateParam: JSON.stringify(code === undefined ? {} : { code }),
      })
      const headers: Record<string, string> = {
        host: new URL(endpoint).host,
        'x-acs-action': 'SendSms',
        'x-acs-content-sha256': sha256(''),
        'x-acs-date': new Date(clock.now()).toISOString().replace(/\.\d{3}/, ''),
        'x-acs-signature-nonce': randomUUID(),
        'x-acs-version': '2017-05-25',
      }
      const { host: _host, ...sent } = headers
      const answer = await postSigned(
        `${endpoint}?${query}`,
        { ...sent, authorization: authorization({ keyId, secret, query, headers }) },
        '',
      )
      const result = (answer as { Code?: string } | undefined)?.Code
      if (result !== 'OK') throw new AppError('unavailable', { cause: new Error(`Alibaba Cloud: ${result}`) })
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** ACS3: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature */
const authorization = (given: {
  keyId: string
  secret: string
  query: string
  headers: Readonly<Record<string, string>>
}): string => {
  const names = Object.keys(given.headers).sort()
  const canonical = [
    'POST',
    '/',
    given.query,
    ...names.map((name) => `${name}:${given.headers[name]}`),
    '',
    names.join(';'),
    sha256(''),
  ].join('\n')
  const signature = createHmac('sha256', given.secret)
    .update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`)
    .digest('hex')
  return `ACS3-HMAC-SHA256 Credential=${given.keyId},SignedHeaders=${names.join(';')},Signature=${signature}`
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const canonicalQuery = (fields: Readonly<Record<string, string>>): string =>
  Object.keys(fields)
    .sort()
    .map((name) => `${encode(name)}=${encode(fields[name] ?? '')}`)
    .join('&')

/** RFC 3986: encodeURIComponent leaves five characters that must be escaped. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
