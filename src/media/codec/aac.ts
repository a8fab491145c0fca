/** Owns AudioSpecificConfig, ISO/IEC 14496-3 §1.6.2.1, SBR and PS signalling included. */
import { bitReader } from './bit-reader.ts'
import type { BitReader } from './bit-reader.ts'
import { MediaError } from './packet.ts'
import type { AudioConfig } from './packet.ts'

const sampleRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]
const channelCounts = [0, 1, 2, 3, 4, 5, 6, 8]

const readObjectType = (r: BitReader): number => {
  const type = r.bits(5)
  return type === 31 ? 32 + r.bits(6) : type
}

const readSampleRate = (r: BitReader): number => {
  const index = r.bits(4)
  const rate = index === 15 ? r.bits(24) : sampleRates[index]
  if (rate === undefined || rate < 7000 || rate > 192000)
    throw new MediaError('the AAC sample rate is not valid')
  return rate
}

interface Extension {
  sbrRate: number
  ps: boolean
}

// Backward compatible explicit signalling: sync word 0x2b7 behind the core's configuration.
const readSyncExtension = (r: BitReader): Extension | undefined => {
  if (r.left() < 16 || r.bits(11) !== 0x2b7 || readObjectType(r) !== 5 || !r.flag()) return undefined
  const sbrRate = readSampleRate(r)
  const ps = r.left() >= 12 && r.bits(11) === 0x548 && r.flag()
  return { sbrRate, ps }
}

/** Reads an AudioSpecificConfig. Object types other than AAC Main, LC, SSR, LTP, SBR and PS are refused. */
export const parseAacConfig = (record: Buffer): AudioConfig => {
  const r = bitReader(record)
  let type = readObjectType(r)
  const sampleRate = readSampleRate(r)
  const channelIndex = r.bits(4)
  let extension: Extension | undefined
  if (type === 5 || type === 29) {
    extension = { sbrRate: readSampleRate(r), ps: type === 29 }
    type = readObjectType(r)
  }
  if (type < 1 || type > 4) throw new MediaError(`AAC object type ${type} can't be packaged; use AAC-LC`)
  const frameSamples = r.flag() ? 960 : 1024
  if (r.flag()) r.skip(14) // dependsOnCoreCoder
  r.skip(1) // extensionFlag
  // Index 0 means a program_config_element follows; stereo is the honest guess, the decoder reads the truth.
  const channels = channelCounts[channelIndex] || 2
  if (extension === undefined && channelIndex !== 0) extension = readSyncExtension(r)
  return {
    kind: 'audio',
    codec: 'aac',
    codecString: `mp4a.40.${extension ? (extension.ps ? 29 : 5) : type}`,
    sampleRate,
    outputSampleRate: extension?.sbrRate ?? sampleRate,
    channels: extension?.ps === true ? 2 : channels,
    frameSamples,
    record: Buffer.from(record),
  }
}
