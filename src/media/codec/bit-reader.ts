/** Owns reading bits and Exp-Golomb numbers out of a byte string. Reading past the end throws MediaError. */
import { MediaError } from './packet.ts'

export interface BitReader {
  bits(count: number): number
  flag(): boolean
  skip(count: number): void
  /** ue(v), ISO/IEC 14496-10 §9.1. */
  ue(): number
  /** se(v), ISO/IEC 14496-10 §9.1.1. */
  se(): number
  left(): number
}

export const bitReader = (bytes: Uint8Array): BitReader => {
  let position = 0
  const end = bytes.length * 8
  const bit = (): number => {
    if (position >= end) throw new MediaError('configuration is cut short')
    const value = ((bytes[position >> 3] ?? 0) >> (7 - (position & 7))) & 1
    position++
    return value
  }
  const bits = (count: number): number => {
    let value = 0
    for (let i = 0; i < count; i++) value = value * 2 + bit()
    return value
  }
  const ue = (): number => {
    let zeros = 0
    while (bit() === 0) if (++zeros > 31) throw new MediaError('Exp-Golomb number too long')
    return 2 ** zeros - 1 + bits(zeros)
  }
  return {
    bits,
    ue,
    flag: () => bit() === 1,
    skip(count) {
      position += count
      if (position > end) throw new MediaError('configuration is cut short')
    },
    se() {
      const code = ue()
      return code % 2 === 1 ? (code + 1) / 2 : -code / 2
    },
    left: () => end - position,
  }
}

/** Drops the emulation prevention bytes of a NAL unit, ISO/IEC 14496-10 §7.4.1. */
export const unescapeNal = (nal: Uint8Array): Buffer => {
  const out = Buffer.allocUnsafe(nal.length)
  let length = 0
  let zeros = 0
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0
      continue
    }
    zeros = byte === 0 ? zeros + 1 : 0
    out[length++] = byte
  }
  return out.subarray(0, length)
}
