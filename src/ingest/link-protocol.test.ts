import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameReader, encodeFrame, parseLinkAddress } from './link-protocol.ts'

test('frames come out whole however their bytes are split', () => {
  const frame = fc.tuple(fc.string(), fc.uint8Array({ maxLength: 100 }))
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.nat(500), { maxLength: 30 }),
      (frames, cuts) => {
        const bytes = Buffer.concat(
          frames.flatMap(([s, raw]) => encodeFrame({ t: 'watch', s }, Buffer.from(raw))),
        )
        const got: unknown[] = []
        const reader = createFrameReader((message, binary) => got.push([message, binary.toString('hex')]))
        let from = 0
        for (const cut of [...cuts.filter((c) => c < bytes.length), bytes.length].sort((a, b) => a - b)) {
          reader.push(bytes.subarray(from, cut))
          from = cut
        }
        expect(got).toEqual(frames.map(([s, raw]) => [{ t: 'watch', s }, Buffer.from(raw).toString('hex')]))
      },
    ),
  )
})

test('giant frames are refused before a byte of them is kept', () => {
  const reader = createFrameReader(() => undefined)
  expect(() => reader.push(Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]))).toThrow(/too large/)
})

test('addresses', () => {
  expect(parseLinkAddress('/run/vireo/link.sock')).toEqual({ path: '/run/vireo/link.sock' })
  expect(parseLinkAddress('10.0.0.1:7000')).toEqual({ host: '10.0.0.1', port: 7000 })
  expect(parseLinkAddress('[::1]:7000')).toEqual({ host: '::1', port: 7000 })
})
