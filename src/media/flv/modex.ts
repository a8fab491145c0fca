/** Owns the two envelopes of Enhanced RTMP v2 in front of a frame: ModEx prefixes and multitrack. */
import { MediaError } from '../codec/packet.ts'

export interface Envelope {
  packetType: number
  fourcc: string
  body: Buffer
}

/**
 * Peels ModEx and multitrack off an enhanced tag. `packetType` is the low nibble of its first byte. Of several
 * tracks only track 0 is taken; undefined if it isn't there.
 */
export const openEnvelope = (
  tag: Buffer,
  kinds: { modEx: number; multitrack: number },
): Envelope | undefined => {
  let packetType = (tag[0] ?? 0) & 15
  let at = 1
  const need = (count: number): void => {
    if (at + count > tag.length) throw new MediaError('a media tag is cut short')
  }
  while (packetType === kinds.modEx) {
    need(1)
    let size = (tag[at++] ?? 0) + 1
    if (size === 256) {
      need(2)
      size = tag.readUInt16BE(at) + 1
      at += 2
    }
    need(size + 1)
    at += size
    packetType = (tag[at++] ?? 0) & 15
  }
  if (packetType !== kinds.multitrack) {
    need(4)
    return { packetType, fourcc: tag.toString('latin1', at, at + 4), body: tag.subarray(at + 4) }
  }
  return openMultitrack(tag, at)
}

// AvMultitrackType: 0 one track, 1 many tracks of one codec, 2 many tracks of many codecs.
const openMultitrack = (tag: Buffer, start: number): Envelope | undefined => {
  if (start + 1 > tag.length) throw new MediaError('a multitrack tag is cut short')
  const type = (tag[start] ?? 0) >> 4
  const packetType = (tag[start] ?? 0) & 15
  let at = start + 1
  let fourcc = ''
  if (type < 2) {
    fourcc = tag.toString('latin1', at, at + 4)
    at += 4
  }
  while (at < tag.length) {
    if (type === 2) {
      fourcc = tag.toString('latin1', at, at + 4)
      at += 4
    }
    const track = tag[at++]
    let size = tag.length - at
    if (type !== 0) {
      if (at + 3 > tag.length) throw new MediaError('a multitrack tag is cut short')
      size = tag.readUIntBE(at, 3)
      at += 3
    }
    if (at + size > tag.length) throw new MediaError('a multitrack tag is cut short')
    if (track === 0) return { packetType, fourcc, body: tag.subarray(at, at + size) }
    at += size
  }
  return undefined
}
