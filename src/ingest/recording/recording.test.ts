import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import HLS from 'hls-parser'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStream } from '../../media/flow/stream.ts'
import type { HlsUpdate, PartUpdate } from '../../media/hls/updates.ts'
import { bundleFile, journalFile, readJournal } from './journal.ts'
import { createRecorder } from './recorder.ts'
import type { Recorder } from './recorder.ts'
import { replayPlaylist, replaySegments } from './replay.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vireo-recording-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const stops: string[] = []
const start = async (source = createStream<HlsUpdate>(), options = {}): Promise<Recorder> =>
  createRecorder({
    dir,
    sessionId: 's',
    roomId: 'r',
    startedAtMs: 1,
    quotaBytes: 1e9,
    bundleBytes: 1e9,
    source,
    earlier: await readJournal(dir),
    onStopped: (reason) => stops.push(reason),
    ...options,
  })

const part = (n: number, more: Partial<PartUpdate> = {}): PartUpdate => ({
  type: 'part',
  msn: n >> 2,
  part: n & 3,
  init: 0,
  mediaTimeMs: n * 500,
  durationMs: 500,
  pdtMs: 1_000_000 + n * 500,
  discontinuitySequence: 0,
  discontinuity: false,
  independent: (n & 3) === 0,
  final: (n & 3) === 3,
  bytes: Buffer.alloc(100, n),
  ...more,
})
const init = (n: number): HlsUpdate => ({ type: 'init', n, tracks: [], bytes: Buffer.alloc(50, 0xee) })

test('what was written is in the journal, byte for byte', async () => {
  const source = createStream<HlsUpdate>()
  const recorder = await start(source)
  source.write(init(0))
  for (let n = 0; n < 8; n++) source.write(part(n))
  expect(await recorder.finish(9)).toMatchObject({
    bytes: 850,
    segments: 2,
    durationMs: 4_000,
    stoppedEarly: false,
  })
  const journal = await readJournal(dir)
  expect(journal).toMatchObject({ sessionId: 's', roomId: 'r', ended: true, bytes: 850 })
  const bytes = await readFile(bundleFile(dir, 0))
  for (const [n, item] of (journal?.parts ?? []).entries()) {
    expect(bytes.subarray(item.offset, item.offset + item.length)).toEqual(Buffer.alloc(100, n))
  }
  if (journal === undefined) throw new Error('no journal')
  expect(replaySegments(journal).map((segment) => segment.length)).toEqual([400, 400])
  expect(HLS.parse(replayPlaylist(journal, (n) => `b${n}.mp4`))).toMatchObject({
    targetDuration: 2,
    endlist: true,
  })
})

test('a torn line and bytes behind the journal are ignored; the next process goes on in a new bundle', async () => {
  const source = createStream<HlsUpdate>()
  const recorder = await start(source)
  source.write(init(0))
  for (let n = 0; n < 5; n++) source.write(part(n))
  await recorder.close()
  await truncate(journalFile(dir), (await readFile(journalFile(dir))).length - 20)
  await appendFile(bundleFile(dir, 0), 'half a part')
  await writeFile(bundleFile(dir, 1), 'an orphan')
  const again = createStream<HlsUpdate>()
  const second = await start(again)
  again.write(init(1))
  again.write(part(8, { init: 1, mediaTimeMs: 2_000, discontinuity: true }))
  await second.finish(1)
  const journal = await readJournal(dir)
  expect(journal?.parts.map((item) => [item.msn, item.part, item.bundle])).toEqual([
    [0, 0, 0],
    [0, 1, 0],
    [0, 2, 0],
    [0, 3, 0],
    [2, 0, 2],
  ])
  const text = replayPlaylist(journal ?? (await Promise.reject(new Error('none'))), (n) => `b${n}.mp4`)
  expect(text.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(1)
  expect(text).toContain('#EXT-X-MAP:URI="b2.mp4",BYTERANGE="50@0"')
})

test('segments that begin without an IDR are merged to where one is', async () => {
  const source = createStream<HlsUpdate>()
  const recorder = await start(source)
  source.write(init(0))
  for (let n = 0; n < 24; n++) source.write(part(n, { independent: n === 0 || n === 17 }))
  await recorder.finish(1)
  const journal = await readJournal(dir)
  const segments = replaySegments(journal ?? (await Promise.reject(new Error('none'))))
  expect(segments.map((segment) => segment.durationMs)).toEqual([8_500, 3_500])
})

test('bundles are bounded, and each one begins with its init', async () => {
  const source = createStream<HlsUpdate>()
  const recorder = await start(source, { bundleBytes: 500 })
  source.write(init(0))
  for (let n = 0; n < 16; n++) source.write(part(n))
  await recorder.finish(1)
  const journal = await readJournal(dir)
  expect(new Set(journal?.parts.map((item) => item.bundle)).size).toBeGreaterThan(2)
  for (const item of journal?.parts ?? []) expect(item.offset + item.length).toBeLessThanOrEqual(500)
  expect(journal?.inits.every((item) => item.offset === 0)).toBe(true)
})

test('a full quota stops the recording once', async () => {
  stops.length = 0
  const source = createStream<HlsUpdate>()
  const recorder = await start(source, { quotaBytes: 300 })
  source.write(init(0))
  for (let n = 0; n < 8; n++) source.write(part(n))
  expect(await recorder.finish(1)).toMatchObject({ stoppedEarly: true, durationMs: 1_000 })
  expect(stops).toEqual(['the recording quota is used up'])
  expect((await readJournal(dir))?.stoppedEarly).toBe(true)
})

test('no journal, no recording', async () => {
  expect(await readJournal(join(dir, 'nothing'))).toBeUndefined()
  expect(await (await start()).finish(1)).toBeNull()
})
