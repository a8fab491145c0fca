/** What real encoders send: captures of FFmpeg 8 speaking Enhanced RTMP, and GStreamer, through a real ingest. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { readFlv } from '../../tests/rtmp/flv.ts'
import type { Tag } from '../../tests/rtmp/flv.ts'
import { publishRtmp } from '../../tests/rtmp/publisher.ts'
import { bundleFile, readJournal, replayPlaylist } from './index.ts'
import { startIngest } from './testing/ingest-fixture.ts'
import type { IngestFixture } from './testing/ingest-fixture.ts'

const execute = promisify(execFile)

const capture = (name: string): Tag[] => readFlv(readFileSync(`tests/fixtures/enhanced/${name}.flv`))

/** As fast as the socket takes it: media time is what timestamps say. */
const publish = async (ingest: IngestFixture, tags: readonly Tag[]): Promise<void> => {
  const publisher = await publishRtmp({ port: ingest.rtmpPort, key: 'good-key' })
  for (const tag of tags) if (!publisher.send(tag)) await publisher.drained()
  await publisher.finish()
}

interface Decoded {
  streams: { codec_name: string; nb_read_frames: string; width?: number }[]
}

/** The replay as ffmpeg decodes it; anything that it complains about fails. */
const decodeReplay = async (ingest: IngestFixture): Promise<Decoded['streams']> => {
  await ingest.link.end('session1')
  const dir = join(ingest.recordingsDir, 'session1')
  const journal = await readJournal(dir)
  if (journal === undefined) throw new Error('nothing was recorded')
  const file = join(ingest.dir, 'replay.m3u8')
  await writeFile(
    file,
    replayPlaylist(journal, (n) => bundleFile(dir, n)),
  )
  const { stdout, stderr } = await execute('ffprobe', [
    ...['-v', 'error', '-count_frames', '-show_entries', 'stream=codec_name,nb_read_frames,width'],
    ...['-of', 'json', '-allowed_extensions', 'ALL', file],
  ])
  expect(stderr).toBe('')
  return (JSON.parse(stdout) as Decoded).streams
}

test.each([
  ['hevc-opus', [{ codec_name: 'hevc', width: 320 }, { codec_name: 'opus' }]],
  ['av1-aac', [{ codec_name: 'av1', width: 320 }, { codec_name: 'aac' }]],
  ['vp9-opus', [{ codec_name: 'vp9', width: 320 }, { codec_name: 'opus' }]],
])('%s as FFmpeg 8 sends it is played frame by frame', async (name, streams) => {
  await using ingest = await startIngest()
  await publish(ingest, capture(name))
  await ingest.event('started')
  await ingest.event('stopped')
  const decoded = await decodeReplay(ingest)
  expect(decoded).toMatchObject(streams)
  expect(Number(decoded[0]?.nb_read_frames)).toBeGreaterThan(145)
})

test('ModEx in front of every frame changes nothing', async () => {
  await using ingest = await startIngest()
  // A nanosecond offset, Enhanced RTMP v2: ModEx type 0 with three bytes, then the packet as it was.
  const wrapped = capture('hevc-opus').map((tag) => {
    const first = tag.body[0] ?? 0
    if (tag.type !== 9 || (first & 0x80) === 0) return tag
    const prefix = Buffer.from([(first & 0xf0) | 7, 2, 0, 0, 42, first & 15])
    return { ...tag, body: Buffer.concat([prefix, tag.body.subarray(1)]) }
  })
  await publish(ingest, wrapped)
  await ingest.event('stopped')
  const [video] = await decodeReplay(ingest)
  expect(Number(video?.nb_read_frames)).toBeGreaterThan(145)
})

test('a codec that changes in mid-stream goes on behind a discontinuity', async () => {
  await using ingest = await startIngest()
  const publisher = await publishRtmp({ port: ingest.rtmpPort, key: 'good-key' })
  const [first, second] = [capture('vp9-opus'), capture('hevc-opus')]
  for (const tag of first) if (!publisher.send(tag)) await publisher.drained()
  const shiftMs = (first.findLast(({ type }) => type === 9)?.timestampMs ?? 0) + 33
  for (const tag of second) if (!publisher.send(tag, tag.timestampMs + shiftMs)) await publisher.drained()
  await publisher.finish()
  await ingest.event('stopped')
  await ingest.link.end('session1')
  const journal = await readJournal(join(ingest.recordingsDir, 'session1'))
  const codecs = journal?.inits.map(({ tracks }) => tracks.map(({ codec }) => codec).join('+'))
  expect(codecs).toEqual(['vp9+opus', 'h265+opus'])
  expect(journal?.parts.filter(({ discontinuity, part }) => discontinuity && part === 0)).toHaveLength(1)
  const runs = journal?.runs ?? []
  expect(runs.reduce((sum, run) => sum + run.durationMs, 0)).toBeGreaterThan(9_800)
})

test.each(['rtmpsink', 'rtmp2sink'])('GStreamer publishes through %s', async (sink) => {
  await using ingest = await startIngest()
  const location = `rtmp://127.0.0.1:${ingest.rtmpPort}/live/good-key`
  const pipeline = [
    ...[
      'videotestsrc',
      'num-buffers=180',
      'is-live=true',
      '!',
      'video/x-raw,width=320,height=180,framerate=30/1',
    ],
    ...['!', 'x264enc', 'speed-preset=ultrafast', 'key-int-max=30', 'bframes=0', '!', 'h264parse'],
    ...['!', 'flvmux', 'name=mux', 'streamable=true', '!', sink, `location=${location}`],
    ...['audiotestsrc', 'num-buffers=280', 'is-live=true', '!', 'audioconvert', '!', 'voaacenc', '!', 'mux.'],
  ]
  const child = spawn('gst-launch-1.0', ['-e', ...pipeline], { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (bytes: Buffer) => (complaints += bytes.toString()))
  await ingest.event('started')
  const [code] = (await once(child, 'exit')) as [number | null]
  expect([code, complaints]).toEqual([0, complaints])
  const decoded = await decodeReplay(ingest)
  expect(decoded).toMatchObject([{ codec_name: 'h264', width: 320 }, { codec_name: 'aac' }])
  expect(Number(decoded[0]?.nb_read_frames)).toBeGreaterThan(150)
})
