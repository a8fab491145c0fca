/** Owns how ISO base media boxes are put together, ISO/IEC 14496-12 §4.2. */

export const u8 = (...values: number[]): Buffer => Buffer.from(values)

export const u16 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2)
  values.forEach((value, i) => bytes.writeUInt16BE(value & 0xffff, i * 2))
  return bytes
}

export const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => bytes.writeUInt32BE(value >>> 0, i * 4))
  return bytes
}

export const zeros = (count: number): Buffer => Buffer.alloc(count)

export const text = (value: string): Buffer => Buffer.from(value, 'latin1')

export const box = (type: string, ...content: Buffer[]): Buffer => {
  const size = content.reduce((sum, bytes) => sum + bytes.length, 8)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(size)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, ...content], size)
}

/** A box with version and flags, §4.2.2. */
export const fullBox = (type: string, version: number, flags: number, ...content: Buffer[]): Buffer =>
  box(type, u32(version * 0x1000000 + flags), ...content)
