import { expect, test } from 'vitest'
import { createStream } from './stream.ts'

const reader = (name: string, deliver: (item: string) => void | Promise<void>, ends: string[]) => ({
  name,
  maxBytes: 10,
  sizeOf: (item: string) => item.length,
  deliver,
  onEnd: (reason: string) => ends.push(reason),
})

test('a reader that is stuck is cut off and counted; the others get everything', async () => {
  const stream = createStream<string>()
  const ends: string[] = []
  const got: string[] = []
  stream.attach(reader('stuck', () => new Promise(() => undefined), ends))
  const good = stream.attach(reader('good', (item) => void got.push(item), ends))
  for (const item of ['aaaa', 'bbbb', 'cccc', 'dddd']) {
    stream.write(item)
    await good.drained()
  }
  expect(got).toEqual(['aaaa', 'bbbb', 'cccc', 'dddd'])
  expect(ends).toEqual(['reader stuck is too slow'])
  expect(stream.readers).toBe(1)
  expect(stream.dropped).toBe(1)
})

test('a reader that fails ends alone, in its own words', async () => {
  const stream = createStream<string>()
  const ends: string[] = []
  const handle = stream.attach(reader('disk', () => Promise.reject(new Error('ENOSPC')), ends))
  stream.write('a')
  await handle.drained()
  expect(ends).toEqual(['ENOSPC'])
})

test('a detached reader hears nothing more and is not counted', () => {
  const stream = createStream<string>()
  const ends: string[] = []
  const got: string[] = []
  stream.attach(reader('gone', (item) => void got.push(item), ends)).detach()
  stream.write('a')
  expect([got, ends, stream.dropped]).toEqual([[], [], 0])
})
