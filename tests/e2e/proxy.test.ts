/**
 * Owns the promise of the install guide: behind nginx with a certificate one signs in, goes live over RTMPS, watches,
 * chats and uploads; and without a proxy the program's own HTTPS carries the same over HTTP/2.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setDefaultCACertificates, getCACertificates } from 'node:tls'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { captchaAnswer } from '../app.ts'
import { launchBrowser, openTab, sampleVideo, signIn } from '../browser.ts'
import { makeCertificate } from '../certificate.ts'
import type { MadeCertificate } from '../certificate.ts'
import { clip } from '../fixtures/clips.ts'
import { freePort, startMachine, until } from '../machine.ts'
import type { Machine, Person } from '../machine.ts'
import { startNginx } from '../nginx.ts'
import type { Nginx } from '../nginx.ts'
import { publish } from '../publisher.ts'

let directory: string
let certificate: MadeCertificate
let machine: Machine
let nginx: Nginx
let browser: Awaited<ReturnType<typeof launchBrowser>>
let creator: Person
let streamUrl: string
const publicUrl = 'https://localhost'

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vireo-proxy-'))
  certificate = await makeCertificate(directory)
  setDefaultCACertificates([...getCACertificates('default'), certificate.ca.toString()])
  const rtmpsPort = await freePort()
  machine = await startMachine({
    environment: {
      VIREO_TLS_CERT: certificate.cert,
      VIREO_TLS_KEY: certificate.key,
      VIREO_RTMPS_PORT: String(rtmpsPort),
      VIREO_PUBLIC_URL: publicUrl,
      VIREO_TRUSTED_PROXIES: '127.0.0.1',
    },
  })
  nginx = await startNginx({ certificate, upstreamPort: machine.httpPort, isSecure: true })
  browser = await launchBrowser()
  creator = await machine.register()
  const { data } = await machine.request('POST', '/api/v1/me/room/stream_key', creator.token, {})
  const { server, stream_key: key } = data as { server: string; stream_key: string }
  expect(server).toBe(`rtmps://localhost:${rtmpsPort}/live`)
  streamUrl = `${server}/${key}`
}, 60_000)
afterAll(async () => {
  // In the order reversed, as far as it came.
  const made: (AsyncDisposable | undefined)[] = [browser, nginx, machine]
  for (const one of made) await one?.[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

const roomState = async (): Promise<string> =>
  ((await machine.request('GET', `/api/v1/live/${creator.roomId}`)).data as { state: string }).state

const untilMoving = async (page: Page): Promise<void> => {
  let first: Awaited<ReturnType<typeof sampleVideo>>
  await until('the picture moves', async () => {
    const now = await sampleVideo(page)
    const moved = first !== undefined && now !== undefined && now.hash !== first.hash
    first ??= now
    return moved
  })
}

/** Of what was answered; a request that the player took back has none. */
const protocols = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(
    `[...new Set(performance.getEntriesByType('resource').filter((e) => e.name.includes('/play/live/')).map((e) => e.nextHopProtocol).filter(Boolean))]`,
  )

it('says at the start where it is, encrypted first', () => {
  const output = machine.output()
  expect(output).toContain(`https://localhost:${machine.httpPort}`)
  expect(output).toMatch(/OBS server {4}rtmps:\/\/localhost:\d+\/live/)
  expect(output).not.toMatch(/ http:\/\//)
})

it('behind nginx one signs in, goes live over RTMPS, watches, chats and uploads', async () => {
  await using stream = publish(streamUrl, { size: '640x360' })
  await using tab = await openTab(browser, nginx)
  const { page, context } = tab
  await page.goto(nginx.plainBase)
  expect(page.url()).toBe(`${nginx.base}/`)
  await signIn(page, creator)
  const safe = { secure: true, httpOnly: true, sameSite: 'Strict', path: '/' }
  expect((await context.cookies()).sort((a, b) => (a.name < b.name ? -1 : 1))).toMatchObject([
    { name: '__Host-vireo_device', ...safe },
    { name: '__Host-vireo_refresh', ...safe },
  ])
  await until('the room is live', async () => (await roomState()) === 'live')
  await page.goto(`/live/${creator.roomId}`)
  await untilMoving(page)
  expect(await protocols(page)).toEqual(['h2'])
  await page.locator('.composer-input').first().fill('透过代理')
  await page.locator('.composer-input').first().press('Enter')
  await page.getByText('透过代理').first().waitFor({ state: 'visible', timeout: 10_000 })
  // The cookie is enough to be known again.
  await page.reload()
  await untilMoving(page)
  await page.locator('.composer-input').first().waitFor({ state: 'visible' })

  await page.goto('/studio/live')
  await page.getByText('rtmps://localhost:').first().waitFor({ state: 'visible' })
  await stream.finish()

  await page.goto('/studio/upload')
  await page.locator('input[type="file"]').first().setInputFiles(clip('plain.mp4'))
  await until('the upload is a video', async () => {
    const { data } = await machine.request('GET', '/api/v1/me/videos', creator.token)
    const { items } = data as { items: { title: string; state: string }[] }
    return items.some((video) => video.title.startsWith('plain') && video.state === 'ready')
  })
  expect(tab.complaints.filter((text) => !/^console/.test(text) && !text.includes(nginx.plainBase))).toEqual(
    [],
  )
  expect(await nginx.log()).toBe('')
}, 90_000)

const tus = { 'tus-resumable': '1.0.0' }

const newUpload = async (base: string, size: number): Promise<string> => {
  const answer = await fetch(`${base}/api/v1/uploads`, {
    method: 'POST',
    headers: {
      ...tus,
      authorization: `Bearer ${creator.token}`,
      'upload-length': String(size),
      'upload-metadata': `filename ${btoa('a.mp4')},title ${btoa('A')}`,
    },
  })
  expect(answer.status).toBe(201)
  const location = answer.headers.get('location') ?? ''
  expect(location).toMatch(/^\/api\/v1\/uploads\//)
  return location
}

it('passes uploads through nginx as they come: what was sent before a break is kept', async () => {
  const path = await newUpload(nginx.base, 6_000_000)
  const headers = { ...tus, authorization: `Bearer ${creator.token}` }
  const request = httpsRequest(`${nginx.base}${path}`, {
    method: 'PATCH',
    headers: {
      ...headers,
      'content-type': 'application/offset+octet-stream',
      'upload-offset': '0',
      'content-length': '6000000',
    },
  })
  request.on('error', () => undefined)
  await new Promise((resolve) => request.write(Buffer.alloc(3_000_000), resolve))
  await new Promise((resolve) => setTimeout(resolve, 500))
  request.destroy()
  await until('the first half is there', async () => {
    const answer = await fetch(`${nginx.base}${path}`, { method: 'HEAD', headers })
    return Number(answer.headers.get('upload-offset')) >= 2_500_000
  })
})

it('believes a proxy only what it adds itself', async () => {
  const answer = await fetch(`${nginx.base}/postman.json`, {
    headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
  })
  const text = await answer.text()
  expect(text).toContain(publicUrl)
  expect(text).not.toContain('evil.example')
  expect((await fetch(`${nginx.base}/metrics`)).status).toBe(404)
})

interface Answer {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  body: Buffer
}

const ask = (session: ClientHttp2Session, headers: Record<string, string>, body?: Buffer): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined })
    const chunks: Buffer[] = []
    let answer: Pick<Answer, 'status' | 'headers'> | undefined
    stream.on('response', (given) => {
      answer = { status: given[':status'] ?? 0, headers: given }
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () =>
      answer ? resolve({ ...answer, body: Buffer.concat(chunks) }) : reject(new Error('no answer')),
    )
    stream.on('error', reject)
    if (body !== undefined) stream.end(body)
  })

it('over its own HTTP/2 plays live with a dozen held requests on one connection, takes uploads, serves ranges', async () => {
  await using stream = publish(streamUrl, { size: '640x360' })
  const session = connectHttp2(machine.base)
  const get = (path: string, headers = {}) => ask(session, { ':path': path, ...headers })
  await until('the room is live', async () => (await roomState()) === 'live')
  const play = `/play/live/${creator.roomId}`
  const playlist = (await get(`${play}/ll.m3u8`)).body.toString()
  const [, msn = '0', part = '0'] =
    /PRELOAD-HINT:TYPE=PART,URI="[^"]*p(\d+)\.(\d+)\.mp4"/.exec(playlist) ?? []
  const held = Array.from({ length: 12 }, (_, n) =>
    get(`${play}/ll.m3u8?_HLS_msn=${Number(msn) + (n % 2)}&_HLS_part=${n % 2 ? 0 : part}`),
  )
  let isOneDone = false
  void Promise.race(held).then(() => (isOneDone = true))
  expect((await get('/healthz')).status).toBe(200)
  expect(isOneDone).toBe(false)
  for (const answer of await Promise.all(held)) expect(answer.status).toBe(200)

  // Sockets are HTTP/1.1 beside it.
  const socket = new WebSocket(
    `wss://127.0.0.1:${machine.httpPort}/api/v1/live/${creator.roomId}/socket`,
    'vireo.1',
    { origin: machine.base, ca: certificate.ca },
  )
  const hello = await new Promise<string>((resolve, reject) => {
    socket.on('message', (data: Buffer) => resolve(data.toString())).on('error', reject)
  })
  expect(JSON.parse(hello)).toMatchObject({ type: 'hello' })
  socket.close()

  await using tab = await openTab(browser, { base: machine.base.replace('127.0.0.1', 'localhost') })
  await tab.page.goto(`/live/${creator.roomId}`)
  await untilMoving(tab.page)
  expect(await protocols(tab.page)).toEqual(['h2'])
  await stream.kill()

  const film = await readFile(clip('plain.mp4'))
  const path = await newUpload(machine.base, film.length)
  const authorization = `Bearer ${creator.token}`
  const sent = await ask(
    session,
    {
      ...tus,
      authorization,
      ':method': 'PATCH',
      ':path': path,
      'content-type': 'application/offset+octet-stream',
      'upload-offset': '0',
    },
    film,
  )
  expect([sent.status, sent.headers['upload-offset']]).toEqual([204, String(film.length)])
  const { data } = await machine.request('GET', '/api/v1/me/videos', creator.token)
  const id = (data as { items: { id: string }[] }).items[0]?.id ?? ''
  const video = async () =>
    JSON.parse((await get(`/api/v1/videos/${id}`, { authorization })).body.toString()) as {
      data: { state: string; play: { hls: string } | null }
    }
  await until('it is ready', async () => (await video()).data.state === 'ready')
  const master = (await video()).data.play?.hls ?? ''
  const variant = /^[^#\s].*$/m.exec((await get(master)).body.toString())?.[0] ?? ''
  const variantPath = new URL(variant, `${machine.base}${master}`)
  const media = (await get(variantPath.pathname + variantPath.search)).body.toString()
  const file = /URI="([^"]+)"/.exec(media)?.[1] ?? /^[^#\s].*$/m.exec(media)?.[0] ?? ''
  const filePath = new URL(file, variantPath)
  const range = await get(filePath.pathname + filePath.search, { range: 'bytes=10-19' })
  expect([range.status, range.body.length, range.headers['content-range']]).toEqual([
    206,
    10,
    expect.stringMatching(/^bytes 10-19\/\d+$/),
  ])
  session.close()
}, 90_000)

it('refuses to start with files that do not fit, and says which', async () => {
  const other = await mkdtemp(join(tmpdir(), 'vireo-proxy-'))
  const stranger = await makeCertificate(other)
  const start = (environment: Record<string, string>) =>
    startMachine({ environment }).then(
      () => 'it started',
      (error: unknown) => String(error),
    )
  expect(await start({ VIREO_TLS_CERT: certificate.cert, VIREO_TLS_KEY: stranger.key })).toContain(
    `VIREO_TLS_KEY: ${stranger.key} is not the key of the certificate ${certificate.cert}`,
  )
  expect(await start({ VIREO_TLS_CERT: join(other, 'none'), VIREO_TLS_KEY: stranger.key })).toMatch(
    /VIREO_TLS_CERT: .*none can't be read \(ENOENT\)/,
  )
  expect(await start({ VIREO_TLS_CERT: certificate.cert })).toContain('set both or neither')
  await rm(other, { recursive: true })
})

it('signs up over plain HTTP on a local network as before', async () => {
  await using plain = await startMachine()
  const person = await plain.register()
  const answer = await fetch(`${plain.base}/api/v1/passport/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-vireo-client': 'web', 'x-forwarded-proto': 'https' },
    body: JSON.stringify({ account: person.mobile, password: person.password, img_code: captchaAnswer }),
  })
  const cookie = answer.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/^vireo_refresh=/)
  expect(cookie).not.toMatch(/secure/i)
  expect(answer.headers.get('strict-transport-security')).toBeNull()
})
