/**
 * Owns the internal protocol between ingest and the API: what messages there are and how they are framed.
 *
 * A frame is two 32-bit big-endian lengths, then that many bytes of JSON, then that many bytes of binary:
 * `u32 jsonBytes · u32 binaryBytes · json · binary`. JSON is at most 1 MiB, binary at most 48 MiB (a part of a
 * 50 Mb/s stream is 3 MiB); a frame beyond that ends the link. The first frames prove both sides know the
 * secret: ingest sends `challenge`, the API answers `auth` with an HMAC of it, `hello` carries ingest's.
 * Over a Unix socket (mode 0600) the secret may be empty.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { HlsUpdate } from '../media/hls/updates.ts'
import type {
  EndedSummary,
  PublicationState,
  PublishAnswer,
  PublishRequest,
  SessionEvent,
  TimelineRun,
} from './types.ts'

export const linkVersion = 1
const maxJsonBytes = 1024 * 1024
const maxBinaryBytes = 48 * 1024 * 1024

/** An update without its bytes, which travel as the frame's binary. */
export type UpdateHead = HlsUpdate extends infer U ? (U extends HlsUpdate ? Omit<U, 'bytes'> : never) : never

export type ToApi =
  | { t: 'challenge'; v: number; nonce: string }
  | { t: 'hello'; mac: string; epoch: string; sessions: PublicationState[] }
  /** Before the `authorise` answer comes the publisher waits, its socket paused. */
  | { t: 'authorise'; id: number; request: PublishRequest }
  | { t: 'event'; event: SessionEvent }
  /** The newest runs of a session; every 2 s while publishing and whenever it begins or ends. */
  | { t: 'timeline'; s: string; runs: TimelineRun[] }
  /** What follows for this session is everything retained, then what comes live. */
  | { t: 'snapshot'; s: string; runs: TimelineRun[]; publishing: boolean }
  | { t: 'update'; s: string; u: UpdateHead }
  /** The snapshot is complete. */
  | { t: 'ready'; s: string }
  /** The subscription fell behind and was dropped; watch again for a new snapshot. */
  | { t: 'dropped'; s: string }
  | { t: 'gone'; s: string }
  | { t: 'answer'; id: number; ended?: EndedSummary | null; found?: boolean }
  /** A publication over the link is over: refused, taken over, cut. */
  | { t: 'published'; id: number; cut: string }

export type ToIngest =
  | { t: 'auth'; mac: string; nonce: string }
  | { t: 'authorised'; id: number; answer: PublishAnswer }
  | { t: 'watch'; s: string }
  | { t: 'unwatch'; s: string }
  | { t: 'end'; id: number; s: string }
  | { t: 'cut'; s: string; reason: string }
  | { t: 'keyframe'; id: number; s: string }
  /** Somebody whom the API has authorised publishes through it; `id` names the publication from now on. */
  | { t: 'publish'; id: number; address: string; answer: Extract<PublishAnswer, { ok: true }> }
  /** One FLV tag body, as the frame's binary. */
  | { t: 'media'; id: number; kind: 'video' | 'audio'; ms: number }
  | { t: 'size'; id: number; width: number; height: number }
  | { t: 'unpublish'; id: number; how: 'clean' | 'vanished' }

const none = Buffer.alloc(0)

/** Head and binary are written apart, so that a part's bytes are never copied. */
export const encodeFrame = (message: ToApi | ToIngest, binary: Buffer = none): [Buffer, Buffer] => {
  const json = Buffer.from(JSON.stringify(message))
  const head = Buffer.allocUnsafe(8 + json.length)
  head.writeUInt32BE(json.length, 0)
  head.writeUInt32BE(binary.length, 4)
  json.copy(head, 8)
  return [head, binary]
}

export interface FrameReader {
  /** Throws on a frame beyond the bounds or JSON that is none; the link must end then. */
  push(bytes: Buffer): void
}

/** Calls back once per frame. The binary is owned by the receiver. */
export const createFrameReader = (onFrame: (message: unknown, binary: Buffer) => void): FrameReader => {
  const lengths = Buffer.alloc(8)
  let filled = 0
  let json: Buffer | undefined
  let binary = none
  let body = 0

  const fill = (into: Buffer, at: number, bytes: Buffer): number =>
    bytes.copy(into, at, 0, Math.min(bytes.length, into.length - at))

  const begin = (): void => {
    const jsonBytes = lengths.readUInt32BE(0)
    const binaryBytes = lengths.readUInt32BE(4)
    if (jsonBytes > maxJsonBytes || binaryBytes > maxBinaryBytes) throw new Error('link frame is too large')
    json = Buffer.allocUnsafeSlow(jsonBytes)
    binary = Buffer.allocUnsafeSlow(binaryBytes)
    body = 0
  }

  const step = (bytes: Buffer): number => {
    if (json === undefined) {
      const count = fill(lengths, filled, bytes)
      filled += count
      if (filled === 8) begin()
      return count
    }
    const count = body < json.length ? fill(json, body, bytes) : fill(binary, body - json.length, bytes)
    body += count
    return count
  }

  return {
    push(bytes) {
      let rest = bytes
      for (;;) {
        rest = rest.subarray(step(rest))
        if (json !== undefined && body === json.length + binary.length) {
          const message: unknown = JSON.parse(json.toString('utf8'))
          const content = binary
          json = undefined
          filled = 0
          onFrame(message, content)
        } else if (rest.length === 0) return
      }
    },
  }
}

export const linkMac = (secret: string, nonce: string): string =>
  createHmac('sha256', `vireo-link:${secret}`).update(nonce).digest('base64url')

export const sameMac = (a: string, b: string): boolean => {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

/** A path is a Unix socket; `host:port` is TCP. */
export const parseLinkAddress = (address: string): { path: string } | { host: string; port: number } => {
  const tcp = /^(?:\[([^\]]+)\]|([^/:]+)):(\d{1,5})$/.exec(address)
  if (tcp === null) return { path: address }
  return { host: tcp[1] ?? tcp[2] ?? '', port: Number(tcp[3]) }
}

export const splitUpdate = (update: HlsUpdate): { head: UpdateHead; bytes: Buffer } => {
  if (update.type === 'shape') return { head: update, bytes: none }
  const { bytes, ...head } = update
  return { head, bytes }
}

export const joinUpdate = (head: UpdateHead, bytes: Buffer): HlsUpdate =>
  head.type === 'shape' ? head : { ...head, bytes }
