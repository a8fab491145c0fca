/** Owns uploading a clip to a running machine, by tus as the web does it. */
import { readFile } from 'node:fs/promises'
import { until } from './machine.ts'
import type { Machine } from './machine.ts'

/** Uploads the file and waits until it can be played; gives the video's id. */
export const uploadFilm = async (
  machine: Pick<Machine, 'base' | 'request'>,
  by: { token: string },
  path: string,
  title: string,
): Promise<string> => {
  const bytes = await readFile(path)
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const headers = { authorization: `Bearer ${by.token}`, 'tus-resumable': '1.0.0' }
  const made = await fetch(`${machine.base}/api/v1/uploads`, {
    method: 'POST',
    headers: {
      ...headers,
      'upload-length': String(bytes.length),
      'upload-metadata': `filename ${base64('clip.mp4')},title ${base64(title)}`,
    },
  })
  await fetch(new URL(made.headers.get('location') ?? '', machine.base), {
    method: 'PATCH',
    headers: { ...headers, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    body: bytes,
  })
  const id = made.headers.get('vireo-video-id') ?? ''
  await until(
    `${title} is ready`,
    async () => {
      const { data } = await machine.request('GET', `/api/v1/videos/${id}`, by.token)
      return (data as { state: string }).state === 'ready'
    },
    60_000,
  )
  return id
}
