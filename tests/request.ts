/** Owns requests that `fetch` can not make: from another address of this machine, under another name. */
import { randomInt } from 'node:crypto'
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Answer } from './app.ts'

interface RequestOptions {
  /** One of 127.0.0.0/8: all of them are this machine. */
  from?: string
  json?: object
  headers?: Readonly<Record<string, string>>
}

export interface PlainAnswer {
  status: number
  headers: NodeJS.Dict<string | string[]>
  body: Answer['body']
}

/** A network of its own, so that what an earlier run did counts for nothing; `.1` to `.254` are its addresses. */
export const freshNetwork = (): string => `127.${randomInt(1, 255)}.${randomInt(255)}`

export const send = (
  base: string,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<PlainAnswer> =>
  new Promise((resolve, reject) => {
    const { from, json: body, headers } = options
    const sent = request(
      `${base}${path}`,
      {
        method,
        ...(from !== undefined && { localAddress: from }),
        headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
      },
      (response) => {
        json(response).then(
          (value) =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: value as Answer['body'],
            }),
          reject,
        )
      },
    )
    sent.once('error', reject)
    sent.end(body && JSON.stringify(body))
  })
