/** HTTPS on the port of the site, against real clients of both protocols and some that are neither. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeCertificate } from '../../../tests/certificate.ts'
import type { MadeCertificate } from '../../../tests/certificate.ts'
import { silentLog } from '../log/log.ts'
import { createHttpServer } from './server.ts'

let directory: string
let certificate: MadeCertificate
let app: FastifyInstance
let port: number

const start = async (publicUrl?: string): Promise<void> => {
  app = await createHttpServer({
    log: silentLog,
    trustedProxies: [],
    publicUrl,
    tls: { cert: certificate.cert, key: certificate.key, watchEveryMs: 20, handshakeMs: 500 },
  })
  app.get('/who', async (request) => ({
    version: request.raw.httpVersion,
    secure: request.isSecure,
    ip: request.ip,
    host: request.host,
  }))
  app.post('/echo', async (request) => ({ got: request.body }))
  app.get('/slow', async (_request, reply) => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    return reply.send('slow')
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  port = (app.server.address() as AddressInfo).port
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vireo-tls-'))
  certificate = await makeCertificate(directory)
})
afterEach(async () => {
  await app.close()
  await rm(directory, { recursive: true })
})

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

const http1 = (
  path: string,
  options: { method?: string; body?: string; headers?: object } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        path,
        ca: certificate.ca,
        method: options.method ?? 'GET',
        headers: { ...options.headers },
        agent: false,
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        )
      },
    )
    request.on('error', reject).end(options.body)
  })

const session = (): ClientHttp2Session =>
  connectHttp2(`https://127.0.0.1:${port}`, { ca: certificate.ca }).on('error', () => undefined)

const http2 = (client: ClientHttp2Session, headers: Record<string, string>, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const stream = client.request(headers, { endStream: body === undefined })
    let text = ''
    let answer: Answer | undefined
    stream.on('response', (given) => {
      answer = { status: given[':status'] ?? 0, headers: given, text: '' }
    })
    stream.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)))
    stream.on('end', () => (answer ? resolve({ ...answer, text }) : reject(new Error('no answer'))))
    stream.on('error', reject)
    if (body !== undefined) stream.end(body)
  })

const openConnections = (): Promise<number> =>
  new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })

/** What the server says to raw bytes, until it hangs up. */
const say = (bytes: string | Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk) => (text += String(chunk)))
    socket.on('close', () => resolve(text)).on('error', reject)
    socket.write(bytes)
  })

describe('HTTPS', () => {
  it('speaks HTTP/2 and HTTP/1.1 alike, many requests on one connection', async () => {
    await start()
    const one = await http1('/who')
    expect(JSON.parse(one.text)).toEqual({
      version: '1.1',
      secure: true,
      ip: '127.0.0.1',
      host: `127.0.0.1:${port}`,
    })
    const client = session()
    const two = await http2(client, { ':path': '/who' })
    expect(JSON.parse(two.text)).toMatchObject({
      version: '2.0',
      secure: true,
      ip: '127.0.0.1',
      host: `127.0.0.1:${port}`,
    })
    for (const name of ['x-request-id', 'content-security-policy', 'x-content-type-options'])
      expect([name, one.headers[name], two.headers[name]]).not.toContain(undefined)
    // A request that waits holds up no other on the same connection.
    const order: string[] = []
    const waiting = http2(client, { ':path': '/slow' }).then(() => order.push('slow'))
    await http2(client, { ':path': '/who' }).then(() => order.push('who'))
    await waiting
    expect(order).toEqual(['who', 'slow'])
    client.close()
  })

  it('holds the limits of bodies and headers in both', async () => {
    await start()
    const client = session()
    const json = { 'content-type': 'application/json' }
    const post = { ':method': 'POST', ':path': '/echo', ...json }
    expect((await http2(client, post, '{"a":1}')).text).toBe('{"got":{"a":1}}')
    const large = JSON.stringify({ a: 'x'.repeat(80_000) })
    expect((await http2(client, post, large)).status).toBe(413)
    expect((await http1('/echo', { method: 'POST', body: large, headers: json })).status).toBe(413)
    const cookie = 'x'.repeat(20_000)
    expect((await http1('/who', { headers: { cookie } })).status).toBe(400)
    await expect(http2(client, { ':path': '/who', cookie })).rejects.toThrow()
    client.close()
  })

  it('takes up a renewed certificate without a restart, and keeps the old one while the files do not fit', async () => {
    await start()
    const commonName = (): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
          const name = socket.getPeerCertificate().subject.CN
          socket.destroy()
          resolve(typeof name === 'string' ? name : undefined)
        })
        socket.on('error', reject)
      })
    expect(await commonName()).toBe('localhost')
    const open = session()
    await http2(open, { ':path': '/who' })
    await writeFile(certificate.key, 'half')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await commonName()).toBe('localhost')
    certificate = await makeCertificate(directory, { name: 'renewed' })
    await expect.poll(commonName).toBe('renewed')
    expect((await http2(open, { ':path': '/who' })).status).toBe(200)
    open.close()
  })

  it('sends plain HTTP to https and gives everybody else up', async () => {
    await start('https://live.example')
    const answer = await new Promise<Answer>((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port, path: '/live/a?b=1' }, (response) => {
        response
          .resume()
          .on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: '' }))
      })
        .on('error', reject)
        .end()
    })
    expect(answer).toMatchObject({
      status: 308,
      headers: { location: `https://127.0.0.1:${port}/live/a?b=1` },
    })
    expect(await say('GET /x HTTP/1.1\r\nHost: live.example\r\n\r\n')).toContain(
      'location: https://live.example/x',
    )
    const strange = await say('GET / HTTP/1.1\r\nHost: a/b@evil.example\r\n\r\n')
    expect(strange).toMatch(/^HTTP\/1\.1 400 /)
    expect(strange).not.toContain('location')
    expect(await say('\0not HTTP\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    expect(await say('\x16')).toBe('')
    // A TLS hello whose end never comes, and one that is none.
    await say(Buffer.from('1603010200010001fc0303ffff', 'hex'))
    await say(Buffer.from('16030100310001fc0303'.padEnd(200, 'f'), 'hex'))
    await expect.poll(openConnections).toBe(0)
  })

  it('says HSTS only under a public URL with https, and only over TLS', async () => {
    await start()
    expect((await http1('/who')).headers['strict-transport-security']).toBeUndefined()
    await app.close()
    await start('https://live.example')
    expect((await http1('/who')).headers['strict-transport-security']).toBe('max-age=31536000')
  })

  it('ends with open connections of both kinds, finishing what it answers', async () => {
    await start()
    const client = session()
    const idle = session()
    await http2(idle, { ':path': '/who' })
    const slow = [http2(client, { ':path': '/slow' }), http1('/slow')]
    const silent = connect({ host: '127.0.0.1', port })
    await expect.poll(openConnections).toBe(4)
    const closed = app.close()
    for (const answer of slow) expect((await answer).text).toBe('slow')
    await closed
    silent.destroy()
  })
})
