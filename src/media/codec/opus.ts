/** Owns Opus: the identification header (RFC 7845 §5.1), its dOps form, and packet durations. */
import { MediaError } from './packet.ts'
import type { AudioConfig } from './packet.ts'

/** Reads an OpusHead (with or without its magic) and turns it into dOps. Mapping families > 0 are refused. */
export const parseOpusHead = (head: Buffer): AudioConfig => {
  const body = head.subarray(0, 8).toString('latin1') === 'OpusHead' ? head.subarray(8) : head
  if (body.length < 11) throw new MediaError('the Opus configuration is cut short')
  const channels = body[1] ?? 0
  if (channels < 1 || channels > 2 || body[10] !== 0) {
    throw new MediaError('Opus with more than two channels can not be packaged')
  }
  const record = Buffer.alloc(11)
  // "Opus in ISOBMFF" §4.3.2: the same fields in big endian, version 0.
  record[1] = channels
  record.writeUInt16BE(body.readUInt16LE(2), 2)
  record.writeUInt32BE(body.readUInt32LE(4), 4)
  record.writeInt16BE(body.readInt16LE(8), 8)
  return {
    kind: 'audio',
    codec: 'opus',
    codecString: 'opus',
    sampleRate: 48000,
    outputSampleRate: 48000,
    channels,
    frameSamples: 960,
    record,
  }
}

/** Samples at 48 kHz in a packet, RFC 6716 §3.1; 960 for what is not valid. */
export const opusPacketSamples = (packet: Buffer): number => {
  const toc = packet[0] ?? 0
  const config = toc >> 3
  let frame: number
  if (config < 12) frame = [480, 960, 1920, 2880][config & 3] ?? 960
  else if (config < 16) frame = (config & 1) === 0 ? 480 : 960
  else frame = [120, 240, 480, 960][config & 3] ?? 960
  const code = toc & 3
  const count = code === 0 ? 1 : code < 3 ? 2 : (packet[1] ?? 1) & 63
  const samples = frame * count
  return samples > 0 && samples <= 5760 ? samples : 960
}
