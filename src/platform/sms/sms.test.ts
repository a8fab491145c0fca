import { createHash, createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '../clock/clock.ts'
import { silentLog } from '../log/log.ts'
import type { Sms, SmsMessage } from './sms.ts'
import { createSms } from './sms.ts'

const clock = createManualClock(Date.UTC(2026, 0, 2, 3, 4, 5))
const message: SmsMessage = { to: '+8613800138000', text: '验证码 123456', purpose: 'login', code: '123456' }
const sha256 = (value: string) => createHash('sha256').update(value).digest('hex')
const hmac = (key: string | Buffer, value: string) => createHmac('sha256', key).update(value).digest()

interface Received {
  request: IncomingMessage
  body: string
}

/** A provider on this machine, which answers what `judge` says of the request. */
const openProvider = async (judge: (received: Received) => object | number) => {
  const received: Received[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ request, body })
      const verdict = judge({ request, body })
      response.statusCode = typeof verdict === 'number' ? verdict : 200
      response.end(typeof verdict === 'number' ? '' : JSON.stringify(verdict))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    received,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

const kept: SmsMessage[] = []
const outbox: Sms = {
  send: async (one) => void kept.push(one),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}
const smsBy = (...urls: string[]) => createSms({ urls, outbox, clock, log: silentLog })

/** Checks the signature as the provider publishes it: from the request alone. */
const isAliyun = ({ request, body }: Received, secret: string): boolean => {
  const given = /^ACS3-HMAC-SHA256 Credential=keyid,SignedHeaders=([^,]+),Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? '',
  )
  const [, signed = '', signature] = given ?? []
  const lines = signed.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`)
  const query = (request.url ?? '').split('?')[1] ?? ''
  const canonical = `POST\n/\n${query}\n${lines.join('')}\n${signed}\n${sha256(body)}`
  const expected = hmac(secret, `ACS3-HMAC-SHA256\n${sha256(canonical)}`).toString('hex')
  return signature === expected && request.headers['x-acs-content-sha256'] === sha256(body)
}

const isTencent = ({ request, body }: Received, secret: string): boolean => {
  const { authorization = '', host = '' } = request.headers
  const seconds = String(request.headers['x-tc-timestamp'])
  const date = new Date(Number(seconds) * 1000).toISOString().slice(0, 10)
  const canonical = `POST\n/\n\ncontent-type:${request.headers['content-type']}\nhost:${host}\nx-tc-action:sendsms\n\ncontent-type;host;x-tc-action\n${sha256(body)}`
  const scope = `${date}/sms/tc3_request`
  const key = hmac(hmac(hmac(`TC3${secret}`, date), 'sms'), 'tc3_request')
  const signature = hmac(key, `TC3-HMAC-SHA256\n${seconds}\n${scope}\n${sha256(canonical)}`).toString('hex')
  return (
    authorization ===
    `TC3-HMAC-SHA256 Credential=keyid/${scope}, SignedHeaders=content-type;host;x-tc-action, Signature=${signature}`
  )
}

describe('SMS', () => {
  const aliyun = (port: number, secret = 's3cret') =>
    `aliyun://keyid:${secret}@dysmsapi.aliyuncs.com?sign=${encodeURIComponent('莺 Vireo*')}&template=SMS_1&template_login=SMS_2&endpoint=http://127.0.0.1:${port}/`
  const tencent = (port: number, secret = 's3cret') =>
    `tencent://keyid:${secret}@sms.tencentcloudapi.com?app=1400&sign=${encodeURIComponent('莺')}&template=77&endpoint=http://127.0.0.1:${port}/`

  it('goes to Alibaba Cloud with its signature and template', async () => {
    await using provider = await openProvider((one) => ({
      Code: isAliyun(one, 's3cret') ? 'OK' : 'SignatureDoesNotMatch',
    }))
    await smsBy(aliyun(provider.port)).send(message)
    const url = new URL(provider.received[0]?.request.url ?? '', 'http://x')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      PhoneNumbers: '13800138000',
      SignName: '莺 Vireo*',
      TemplateCode: 'SMS_2',
      TemplateParam: '{"code":"123456"}',
    })
    await expect(smsBy(aliyun(provider.port, 'wrong')).send(message)).rejects.toMatchObject({
      code: 'unavailable',
    })
    await expect(
      smsBy(aliyun(provider.port)).send({ ...message, purpose: 'notice_x' }),
    ).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  it('goes to Tencent Cloud with its signature', async () => {
    await using provider = await openProvider((one) =>
      isTencent(one, 's3cret')
        ? { Response: { SendStatusSet: [{ Code: 'Ok' }] } }
        : { Response: { Error: { Code: 'AuthFailure.SignatureFailure' } } },
    )
    await smsBy(tencent(provider.port)).send(message)
    expect(JSON.parse(provider.received[0]?.body ?? '')).toEqual({
      PhoneNumberSet: ['+8613800138000'],
      SmsSdkAppId: '1400',
      SignName: '莺',
      TemplateId: '77',
      TemplateParamSet: ['123456'],
    })
    await expect(smsBy(tencent(provider.port, 'wrong')).send(message)).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  it('goes to a webhook with a signature over time and body', async () => {
    await using provider = await openProvider(({ request, body }) => {
      const [, seconds = '', given] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['vireo-signature'])) ?? []
      return given === hmac('hush', `${seconds}.${body}`).toString('hex') ? 204 : 403
    })
    const url = (secret: string) => `webhook+http://:${secret}@127.0.0.1:${provider.port}/sms`
    await smsBy(url('hush')).send(message)
    expect(JSON.parse(provider.received[0]?.body ?? '')).toEqual(message)
    expect(provider.received[0]?.request.url).toBe('/sms')
    await expect(smsBy(url('other')).send(message)).rejects.toMatchObject({ code: 'unavailable' })
    expect(() => smsBy('webhook+http://:x@example.com/')).toThrow('https')
  })

  it('takes the next provider when one fails', async () => {
    await using broken = await openProvider(() => 500)
    await smsBy(aliyun(broken.port), 'outbox:').send(message)
    expect(kept).toEqual([message])
    expect(broken.received).toHaveLength(1)
    await expect(smsBy(aliyun(broken.port), tencent(broken.port)).send(message)).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
})
