/** Which key frames are taken out of a recording, and what becomes of steps that have none. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStream } from '../../media/flow/stream.ts'
import { audioTrackId, videoTrackId } from '../../media/fmp4/init.ts'
import { writePart } from '../../media/fmp4/part.ts'
import type { HlsUpdate } from '../../media/hls/updates.ts'
import { bundleFile } from './journal.ts'
import { takeKeyframes } from './keyframes.ts'
import { createRecorder } from './recorder.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vireo-keyframes-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const tracks = [{ kind: 'video' as const, codec: 'h264', codecString: 'avc1' }]
const init = (n: number, bytes = `init ${n}|`): HlsUpdate => ({
  type: 'init',
  n,
  tracks,
  bytes: Buffer.from(bytes),
})

/** Half a second that begins with picture `name`, or with none. */
const part = (n: number, name?: string, more: { init?: number; key?: boolean } = {}): HlsUpdate => {
  const { init: of = 0, key = true } = more
  const sample = (data: string, isKey: boolean) => ({
    duration: 3000,
    composition: 3000,
    key: isKey,
    data: Buffer.from(data),
  })
  const video = name === undefined ? [] : [sample(`<${name}>`, key), sample('(a frame)', false)]
  return {
    type: 'part',
    msn: n,
    part: 0,
    init: of,
    mediaTimeMs: n * 500,
    durationMs: 500,
    pdtMs: n * 500,
    discontinuitySequence: 0,
    discontinuity: false,
    independent: name === undefined || key,
    final: true,
    bytes: writePart(n, [
      { trackId: videoTrackId, baseTime: n * 45_000, video: true, samples: video },
      { trackId: audioTrackId, baseTime: n * 24_000, video: false, samples: [sample('(sound)', false)] },
    ]),
  }
}

const record = async (updates: readonly HlsUpdate[], bundleBytes = 1e9): Promise<string> => {
  const source = createStream<HlsUpdate>()
  const from = join(dir, 'recording')
  const recorder = createRecorder({
    ...{ dir: from, sessionId: 's', roomId: 'r', startedAtMs: 1, quotaBytes: 1e9, bundleBytes, source },
    earlier: undefined,
    onStopped: () => undefined,
  })
  for (const update of updates) source.write(update)
  await recorder.finish(9)
  return from
}

/** What the files show, in order: the pictures' names, and each file's configuration. */
const take = async (from: string, count: number, stepMs = 1000): Promise<string[]> => {
  const to = join(dir, 'work')
  await mkdir(to, { recursive: true })
  const files = await takeKeyframes({ from, to, stepMs, count })
  const texts = await Promise.all(files.map(({ path }) => readFile(path, 'latin1')))
  expect(files.map(({ pictures }) => pictures)).toEqual(
    texts.map((text) => text.match(/<[^>]*>/g)?.length ?? 0),
  )
  return texts.map((text) => (text.match(/init \w|<[^>]*>/g) ?? []).join(' '))
}

test('a picture per step: the first key frame in it, or the one before', async () => {
  const from = await record([
    init(0),
    part(0),
    part(1),
    part(2, 'a'),
    part(3, 'b'),
    part(4, 'no key frame', { key: false }),
    part(5),
    part(6, 'late', { key: false }),
    part(7, 'c'),
  ])
  // Nobody is seen in the first second, and nothing new in the third.
  expect(await take(from, 5)).toEqual(['init 0 <a> <a> <a> <c> <c>'])
  expect(await take(from, 2, 2000)).toEqual(['init 0 <a> <c>'])
})

test('another configuration begins another file; the same one again does not', async () => {
  const from = await record([
    init(0),
    part(0, 'a'),
    part(1),
    init(1, 'init 0|'),
    part(2, 'b', { init: 1 }),
    part(3, undefined, { init: 1 }),
    init(2),
    part(4, 'c', { init: 2 }),
    part(5, undefined, { init: 2 }),
  ])
  expect(await take(from, 4)).toEqual(['init 0 <a> <b>', 'init 2 <c> <c>'])
})

test('what changes all the time is shown as far as it goes, over its whole length', async () => {
  const updates = Array.from({ length: 40 }, (_, n) => [
    init(n, `init ${(n % 10).toString()}|`),
    part(2 * n, `${n}`, { init: n }),
    part(2 * n + 1, undefined, { init: n }),
  ]).flat()
  const shown = await take(await record(updates), 40)
  expect(shown).toHaveLength(16)
  expect(shown.join(' ').match(/<\d+>/g)).toHaveLength(40)
})

test('bundles that are gone or cut leave out their pictures; without any there is none', async () => {
  const updates = [init(0), ...Array.from({ length: 8 }, (_, n) => part(n, `${n}`))]
  const from = await record(updates, 700)
  expect(await take(from, 4)).toEqual(['init 0 <0> <2> <4> <6>'])
  await rm(bundleFile(from, 1))
  const [shown = ''] = await take(from, 4)
  expect(shown.match(/<\d>/g)).toHaveLength(4)
  expect(shown).toMatch(/^init 0 <0> .*<6>$/)
  await rm(from, { recursive: true })
  expect(await take(from, 4)).toEqual([])
})
