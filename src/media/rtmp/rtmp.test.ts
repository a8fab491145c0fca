import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeAmf, encodeAmf } from './amf0.ts'
import type { AmfValue } from './amf0.ts'
import { createChunkReader } from './chunk-reader.ts'
import type { RtmpMessage } from './chunk-reader.ts'
import { writeMessage } from './chunk-writer.ts'
import { appOf, streamNameOf } from './commands.ts'
import { createHandshake } from './handshake.ts'
import { RtmpError } from './protocol.ts'

const limits = { messageBytes: 1_000_000, assemblingBytes: 2_000_000, chunkStreams: 64 }

const readAll = (bytes: Buffer, cuts: readonly number[] = []): RtmpMessage[] => {
  const messages: RtmpMessage[] = []
  const reader = createChunkReader(limits, (message) => {
    messages.push(message)
    return true
  })
  let from = 0
  for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
    reader.push(bytes.subarray(from, cut))
    from = cut
  }
  return messages
}

const u24 = (value: number): number[] => [value >> 16, (value >> 8) & 255, value & 255]
const u32 = (value: number): number[] => [value >>> 24, ...u24(value & 0xffffff)]
const head0 = (time: number, length: number, type = 9): number[] => [
  4,
  ...u24(time),
  ...u24(length),
  type,
  1,
  0,
  0,
  0,
]

describe('chunk reader', () => {
  test('messages come out whole however their bytes are split', () => {
    const message = fc.record({
      stream: fc.integer({ min: 3, max: 63 }),
      type: fc.constantFrom(8, 9, 18, 20),
      body: fc.uint8Array({ minLength: 0, maxLength: 700 }),
    })
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        fc.array(fc.nat(4_000), { maxLength: 40 }),
        (list, cuts) => {
          const bytes = Buffer.concat(
            list.map((m) => writeMessage(m.stream, m.type, 1, Buffer.from(m.body), 128)),
          )
          const got = readAll(
            bytes,
            cuts.filter((cut) => cut < bytes.length),
          )
          expect(got.map((m) => [m.type, m.body.toString('hex')])).toEqual(
            list.map((m) => [m.type, Buffer.from(m.body).toString('hex')]),
          )
        },
      ),
    )
  })

  test('deltas of type 1 and 2, repeated by type 3', () => {
    const bytes = Buffer.from([
      ...[...head0(1_000, 1), 1],
      ...[0x44, ...u24(33), ...u24(1), 9, 2],
      ...[0x84, ...u24(34), 3],
      ...[0xc4, 4],
    ])
    expect(readAll(bytes).map((m) => m.timestampMs)).toEqual([1_000, 1_033, 1_067, 1_101])
  })

  test('extended timestamps from 16,777,215 ms on, on type 3 chunks too', () => {
    const time = 16_777_215
    const body = Buffer.alloc(200, 7)
    const bytes = Buffer.from([
      ...[...head0(0xffffff, 200), ...u32(time), ...body.subarray(0, 128)],
      ...[0xc4, ...u32(time), ...body.subarray(128)],
    ])
    for (const cuts of [[], [13], [14, 15, 16], [145, 146]]) {
      const [message] = readAll(bytes, cuts)
      expect(message?.timestampMs).toBe(time)
      expect(message?.body).toEqual(body)
    }
  })

  test('timestamps wrap at 2^32 ms', () => {
    const bytes = Buffer.from([...head0(0xffffff, 1), ...u32(0xfffffff0), 1, 0x84, ...u24(33), 2])
    expect(readAll(bytes).map((m) => m.timestampMs)).toEqual([0xfffffff0, 17])
  })

  test('messages of two chunk streams interleave, an abort drops one', () => {
    const bytes = Buffer.from([
      ...[4, 0, 0, 0, ...u24(200), 9, 1, 0, 0, 0, ...Buffer.alloc(128, 1)],
      ...[5, 0, 0, 0, ...u24(2), 8, 1, 0, 0, 0, 9, 9],
      ...[2, 0, 0, 0, ...u24(4), 2, 0, 0, 0, 0, ...u32(4)],
      ...[...head0(0, 1), 3],
    ])
    expect(readAll(bytes).map((m) => [m.type, m.body.length])).toEqual([
      [8, 2],
      [9, 1],
    ])
  })

  test.each([
    ['a message beyond the bound', Buffer.from([4, 0, 0, 0, 255, 255, 255, 9, 0, 0, 0, 0]), /too long/],
    ['a stream that begins with type 3', Buffer.from([0xc7]), /begins with type 3/],
    ['chunk size 0', Buffer.from([2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0]), /chunk size 0/],
    [
      'too many chunk streams',
      Buffer.concat(
        Array.from({ length: 65 }, (_, i) => Buffer.from([0, i, 0, 0, 0, 0, 0, 1, 9, 0, 0, 0, 0, 5])),
      ),
      /too many chunk streams/,
    ],
    [
      'a flood of messages that are begun and dropped',
      Buffer.concat(
        Array.from({ length: 200 }, () => Buffer.from([...head0(0, 900_000), ...Buffer.alloc(128)])),
      ),
      /dropped/,
    ],
    [
      'a flood of aborts',
      Buffer.concat(
        Array.from({ length: 200 }, () =>
          Buffer.from([
            ...[...head0(0, 900_000), ...Buffer.alloc(128)],
            ...[2, 0, 0, 0, ...u24(4), 2, 0, 0, 0, 0, ...u32(4)],
          ]),
        ),
      ),
      /dropped/,
    ],
    [
      'too many unfinished bytes',
      Buffer.concat(
        [3, 4, 5].map((id) =>
          Buffer.from([id, 0, 0, 0, ...u24(900_000), 9, 0, 0, 0, 0, ...Buffer.alloc(128)]),
        ),
      ),
      /unfinished/,
    ],
  ])('%s is refused', (_name, bytes, reason) => {
    expect(() => readAll(bytes)).toThrow(reason)
  })

  test('garbage throws RtmpError and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.nat(3_000), (raw, cut) => {
        try {
          readAll(Buffer.from(raw), [Math.min(cut, raw.length)])
        } catch (error) {
          expect(error).toBeInstanceOf(RtmpError)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('AMF0', () => {
  const leaf = fc.oneof(
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.string(),
    fc.constant(null),
    fc.constant(undefined),
  )
  const value = fc.letrec<{ value: AmfValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 4 }),
    ),
  })).value
  test('what is written is read back', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (list) => {
        expect(decodeAmf(encodeAmf(...list))).toEqual(list)
      }),
    )
  })
  test('depth and count are bounded', () => {
    const deep = Buffer.concat(Array.from({ length: 50 }, () => Buffer.from([3, 0, 1, 97])))
    expect(() => decodeAmf(deep)).toThrow(/too deeply/)
    expect(() => decodeAmf(Buffer.alloc(5_000, 5))).toThrow(/too many/)
    expect(() => decodeAmf(Buffer.from([10, 255, 255, 255, 255]))).toThrow(/too long/)
  })
  test('garbage throws RtmpError and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (raw) => {
        try {
          decodeAmf(Buffer.from(raw))
        } catch (error) {
          expect(error).toBeInstanceOf(RtmpError)
        }
      }),
      { numRuns: 3_000 },
    )
  })
})

test('a handshake may come byte by byte; what is behind it is handed on', () => {
  const sent: Buffer[] = []
  const handshake = createHandshake((bytes) => sent.push(bytes))
  // A digest client: its version field is not zero.
  const c1 = Buffer.alloc(1536, 9)
  const all = Buffer.concat([Buffer.from([3]), c1, Buffer.alloc(1536), Buffer.from('rest')])
  let rest: Buffer | undefined
  for (const byte of all.subarray(0, -4)) rest ??= handshake.push(Buffer.from([byte]))
  expect(rest).toHaveLength(0)
  expect(sent).toHaveLength(1)
  expect(sent[0]?.subarray(1 + 1536)).toEqual(c1)
  expect(() => createHandshake(() => undefined).push(Buffer.from('GET'))).toThrow(RtmpError)
})

test('application and stream name come with or without tcUrl and query', () => {
  expect(appOf({ app: 'live/' })).toBe('live')
  expect(appOf({ tcUrl: 'rtmp://host:1935/live?x=1' })).toBe('live')
  expect(appOf(undefined)).toBe('')
  // Only what is short is looked at by a pattern: a long run of slashes would cost its square.
  expect(appOf({ app: `${'/'.repeat(600)}live` })).toBe('')
  expect(streamNameOf('key?token=1')).toBe('key')
  expect(streamNameOf(5)).toBe('')
})
