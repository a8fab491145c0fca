/** What clocks, disks and crowds do to a stream, through a real ingest. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeClip } from '../../tests/rtmp/flv.ts'
import type { Tag } from '../../tests/rtmp/flv.ts'
import { publishRtmp } from '../../tests/rtmp/publisher.ts'
import { readJournal } from './index.ts'
import type { Journal } from './index.ts'
import { startIngest, until } from './testing/ingest-fixture.ts'
import type { IngestFixture } from './testing/ingest-fixture.ts'

const hour = 3_600_000
const wrap = 2 ** 32
let made: Tag[] | undefined
const clip = (): Tag[] => (made ??= makeClip({ seconds: 12, size: '160x90', gop: 30 }))

const publish = async (
  ingest: IngestFixture,
  clock: (tag: Tag) => number | undefined,
  key = 'good-key',
): Promise<void> => {
  const publisher = await publishRtmp({ port: ingest.rtmpPort, key })
  for (const tag of clip()) {
    const timestampMs = clock(tag)
    if (timestampMs !== undefined && !publisher.send(tag, timestampMs)) await publisher.drained()
  }
  await publisher.finish()
}

const recorded = async (ingest: IngestFixture): Promise<Journal> => {
  await ingest.event('stopped')
  await ingest.link.end('session1')
  const journal = await readJournal(join(ingest.recordingsDir, 'session1'))
  if (journal === undefined) throw new Error('nothing was recorded')
  return journal
}

const rises = (values: readonly number[]): boolean =>
  values.every((v, n) => n === 0 || v > (values[n - 1] ?? 0))

test.each<[string, (tag: Tag) => number | undefined, { runs: number; seconds: number }]>([
  ['of hour 5', ({ timestampMs }) => timestampMs + 5 * hour, { runs: 1, seconds: 12 }],
  [
    'of day 49, which wrap in the middle',
    ({ timestampMs }) => timestampMs + wrap - 6_000,
    { runs: 1, seconds: 12 },
  ],
  ['of day 50', ({ timestampMs }) => (timestampMs + 50 * 24 * hour) % wrap, { runs: 1, seconds: 12 }],
  // The step itself is a cut: what lay between is not there.
  [
    'that jump forward',
    (tag) => tag.timestampMs + (tag.timestampMs > 6_000 ? 2 * hour : 0),
    { runs: 1, seconds: 12 },
  ],
  [
    'that jump back',
    (tag) => tag.timestampMs + (tag.timestampMs > 6_000 ? 0 : 2 * hour),
    { runs: 1, seconds: 12 },
  ],
  ['of audio 200 ms ahead', (tag) => tag.timestampMs + (tag.type === 8 ? 0 : 200), { runs: 1, seconds: 12 }],
  [
    'with a gap of 30 s',
    (tag) => tag.timestampMs + (tag.timestampMs > 6_000 ? 30_000 : 0),
    { runs: 1, seconds: 12 },
  ],
])('timestamps %s lose nothing', async (_name, clock, wanted) => {
  await using ingest = await startIngest()
  await publish(ingest, clock)
  const { parts, runs } = await recorded(ingest)
  const seconds = parts.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000
  expect(seconds).toBeGreaterThan(wanted.seconds - 1.1)
  expect(seconds).toBeLessThan(wanted.seconds + 0.6)
  expect(rises(parts.map(({ mediaTimeMs }) => mediaTimeMs))).toBe(true)
  expect(rises(parts.map(({ pdtMs }) => pdtMs))).toBe(true)
  expect(runs.length).toBeGreaterThanOrEqual(wanted.runs)
  expect(parts.every(({ durationMs }) => durationMs < 600)).toBe(true)
})

// Needs the right to mount: a disk of its own that can be full.
test.skipIf(process.getuid?.() !== 0)('a disk that fills up ends the recording, not the live', async () => {
  const disk = mkdtempSync(join(tmpdir(), 'vireo-small-'))
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', disk]).status).toBe(0)
  try {
    await using ingest = await startIngest({ settings: { recordingsDir: disk } })
    const publisher = ingest.publish({ gop: 30 })
    await ingest.event('started')
    await until(() =>
      ingest.events.find(
        (event) => event.type === 'health' && event.health.warnings.includes('recording_stopped'),
      ),
    )
    // From memory the stream goes on for whoever watches.
    const first = await ingest.link.playlist('session1', 'll', {})
    const edge = ingest.link.edgeMediaTimeMs('session1') ?? 0
    await until(() => ((ingest.link.edgeMediaTimeMs('session1') ?? 0) > edge + 2_000 ? true : undefined))
    expect([first.status, publisher.process.exitCode]).toEqual([200, null])
    const ended = await ingest.link.end('session1')
    expect(ended?.recording?.stoppedEarly).toBe(true)
  } finally {
    spawnSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true, force: true })
  }
})

const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

test('five thousand idle connections cost little, go by themselves, and let a publisher in', async () => {
  await using ingest = await startIngest({ settings: { limits: { handshakeMs: 12_000 } } })
  const pid = ingest.process.pid ?? 0
  const before = residentMb(pid)
  // The bound per address is 256: they come from twenty.
  const crowd: Socket[] = []
  while (crowd.length < 5_000) {
    // Fewer at once than wait to be accepted: of those beyond, the kernel keeps some half open for good.
    const next = Array.from({ length: 250 }, (_, n) => {
      const localAddress = `127.0.1.${1 + (n % 20)}`
      return connect({ port: ingest.rtmpPort, host: '127.0.0.1', localAddress })
    })
    for (const socket of next) socket.on('error', () => undefined).resume()
    await until(() => (next.every((socket) => !socket.connecting) ? true : undefined), 40_000)
    crowd.push(...next)
  }
  await publish(ingest, ({ timestampMs }) => timestampMs)
  await ingest.event('stopped')
  expect(crowd.filter((socket) => !socket.closed).length).toBeGreaterThan(4_900)
  expect(residentMb(pid) - before).toBeLessThan(250)
  await until(() => (crowd.every((socket) => socket.closed || socket.destroyed) ? true : undefined), 40_000)
})

test('publishers with wrong keys by the hundred do not disturb who has the right one', async () => {
  await using ingest = await startIngest()
  const publisher = ingest.publish({ gop: 30 })
  await ingest.event('started')
  await ingest.link.playlist('session1', 'll', {})
  const edge = ingest.link.edgeMediaTimeMs('session1') ?? 0
  const refused = await Promise.allSettled(
    Array.from({ length: 200 }, () => publishRtmp({ port: ingest.rtmpPort, key: 'wrong-key' })),
  )
  const reasons = refused.map((one) => (one.status === 'rejected' ? String(one.reason) : 'published'))
  expect(new Set(reasons)).toEqual(new Set(['Error: NetStream.Publish.BadName']))
  await until(() => ((ingest.link.edgeMediaTimeMs('session1') ?? 0) > edge + 1_000 ? true : undefined))
  expect(ingest.link.timeline('session1')).toHaveLength(1)
  expect(publisher.process.exitCode).toBeNull()
})
