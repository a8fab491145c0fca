/** Publishing over TLS: a real encoder, a renewed certificate, and strangers who stop half-way. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeCertificate } from '../../tests/certificate.ts'
import type { MadeCertificate } from '../../tests/certificate.ts'
import { startIngest, until } from './testing/ingest-fixture.ts'

let directory: string
let certificate: MadeCertificate
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vireo-rtmps-'))
  certificate = await makeCertificate(directory)
})
afterEach(() => rm(directory, { recursive: true }))

const start = (limits = {}) =>
  startIngest({
    settings: { rtmps: { port: 0, cert: certificate.cert, key: certificate.key }, limits },
  })

const commonName = (port: number): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      const name = socket.getPeerCertificate().subject.CN
      socket.destroy()
      resolve(typeof name === 'string' ? name : undefined)
    })
    socket.on('error', reject)
  })

test('an encoder publishes over TLS, and goes on while the certificate is renewed', async () => {
  await using ingest = await start()
  const publisher = ingest.publish({ secure: true })
  await ingest.event('started')
  expect(await commonName(ingest.rtmpsPort)).toBe('localhost')
  await makeCertificate(directory, { name: 'renewed' })
  await until(async () => ((await commonName(ingest.rtmpsPort)) === 'renewed' ? true : undefined))
  const edge = ingest.link.edgeMediaTimeMs('session1') ?? 0
  await until(() => ((ingest.link.edgeMediaTimeMs('session1') ?? 0) > edge + 1_000 ? true : undefined))
  expect(ingest.events.filter(({ type }) => type === 'vanished')).toEqual([])
  await publisher.stop('SIGKILL')
  await ingest.event('vanished')
  const wrong = ingest.publish({ secure: true, key: 'wrong' })
  expect(await wrong.exited()).not.toBe(0)
  // Who has no TLS comes back into the same session by the other port.
  ingest.publish()
  await ingest.event('resumed')
})

/** A raw connection, and when it ends. */
const open = (port: number): { socket: Socket; closed: Promise<unknown> } => {
  const socket = connect({ host: '127.0.0.1', port }).resume()
  socket.on('error', () => undefined)
  return { socket, closed: new Promise((resolve) => socket.once('close', resolve)) }
}

test('who says nothing, or no TLS, or no RTMP, is cut; and counts from its first packet on', async () => {
  await using ingest = await start({ handshakeMs: 1_500, connectionsPerAddress: 3 })
  const port = ingest.rtmpsPort
  const said = (text: string): Promise<true> =>
    until(() => (ingest.logs.some((line) => line['msg'] === text) ? true : undefined))
  const garbage = open(port)
  garbage.socket.write('GET / HTTP/1.1\r\n\r\n')
  await garbage.closed
  const quiet = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })
  quiet.resume().on('error', () => undefined)
  const quietClosed = new Promise((resolve) => quiet.once('close', resolve))
  await once(quiet, 'secureConnect')
  // None of the first three says anything of RTMP: the others are turned away before TLS.
  const silent = Array.from({ length: 4 }, () => open(port))
  await said('closed: too many connections')
  await Promise.all([...silent.map(({ closed }) => closed), quietClosed])
  await said('closed: handshake took too long')
  // Every place is free again.
  expect(await commonName(port)).toBe('localhost')
  ingest.publish({ secure: true, seconds: 3 })
  await ingest.event('started')
})
