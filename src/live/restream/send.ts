/**
 * Owns passing one session on to one destination: the parts go through `ffmpeg -c copy`, which has no network and
 * knows no key, and its FLV over our own RTMP client. It refuses to wait for a destination that does not keep up.
 */
import { once } from 'node:events'
import type { IngestLink } from '../../ingest/index.ts'
import { spawnConfined } from '../../media/ffmpeg/limited.ts'
import { createFlvReader } from '../../media/flv/tags.ts'
import { publishRtmp } from '../../media/rtmp/publisher.ts'
import type { RtmpPublisher } from '../../media/rtmp/publisher.ts'
import { DestinationError, openConnection, readTarget } from './address.ts'
import { follow } from './follow.ts'

export interface Sending {
  link: IngestLink
  sessionId: string
  url: string
  streamKey: string
  allowPrivate: boolean
  /** Trusted beside the system's certificates, for tests. */
  ca?: string | undefined
  /** The destination takes what comes. */
  onLive: () => void
  signal: AbortSignal
}

const startMs = 15_000
/** A destination this far behind would show pictures of long ago. */
const maxBehindBytes = 8 * 1024 * 1024

const remuxCommand = [
  ...['ffmpeg', '-hide_banner', '-loglevel', 'error', '-protocol_whitelist', 'pipe'],
  ...['-f', 'mp4', '-probesize', '500k', '-fflags', '+nobuffer', '-i', 'pipe:0'],
  ...['-map', '0', '-c', 'copy', '-flush_packets', '1'],
  ...['-f', 'flv', '-flvflags', 'no_duration_filesize', 'pipe:1'],
]

const connect = async (sending: Sending): Promise<{ publisher: RtmpPublisher; closed: Promise<void> }> => {
  const target = readTarget(sending.url)
  if (target === undefined) throw new DestinationError('address_refused', 'not an RTMP address')
  const signal = AbortSignal.any([sending.signal, AbortSignal.timeout(startMs)])
  const { allowPrivate, ca, streamKey } = sending
  const socket = await openConnection(target, { allowPrivate, signal, ca })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const { app, tcUrl } = target
  try {
    return { publisher: await publishRtmp(socket, { app, tcUrl, streamKey }, signal), closed }
  } catch (cause) {
    throw new DestinationError('refused', cause instanceof Error ? cause.message : 'refused', { cause })
  }
}

/** Resolves when `signal` fires or the codec changes; rejects with DestinationError when it failed by itself. */
export const send = async (sending: Sending): Promise<void> => {
  const { link, sessionId, onLive } = sending
  const { publisher, closed } = await connect(sending)
  const over = new AbortController()
  const signal = AbortSignal.any([sending.signal, over.signal])
  const child = await spawnConfined(remuxCommand)
  let failure: DestinationError | undefined
  const fail = (error: DestinationError): void => {
    failure ??= error
    over.abort()
  }
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-500)))
  child.on('error', () => fail(new DestinationError('no_ffmpeg', 'there is no ffmpeg')))
  child.on('exit', (code) => {
    if (code === 127) fail(new DestinationError('no_ffmpeg', 'there is no ffmpeg'))
    else fail(new DestinationError('source', `ffmpeg ended: ${said.trim()}`))
  })
  child.stdin.on('error', () => undefined)
  void closed.then(() => fail(new DestinationError('closed', 'the server closed the connection')))

  let isLive = false
  const read = createFlvReader()
  child.stdout.on('data', (bytes: Buffer) => {
    if (signal.aborted) return
    try {
      for (const { type, timestampMs, body } of read(bytes)) publisher.send(type, timestampMs, body)
    } catch (cause) {
      return fail(new DestinationError('source', 'ffmpeg wrote no FLV', { cause }))
    }
    if (publisher.waitingBytes > maxBehindBytes)
      return fail(new DestinationError('too_slow', 'the server does not keep up'))
    if (isLive) return
    isLive = true
    onLive()
  })

  try {
    for await (const { bytes } of follow(link, sessionId, signal)) {
      if (!child.stdin.write(bytes)) await once(child.stdin, 'drain', { signal }).catch(() => undefined)
      if (signal.aborted) break
    }
  } finally {
    over.abort()
    child.kill('SIGKILL')
    publisher.end()
  }
  if (failure !== undefined && !sending.signal.aborted) throw failure
}
