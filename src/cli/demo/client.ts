/** Owns how the demo speaks to the product: over HTTP as any client does, each person with a session of their own. */
import { openAsBlob } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError } from '../command.ts'

export interface Api {
  readonly base: string
  call<T>(method: string, path: string, token?: string, body?: unknown): Promise<T>
  sendPicture(path: string, token: string, file: string, type: string): Promise<void>
  /** Gives the new video's id. */
  upload(token: string, file: string, metadata: Readonly<Record<string, string>>): Promise<string>
}

/** Patient: what says "later" is asked again. */
const attempts = 8

export const createApi = (base: string, signal: AbortSignal): Api => {
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(`${base}${path}`, { ...init, signal })
      if (response.ok) return response
      const text = await response.text()
      const isLater = response.status === 429 || response.status === 503
      if (!isLater || attempt === attempts)
        throw new CommandError(`${init.method} ${path}: ${response.status} ${text.slice(0, 200)}`)
      const seconds = Number(response.headers.get('retry-after') ?? 1)
      await sleep(Math.min(15, seconds) * 1000 + 100, undefined, { signal })
    }
  }
  const authorised = (token: string | undefined): Record<string, string> =>
    token === undefined ? {} : { authorization: `Bearer ${token}` }
  return {
    base,
    async call<T>(method: string, path: string, token?: string, body?: unknown) {
      const response = await send(`/api/v1${path}`, {
        method,
        headers: {
          ...authorised(token),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return ((await response.json()) as { data: T }).data
    },
    async sendPicture(path, token, file, type) {
      const form = new FormData()
      form.set('file', await openAsBlob(file, { type }), 'picture')
      await send(`/api/v1${path}`, { method: 'POST', headers: authorised(token), body: form })
    },
    async upload(token, file, metadata) {
      const { size } = await stat(file)
      const words = Object.entries(metadata).map(
        ([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`,
      )
      const response = await send('/api/v1/uploads', {
        method: 'POST',
        headers: {
          ...authorised(token),
          'tus-resumable': '1.0.0',
          'upload-length': String(size),
          'upload-metadata': words.join(','),
          'content-type': 'application/offset+octet-stream',
        },
        body: await openAsBlob(file),
      })
      return response.headers.get('vireo-video-id') ?? ''
    },
  }
}
