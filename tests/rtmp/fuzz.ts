/**
 * Owns hostile publishers by the million: real captures with bytes turned, cut, doubled and put elsewhere, through
 * handshake, chunks, AMF, tags, codec headers and packager. Whatever comes, only RtmpError and MediaError may leave.
 */
import { readFileSync } from 'node:fs'
import { MediaError } from '../../src/media/codec/packet.ts'
import { createFlvDemuxer } from '../../src/media/flv/demux.ts'
import { createPackager } from '../../src/media/hls/packager.ts'
import { createWindow } from '../../src/media/hls/window.ts'
import { decodeAmf, encodeAmf } from '../../src/media/rtmp/amf0.ts'
import { createChunkReader } from '../../src/media/rtmp/chunk-reader.ts'
import { setChunkSize, writeMessage } from '../../src/media/rtmp/chunk-writer.ts'
import { createHandshake } from '../../src/media/rtmp/handshake.ts'
import { defaultLimits, messageType, RtmpError } from '../../src/media/rtmp/protocol.ts'
import { isHeader, makeClip, readFlv } from './flv.ts'
import type { Tag } from './flv.ts'

export interface FuzzResult {
  inputs: number
  /** Ended by an error of the two that may be. */
  refused: number
  /** Bytes of parts that came out in spite of it. */
  packagedBytes: number
  slowestMs: number
}

/** xorshift32: the same inputs in every run of a seed. */
const createChance = (seed: number): ((below: number) => number) => {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
type Chance = ReturnType<typeof createChance>

const edges = [0, 1, 2, 3, 6, 7, 8, 9, 15, 16, 18, 20, 0x7f, 0x80, 0x81, 0x90, 0xc0, 0xfe, 0xff]

/** One to four changes of a copy. */
const mutate = (original: Buffer, chance: Chance): Buffer => {
  let bytes = Buffer.from(original)
  for (let left = 1 + chance(4); left > 0 && bytes.length > 0; left--) {
    const at = chance(bytes.length)
    const size = 1 + chance(Math.min(24, bytes.length - at))
    const kind = chance(7)
    if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << chance(8))
    else if (kind === 1) bytes[at] = edges[chance(edges.length)] ?? 0
    else if (kind === 2) bytes = bytes.subarray(0, at)
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)])
    else if (kind === 4) bytes = Buffer.concat([bytes.subarray(0, at + size), bytes.subarray(at)])
    else if (kind === 5) bytes.fill(chance(256), at, at + size)
    else bytes.copyWithin(chance(bytes.length), at, at + size)
  }
  return bytes
}

const fixtures = ['hevc-opus', 'av1-aac', 'vp9-opus', 'multitrack']

interface Material {
  clips: Tag[][]
  /** What a publisher says before its media, without the handshake. */
  talk: Buffer
  amf: Buffer
}

const material = (): Material => {
  const clips = fixtures.map((name) => readFlv(readFileSync(`tests/fixtures/enhanced/${name}.flv`)))
  clips.push(makeClip({ seconds: 2, size: '64x36' }))
  const command = (...values: Parameters<typeof encodeAmf>): Buffer =>
    writeMessage(3, messageType.commandAmf0, 0, encodeAmf(...values), 128)
  const connect = { app: 'live', tcUrl: 'rtmp://host/live', fourCcList: ['hvc1', 'av01'], capsEx: 15 }
  const media = (clips[4] ?? []).slice(0, 5).map((tag) => writeMessage(6, tag.type, 1, tag.body, 128))
  return {
    clips,
    amf: encodeAmf('connect', 1, connect, null, undefined, [1, 'two', { three: true }]),
    talk: Buffer.concat([
      command('connect', 1, connect),
      command('createStream', 2, null),
      command('publish', 3, null, 'key', 'live'),
      setChunkSize(4096),
      ...media.map((bytes) => bytes.subarray(0, 600)),
    ]),
  }
}

/** Bytes of a connection behind its handshake, as the server's chunk reader sees them. */
const readTalk = (bytes: Buffer, chance: Chance): void => {
  const reader = createChunkReader(defaultLimits, (message) => {
    if (message.type === messageType.commandAmf0 || message.type === messageType.dataAmf0)
      decodeAmf(message.body)
    return true
  })
  if (chance(2) === 0) reader.setLimits(defaultLimits)
  for (let at = 0; at < bytes.length;) {
    const size = 1 + chance(1_500)
    reader.push(bytes.subarray(at, at + size))
    at += size
  }
}

/** A publication of a few tags, some of them broken, with broken timestamps now and then. */
const readTags = (tags: readonly Tag[], chance: Chance): number => {
  const window = createWindow()
  const packager = createPackager({ emit: (update) => window.apply(update) })
  const demuxer = createFlvDemuxer()
  demuxer.setSizeHint({ width: 320, height: 180 })
  packager.begin()
  const breaks = (): boolean => chance(6) === 0
  const headers = tags.filter(isHeader)
  const from = chance(Math.max(1, tags.length - 24))
  let offset = chance(4) === 0 ? chance(0x7fffffff) * 2 : 0
  let now = 1_000_000
  try {
    for (const tag of [...headers, ...tags.slice(from, from + 16)]) {
      if (tag.type !== 8 && tag.type !== 9) continue
      if (chance(40) === 0) offset = chance(0x7fffffff)
      const body = breaks() ? mutate(tag.body.subarray(0, 200), chance) : tag.body.subarray(0, 200)
      const time = (tag.timestampMs + offset) >>> 0
      now += 20
      const item = tag.type === 9 ? demuxer.video(time, body) : demuxer.audio(time, body)
      if (item?.kind === 'config') packager.config(item.config)
      else if (item?.kind === 'video') packager.video(item, now)
      else if (item?.kind === 'audio') packager.audio(item, now)
    }
  } finally {
    packager.end()
  }
  return window.bytes
}

/** One header alone: cheap, so most inputs are of this kind. */
const readHeader = (tag: Tag, chance: Chance): void => {
  const demuxer = createFlvDemuxer()
  const body = mutate(tag.body, chance)
  if (tag.type === 9) demuxer.video(0, body)
  else demuxer.audio(0, body)
}

let made: Material | undefined

/** So many inputs, each judged alone. Throws what is neither RtmpError nor MediaError. */
export const fuzz = (inputs: number, seed: number): FuzzResult => {
  const chance = createChance(seed)
  made ??= material()
  const { clips, talk, amf } = made
  const headers = clips.flatMap((clip) => clip.filter((tag) => isHeader(tag) && tag.type !== 18))
  const result: FuzzResult = { inputs, refused: 0, packagedBytes: 0, slowestMs: 0 }
  for (let n = 0; n < inputs; n++) {
    const startedMs = performance.now()
    try {
      const kind = chance(20)
      if (kind < 12)
        readHeader(headers[chance(headers.length)] ?? { type: 9, timestampMs: 0, body: amf }, chance)
      else if (kind < 16) decodeAmf(mutate(amf, chance))
      else if (kind < 18) readTalk(mutate(talk, chance), chance)
      else if (kind < 19) {
        const handshake = createHandshake(() => undefined)
        handshake.push(mutate(Buffer.alloc(1 + chance(3_200), 3), chance))
      } else result.packagedBytes += readTags(clips[chance(clips.length)] ?? [], chance)
    } catch (error) {
      if (!(error instanceof RtmpError || error instanceof MediaError)) throw error
      result.refused++
    }
    result.slowestMs = Math.max(result.slowestMs, performance.now() - startedMs)
  }
  return result
}
