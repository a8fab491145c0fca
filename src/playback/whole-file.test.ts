/** A recording as one file: its index, its ranges, and what ffprobe makes of it. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { recordedMs, readJournal } from '../ingest/index.ts'
import { startIngest, until } from '../ingest/testing/ingest-fixture.ts'
import type { ByteSource } from '../platform/http/ranges.ts'
import { wholeFile } from './whole-file.ts'

const read = async (source: ByteSource, start: number, end: number): Promise<Buffer> =>
  Buffer.concat((await ((await source.open(start, end)) as Readable).toArray()) as Buffer[])

it('is one MP4 with its length known, readable in any stretch', async () => {
  await using ingest = await startIngest()
  const dir = await mkdtemp(join(tmpdir(), 'vireo-whole-'))
  try {
    const publisher = ingest.publish({ seconds: 6 })
    await publisher.exited()
    const recording = join(ingest.recordingsDir, 'session1')
    await until(
      async () => (recordedMs((await readJournal(recording)) ?? never()) > 4_000 ? true : undefined),
      60_000,
    )
    await ingest.link.end('session1')
    const source = (await wholeFile(recording, 'v')) ?? never()
    const whole = await read(source, 0, source.sizeBytes - 1)
    expect(whole.length).toBe(source.sizeBytes)
    for (const [start, end] of [
      [0, 0],
      [900, 5_000],
      [source.sizeBytes - 7, source.sizeBytes - 1],
    ] as const)
      expect((await read(source, start, end)).equals(whole.subarray(start, end + 1))).toBe(true)
    const file = join(dir, 'whole.mp4')
    await writeFile(file, whole)
    const { stdout } = await promisify(execFile)('ffprobe', [
      ...['-v', 'error', '-count_packets', '-of', 'json'],
      ...['-show_entries', 'stream=codec_name,duration,nb_read_packets', file],
    ])
    const probed = JSON.parse(stdout) as {
      streams: { codec_name: string; duration: string; nb_read_packets: string }[]
    }
    expect(probed.streams.map(({ codec_name: name }) => name).sort()).toEqual(['aac', 'h264'])
    const expected = recordedMs((await readJournal(recording)) ?? never()) / 1000
    // Every frame of every fragment is found: thirty a second.
    const [video] = probed.streams.filter(({ codec_name: name }) => name === 'h264')
    expect(Math.abs(Number(video?.duration) - expected)).toBeLessThan(0.2)
    expect(Math.abs(Number(video?.nb_read_packets) - expected * 30)).toBeLessThan(3)
    expect(await wholeFile(dir, 'v')).toBeUndefined()
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}, 120_000)

const never = (): never => {
  throw new Error('it is not there')
}
