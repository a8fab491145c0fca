/** Owns the promise that the public URL may change at any time: nothing that is kept knows it. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { clip } from '../fixtures/clips.ts'
import { startMachine, until } from '../machine.ts'
import type { Machine, Person } from '../machine.ts'

const before = 'old-name.example'
const after = 'new-name.example'

const upload = async (machine: Machine, person: Person): Promise<string> => {
  const film = await readFile(clip('plain.mp4'))
  const headers = { 'tus-resumable': '1.0.0', authorization: `Bearer ${person.token}` }
  const made = await fetch(`${machine.base}/api/v1/uploads`, {
    method: 'POST',
    headers: {
      ...headers,
      'upload-length': String(film.length),
      'upload-metadata': `filename ${btoa('a.mp4')},title ${btoa('A')}`,
    },
  })
  const sent = await fetch(`${machine.base}${made.headers.get('location') ?? ''}`, {
    method: 'PATCH',
    headers: { ...headers, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' },
    body: film,
  })
  expect(sent.status).toBe(204)
  const id = made.headers.get('vireo-video-id') ?? ''
  await until('the video and its cover are there', async () => {
    const { data } = await machine.request('GET', `/api/v1/videos/${id}`, person.token)
    const video = data as { state: string; cover_url: string | null }
    return video.state === 'ready' && video.cover_url !== null
  })
  return id
}

const setAvatar = async (machine: Machine, person: Person): Promise<void> => {
  const png = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#369' } })
    .png()
    .toBuffer()
  const form = new FormData()
  form.set('file', new Blob([new Uint8Array(png)]), 'a.png')
  const headers = { authorization: `Bearer ${person.token}` }
  const answer = await fetch(`${machine.base}/api/v1/me/avatar`, { method: 'POST', headers, body: form })
  expect(answer.status).toBe(200)
}

const filesWith = async (directory: string, text: string): Promise<string[]> => {
  const names = await readdir(directory, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of names.filter((one) => one.isFile() && !one.parentPath.endsWith('logs'))) {
    const path = join(entry.parentPath, entry.name)
    if ((await readFile(path)).includes(text)) found.push(path)
  }
  return found
}

it('keeps no public URL, and under a new one every address is right', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'vireo-url-'))
  const under = (name: string) => ({ dataDir, environment: { VIREO_PUBLIC_URL: `https://${name}` } })
  let person: Person
  let id: string
  {
    await using machine = await startMachine(under(before))
    person = await machine.register()
    id = await upload(machine, person)
    await setAvatar(machine, person)
    const key = await machine.request('POST', '/api/v1/me/room/stream_key', person.token, {})
    expect((key.data as { server: string }).server).toContain(before)
  }
  expect(await filesWith(dataDir, before)).toEqual([])

  await using machine = await startMachine(under(after))
  const video = (await machine.request('GET', `/api/v1/videos/${id}`, person.token)).data as {
    cover_url: string
    author: { avatar_url: string }
    play: { hls: string }
  }
  const addresses = [
    `/api/v1/videos/${id}`,
    `/api/v1/users/${person.id}`,
    `/api/v1/live/${person.roomId}`,
    '/api/v1/site',
    '/postman.json',
    '/openapi.json',
    video.cover_url,
    video.author.avatar_url,
    video.play.hls,
    '/',
    `/video/${id}`,
    `/live/${person.roomId}`,
    `/oembed?url=${encodeURIComponent(`https://${after}/video/${id}`)}`,
  ]
  for (const path of addresses) {
    expect([path, path.startsWith('/')]).toEqual([path, true])
    const answer = await fetch(`${machine.base}${path}`)
    // Where the site has no such thing yet it says so in its own words.
    if (!path.startsWith('/oembed')) expect([path, answer.status]).toEqual([path, 200])
    expect([path, (await answer.text()).includes(before)]).toEqual([path, false])
  }
  const key = await machine.request('POST', '/api/v1/me/room/stream_key', person.token, {})
  expect((key.data as { server: string }).server).toContain(after)
  await rm(dataDir, { recursive: true })
})
