/** Owns AMF0 (the values RTMP commands are made of). Depth, count and length are bounded; garbage throws RtmpError. */
import { RtmpError } from './protocol.ts'

export type AmfValue = number | boolean | string | null | undefined | AmfObject | AmfValue[] | Date
export interface AmfObject {
  [key: string]: AmfValue
}

const maxDepth = 8
const maxValues = 2_048

interface Cursor {
  bytes: Buffer
  at: number
  left: number
}

const take = (c: Cursor, count: number): number => {
  const at = c.at
  if (at + count > c.bytes.length) throw new RtmpError('AMF value is cut short')
  c.at += count
  return at
}

const readText = (c: Cursor, wide: boolean): string => {
  const size = wide ? c.bytes.readUInt32BE(take(c, 4)) : c.bytes.readUInt16BE(take(c, 2))
  const at = take(c, size)
  return c.bytes.toString('utf8', at, at + size)
}

const readObject = (c: Cursor, depth: number): AmfObject => {
  // No prototype: a key named __proto__ is just a key.
  const object = Object.create(null) as AmfObject
  for (;;) {
    const key = readText(c, false)
    if (key === '' && c.bytes[c.at] === 9) {
      c.at++
      return object
    }
    object[key] = readValue(c, depth + 1)
  }
}

const readArray = (c: Cursor, depth: number): AmfValue[] => {
  const count = c.bytes.readUInt32BE(take(c, 4))
  if (count > maxValues) throw new RtmpError('AMF array is too long')
  return Array.from({ length: count }, () => readValue(c, depth + 1))
}

const readValue = (c: Cursor, depth: number): AmfValue => {
  if (depth > maxDepth) throw new RtmpError('AMF is nested too deeply')
  if (c.left-- <= 0) throw new RtmpError('AMF has too many values')
  const marker = c.bytes[take(c, 1)]
  switch (marker) {
    case 0:
      return c.bytes.readDoubleBE(take(c, 8))
    case 1:
      return c.bytes[take(c, 1)] !== 0
    case 2:
      return readText(c, false)
    case 3:
      return readObject(c, depth)
    case 5:
      return null
    case 6:
      return undefined
    case 8: // ECMA array: its count is only a hint, AMF0 §2.10
      take(c, 4)
      return readObject(c, depth)
    case 10:
      return readArray(c, depth)
    case 11: {
      const at = take(c, 10)
      return new Date(c.bytes.readDoubleBE(at))
    }
    case 12:
    case 15:
      return readText(c, true)
    case 16:
      readText(c, false)
      return readObject(c, depth)
    default:
      throw new RtmpError(`AMF marker ${marker} is not supported`)
  }
}

/** Every value in `bytes`, one after the other. */
export const decodeAmf = (bytes: Buffer): AmfValue[] => {
  const cursor: Cursor = { bytes, at: 0, left: maxValues }
  const values: AmfValue[] = []
  while (cursor.at < bytes.length) values.push(readValue(cursor, 0))
  return values
}

const textBytes = (text: string): Buffer[] => {
  const body = Buffer.from(text)
  const size = Buffer.allocUnsafe(2)
  size.writeUInt16BE(body.length)
  return [size, body]
}

const writeValue = (out: Buffer[], value: AmfValue): void => {
  if (typeof value === 'number' || value instanceof Date) {
    const bytes = Buffer.alloc(value instanceof Date ? 11 : 9)
    bytes[0] = value instanceof Date ? 11 : 0
    bytes.writeDoubleBE(Number(value), 1)
    out.push(bytes)
  } else if (typeof value === 'boolean') out.push(Buffer.from([1, value ? 1 : 0]))
  else if (typeof value === 'string') writeText(out, value)
  else if (value === null) out.push(Buffer.from([5]))
  else if (value === undefined) out.push(Buffer.from([6]))
  else if (Array.isArray(value)) {
    const head = Buffer.from([10, 0, 0, 0, 0])
    head.writeUInt32BE(value.length, 1)
    out.push(head)
    for (const item of value) writeValue(out, item)
  } else {
    out.push(Buffer.from([3]))
    for (const [key, item] of Object.entries(value)) {
      out.push(...textBytes(key))
      writeValue(out, item)
    }
    out.push(Buffer.from([0, 0, 9]))
  }
}

const writeText = (out: Buffer[], text: string): void => {
  const body = Buffer.from(text)
  if (body.length <= 0xffff) {
    out.push(Buffer.from([2]), ...textBytes(text))
    return
  }
  const head = Buffer.from([12, 0, 0, 0, 0])
  head.writeUInt32BE(body.length, 1)
  out.push(head, body)
}

export const encodeAmf = (...values: AmfValue[]): Buffer => {
  const out: Buffer[] = []
  for (const value of values) writeValue(out, value)
  return Buffer.concat(out)
}

export const isAmfObject = (value: AmfValue): value is AmfObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
