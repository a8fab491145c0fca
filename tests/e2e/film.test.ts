/** Owns the promise of an upload: a film of 200 MB, cut twice on its way, arrives whole and plays as it was made. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser, openTab, sampleVideo } from '../browser.ts'
import { startMachine, until } from '../machine.ts'
import type { Machine, Person } from '../machine.ts'

const run = promisify(execFile)

let machine: Machine
let browser: Awaited<ReturnType<typeof launchBrowser>>
let dir: string
beforeAll(async () => {
  machine = await startMachine()
  browser = await launchBrowser()
  dir = await mkdtemp(join(tmpdir(), 'vireo-film-'))
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await machine[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

it('takes 200 MB in three pieces and plays it within seconds, no picture made anew', async () => {
  const film = await makeFilm()
  const { size } = await stat(film)
  expect(size).toBeGreaterThan(200_000_000)
  const creator = await machine.register()
  const upload = await createUpload(creator, size)

  const reached: number[] = []
  for (const cutAt of [70_000_000, 140_000_000]) {
    await sendUntil(creator, upload.path, film, await offsetOf(creator, upload.path), cutAt)
    reached.push(await offsetOf(creator, upload.path))
  }
  const [first = 0, second = 0] = reached
  expect(first).toBeGreaterThan(0)
  expect(second).toBeGreaterThan(first)
  expect(second).toBeLessThan(size)
  await sendUntil(creator, upload.path, film, second, Infinity)

  const video = async () =>
    (await machine.request('GET', `/api/v1/videos/${upload.videoId}`, creator.token)).data as {
      state: string
      play: { hls: string } | null
    }
  expect(await sha256(await keptFile(size))).toBe(await sha256(film))
  await until('the film is ready', async () => (await video()).state === 'ready')

  await using tab = await openTab(browser, machine)
  await tab.page.goto(`/video/${upload.videoId}`)
  let earlier: Awaited<ReturnType<typeof sampleVideo>>
  await until('the film moves', async () => {
    const now = await sampleVideo(tab.page)
    const moved = earlier !== undefined && now !== undefined && now.hash !== earlier.hash
    earlier ??= now
    return moved
  })

  const { play } = await video()
  const [sent, played] = await Promise.all([packets(film), packets(`${machine.base}${play?.hls ?? ''}`)])
  expect(sent).toHaveLength(2)
  expect(played).toEqual(sent)
}, 180_000)

const makeFilm = async (): Promise<string> => {
  const scene = join(dir, 'scene.mp4')
  const film = join(dir, 'film.mp4')
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=1280x720:r=30,noise=alls=60:allf=t']
  const sound = ['-f', 'lavfi', '-i', 'sine=r=48000']
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '60', '-pix_fmt', 'yuv420p', '-b:v', '30M']
  const quiet = ['-v', 'error', '-y']
  await run('ffmpeg', [...quiet, ...picture, ...sound, ...video, '-c:a', 'aac', '-t', '8', scene])
  const times = Math.ceil(205_000_000 / (await stat(scene)).size)
  await run('ffmpeg', [...quiet, '-stream_loop', String(times), '-i', scene, '-c', 'copy', film])
  return film
}

const auth = (person: Person) => ({ authorization: `Bearer ${person.token}`, 'tus-resumable': '1.0.0' })

const createUpload = async (person: Person, size: number) => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const answer = await fetch(`${machine.base}/api/v1/uploads`, {
    method: 'POST',
    headers: {
      ...auth(person),
      'upload-length': String(size),
      'upload-metadata': `filename ${base64('film.mp4')},title ${base64('A film')}`,
    },
  })
  expect(answer.status).toBe(201)
  return {
    path: new URL(answer.headers.get('location') ?? '', machine.base).pathname,
    videoId: answer.headers.get('vireo-video-id') ?? '',
  }
}

const offsetOf = async (person: Person, path: string): Promise<number> => {
  const answer = await fetch(`${machine.base}${path}`, { method: 'HEAD', headers: auth(person) })
  return Number(answer.headers.get('upload-offset'))
}

/** Sends from `offset`; at `cutAt` bytes of the file the connection is torn down in mid-flight. */
const sendUntil = async (
  person: Person,
  path: string,
  film: string,
  offset: number,
  cutAt: number,
): Promise<void> => {
  const request = httpRequest(`${machine.base}${path}`, {
    method: 'PATCH',
    headers: {
      ...auth(person),
      'content-type': 'application/offset+octet-stream',
      'upload-offset': String(offset),
    },
  })
  const answered = new Promise<number>((resolve, reject) => {
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', reject)
  })
  if (cutAt === Infinity) {
    await pipeline(createReadStream(film, { start: offset }), request)
    expect(await answered).toBe(204)
    return
  }
  await pipeline(createReadStream(film, { start: offset, end: cutAt - 1 }), request, { end: false })
  request.destroy()
  await answered.catch(() => undefined)
  // The server needs a moment to see that the sender is gone.
  await until('the upload can go on', async () => (await offsetOf(person, path)) > offset)
}

/** The uploaded file as the server keeps it: the only one of that length. */
const keptFile = async (size: number): Promise<string> => {
  const root = join(machine.dataDir, 'uploads')
  for (const name of await readdir(root)) {
    if ((await stat(join(root, name))).size === size) return join(root, name)
  }
  throw new Error('the upload is not there')
}

const sha256 = async (file: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** A checksum of each track's coded packets: equal where nothing was encoded again. */
const packets = async (input: string): Promise<string[]> => {
  const { stdout } = await run('ffmpeg', [
    ...['-v', 'error', '-i', input, '-map', '0:v', '-map', '0:a', '-c', 'copy'],
    ...['-bsf:v', 'filter_units=remove_types=6-9', '-f', 'streamhash', '-'],
  ])
  return stdout.trim().split('\n')
}
