/**
 * Owns one signed POST to an address that somebody gave: https only, every address behind the name public, the
 * connection to one of those, no redirect followed, bounded in time and size.
 */
import { createHmac } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { isIP } from 'node:net'
import { isPublicAddress } from '../live/index.ts'

const patienceMs = 10_000

/** It was not delivered; the message is for its owner. */
export class NotDelivered extends Error {
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.name = 'NotDelivered'
    this.status = status
  }
}

/** undefined for what may not be called. Names are looked up again at each delivery. */
export const readTarget = (address: string, allowPrivate: boolean): URL | undefined => {
  const url = URL.parse(address)
  if (url === null || url.username !== '' || url.password !== '' || url.hostname === '') return undefined
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) return undefined
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) return undefined
  return url
}

/** The one address that the connection goes to, whatever the name means a moment later. */
const pin = async (url: URL, allowPrivate: boolean): Promise<{ address: string; family: number }> => {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const found = isIP(host)
    ? [{ address: host, family: isIP(host) }]
    : await lookup(host, { all: true }).catch(() => [])
  const [first] = found
  if (first === undefined) throw new NotDelivered('the name is not known')
  if (!allowPrivate && !found.every(({ address }) => isPublicAddress(address)))
    throw new NotDelivered('the address is not on the public internet')
  return first
}

export interface Post {
  url: string
  body: string
  secret: string
  headers: Readonly<Record<string, string>>
  nowMs: number
  allowPrivate: boolean
  signal: AbortSignal
  /** Ten seconds by default. */
  timeoutMs?: number
}

export const signatureOf = (secret: string, seconds: number, body: string): string =>
  `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`

/** The status, which is 2xx. Throws NotDelivered. */
export const postSigned = async (post: Post): Promise<number> => {
  const url = readTarget(post.url, post.allowPrivate)
  if (url === undefined) throw new NotDelivered('the address may not be called')
  const { address, family } = await pin(url, post.allowPrivate)
  const seconds = Math.floor(post.nowMs / 1000)
  const request = url.protocol === 'https:' ? requestSecure : requestPlain
  const status = await new Promise<number>((resolve, reject) => {
    const call = request(
      url,
      {
        method: 'POST',
        agent: false,
        signal: AbortSignal.any([post.signal, AbortSignal.timeout(post.timeoutMs ?? patienceMs)]),
        lookup: (_host, options, found) =>
          options.all ? found(null, [{ address, family }]) : found(null, address, family),
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(post.body),
          'user-agent': 'Vireo-Webhook/1',
          'vireo-signature': signatureOf(post.secret, seconds, post.body),
          ...post.headers,
        },
      },
      (answer) => {
        resolve(answer.statusCode ?? 0)
        // What it says is of no interest, and may be endless.
        answer.destroy()
      },
    )
    call.on('error', (error: NodeJS.ErrnoException) =>
      reject(new NotDelivered(isTimeout(error) ? 'no answer in time' : (error.code ?? error.name))),
    )
    call.end(post.body)
  })
  if (status < 200 || status > 299) throw new NotDelivered(`answered ${status}`, status)
  return status
}

/** Node hides the reason of an abort behind an error of its own. */
const isTimeout = (error: Error): boolean => (error.cause as Error | undefined)?.name === 'TimeoutError'
