/** A real ingest process, a real link, real ffmpeg publishers. */
import { execFile } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import HLS from 'hls-parser'
import { expect, test } from 'vitest'
import { silentLog } from '../platform/log/log.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { bundleFile, createIngestLink, readJournal, recordedMs, replayPlaylist } from './index.ts'
import { startIngest, until } from './testing/ingest-fixture.ts'
import type { IngestFixture } from './testing/ingest-fixture.ts'

const execute = promisify(execFile)
const session = 'session1'

const playlistText = async (ingest: IngestFixture, kind: 'll' | 'plain', query = {}): Promise<string> => {
  const answer = await ingest.link.playlist(session, kind, query)
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.reason}`)
  return answer.body.toString()
}

const fileBytes = async (ingest: IngestFixture, name: string): Promise<Buffer> => {
  const answer = await ingest.link.file(session, name)
  if (answer.status !== 200) throw new Error(`${name}: ${answer.status}`)
  return answer.body
}

const probe = async (file: string): Promise<Record<string, unknown>[]> => {
  const { stdout } = await execute('ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', file])
  return (JSON.parse(stdout) as { streams: Record<string, unknown>[] }).streams
}

const sequenceOf = (text: string): number => Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1])
const lastHint = (text: string): [number, number] => {
  const match = /PRELOAD-HINT:TYPE=PART,URI="p(\d+)\.(\d+)\.mp4"/.exec(text)
  return [Number(match?.[1]), Number(match?.[2])]
}

test('a publish becomes playable, playlists follow the rules, the recording becomes a replay', async () => {
  await using ingest = await startIngest()
  const publisher = ingest.publish({ seconds: 7, gop: 30 })
  const started = await ingest.event('started')
  expect(started).toMatchObject({ sessionId: session, roomId: 'room1' })
  const first = await playlistText(ingest, 'll')
  expect(first).toContain('#EXT-X-TARGETDURATION:2')
  const [msn, part] = lastHint(first)
  const hinted = ingest.link.file(session, `p${msn}.${part}.mp4`)
  const blocked = await playlistText(ingest, 'll', { msn, part })
  expect(blocked).toContain(`URI="p${msn}.${part}.mp4"`)
  expect((await hinted).status).toBe(200)

  const plain = HLS.parse(await playlistText(ingest, 'plain'))
  expect(plain.isMasterPlaylist).toBe(false)
  expect(HLS.parse(blocked)).toMatchObject({
    targetDuration: 2,
    lowLatencyCompatibility: { canBlockReload: true },
  })
  expect((await ingest.link.playlist(session, 'll', { msn: msn + 20 })).status).toBe(400)
  expect((await ingest.link.playlist(session, 'll', { part: 0 })).status).toBe(400)
  expect((await ingest.link.playlist('other', 'll', {})).status).toBe(404)
  expect((await ingest.link.file(session, '../../etc/passwd')).status).toBe(404)
  expect((await ingest.link.file(session, 's999.mp4')).status).toBe(404)

  const clip = join(ingest.dir, 'clip.mp4')
  await writeFile(
    clip,
    Buffer.concat([await fileBytes(ingest, 'init-0.mp4'), await fileBytes(ingest, 's0.mp4')]),
  )
  expect(await probe(clip)).toMatchObject([
    { codec_name: 'h264', width: 320, height: 180 },
    { codec_name: 'aac', sample_rate: '48000' },
  ])
  const picture = await ingest.link.keyframe(session)
  await writeFile(clip, picture ?? Buffer.alloc(0))
  await execute('ffmpeg', ['-v', 'error', '-i', clip, '-frames:v', '1', '-f', 'null', '-'])

  const health = await ingest.event('health')
  expect(health.health).toMatchObject({
    video: { codec: 'h264', width: 320, height: 180 },
    audio: { codec: 'aac' },
  })
  await publisher.exited()
  const stopped = await ingest.event('stopped')
  expect(stopped.mediaDurationMs).toBeGreaterThan(6_500)
  expect(stopped.mediaDurationMs).toBeLessThan(7_500)
  const [edge, runs] = [ingest.link.edgeMediaTimeMs(session), ingest.link.timeline(session)]
  expect(Math.abs((edge ?? 0) - 7_000)).toBeLessThan(500)
  expect(runs).toHaveLength(1)
  expect(ingest.link.mediaTimeAt(session, (runs[0]?.pdtMs ?? 0) + 1_500)).toBeCloseTo(1_500, 0)

  const ended = await ingest.link.end(session)
  expect(ended?.recording).toMatchObject({ stoppedEarly: false, firstVideo: { codec: 'h264', width: 320 } })
  expect(await ingest.link.end(session)).toBeUndefined()
  expect(await playlistText(ingest, 'll')).toContain('#EXT-X-ENDLIST')
  expect(await readdir(join(ingest.dir, 'ingest'))).toEqual([])
  const dir = join(ingest.recordingsDir, session)
  const journal = await readJournal(dir)
  if (journal === undefined) throw new Error('no journal')
  expect(journal.ended).toBe(true)
  const replay = replayPlaylist(journal, (n) => bundleFile(dir, n))
  expect(HLS.parse(replay)).toMatchObject({ endlist: true })
  const replayFile = join(ingest.dir, 'replay.m3u8')
  await writeFile(replayFile, replay)
  const { stdout } = await execute('ffprobe', [
    ...['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', '-allowed_extensions', 'ALL'],
    replayFile,
  ])
  expect(Math.abs(Number(stdout) - 7)).toBeLessThan(0.5)
  const decoded = ['-v', 'error', '-allowed_extensions', 'ALL', '-i', replayFile, '-f', 'null', '-']
  expect((await execute('ffmpeg', decoded)).stderr).toBe('')
})

test('a publisher that was killed comes back into the same session', async () => {
  await using ingest = await startIngest()
  const first = ingest.publish()
  await ingest.event('started')
  const before = await playlistText(ingest, 'll')
  await until(() => ((ingest.link.edgeMediaTimeMs(session) ?? 0) > 3_000 ? true : undefined))
  await first.stop('SIGKILL')
  const vanished = await ingest.event('vanished')
  expect(ingest.link.publications()).toMatchObject([{ state: 'reconnecting' }])
  const away = await playlistText(ingest, 'll')
  expect(away).toContain('#EXT-X-PRELOAD-HINT')
  expect(away).not.toContain('ENDLIST')
  const [msn, part] = lastHint(away)
  const waiting = ingest.link.playlist(session, 'll', { msn, part })
  ingest.publish()
  await ingest.event('resumed')
  expect((await waiting).status).toBe(200)
  const after = await playlistText(ingest, 'll')
  expect(after).toContain('#EXT-X-DISCONTINUITY\n')
  expect(sequenceOf(after)).toBeGreaterThanOrEqual(sequenceOf(before))
  // The same codec configuration: no new init.
  expect(after).not.toContain('init-1.mp4')
  const runs = ingest.link.timeline(session)
  expect(runs).toHaveLength(2)
  expect(runs[1]?.mediaTimeMs).toBeCloseTo(vanished.mediaDurationMs, -1)
  expect(runs[1]?.pdtMs).toBeGreaterThan((runs[0]?.pdtMs ?? 0) + (runs[0]?.durationMs ?? 0))
  expect(ingest.events.filter((event) => event.type === 'started')).toHaveLength(1)
})

test('the newest publisher of a key takes over', async () => {
  await using ingest = await startIngest()
  const first = ingest.publish()
  await ingest.event('started')
  ingest.publish()
  await first.exited()
  const edge = ingest.link.edgeMediaTimeMs(session) ?? 0
  await playlistText(ingest, 'll')
  await until(() => ((ingest.link.edgeMediaTimeMs(session) ?? 0) > edge + 1_000 ? true : undefined))
  expect(ingest.events.filter((event) => event.type === 'vanished')).toEqual([])
  expect(ingest.logs.filter((line) => /took over/.test(String(line['msg'])))).toHaveLength(1)
})

test('an ingest that was killed goes on with the same numbers, time and recording', async () => {
  await using ingest = await startIngest()
  const first = ingest.publish()
  await ingest.event('started')
  await playlistText(ingest, 'll')
  await until(() => ((ingest.link.edgeMediaTimeMs(session) ?? 0) > 4_500 ? true : undefined))
  const [msnBefore] = lastHint(await playlistText(ingest, 'll'))
  const edgeBefore = ingest.link.edgeMediaTimeMs(session) ?? 0
  await ingest.kill('SIGKILL')
  await ingest.event('disconnected')
  await first.stop()
  const mark = ingest.events.length
  await ingest.start()
  const hello = await ingest.event('hello', mark)
  expect(hello.sessions).toMatchObject([{ sessionId: session, state: 'reconnecting' }])
  const last = ingest.publish({ seconds: 4 })
  await ingest.event('resumed', mark)
  const text = await playlistText(ingest, 'll')
  expect(text).toContain('#EXT-X-DISCONTINUITY\n')
  expect(lastHint(text)[0]).toBeGreaterThan(msnBefore)
  // What viewers had is still listed, so a player just goes on.
  expect(sequenceOf(text)).toBeLessThanOrEqual(msnBefore)
  await last.exited()
  await ingest.event('stopped', mark)
  const ended = await ingest.link.end(session)
  // Killed in the middle of a part: at most that one (and what the kill caught on its way) is missing.
  const recorded = ended?.recording?.durationMs ?? 0
  expect(recorded).toBeGreaterThan(edgeBefore + 4_000 - 1_100)
  const dir = join(ingest.recordingsDir, session)
  const journal = await readJournal(dir)
  if (journal === undefined) throw new Error('no journal')
  const times = journal.parts.map((item) => item.mediaTimeMs)
  expect(times).toEqual([...times].sort((a, b) => a - b))
  const numbers = journal.parts.map((item) => item.msn)
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  expect(recordedMs(journal)).toBeCloseTo(ended?.mediaDurationMs ?? 0, -2)
  const replay = replayPlaylist(journal, (n) => bundleFile(dir, n))
  expect(replay.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(1)
  const file = join(ingest.dir, 'replay.m3u8')
  await writeFile(file, replay)
  await execute('ffmpeg', ['-v', 'error', '-allowed_extensions', 'ALL', '-i', file, '-f', 'null', '-'])
})

test('publishing and recording go on while the API is away', async () => {
  await using ingest = await startIngest()
  const publisher = ingest.publish({ seconds: 5 })
  await ingest.event('started')
  await ingest.link.close()
  await publisher.exited()
  const events: string[] = []
  const link = createIngestLink({
    address: join(ingest.dir, 'link.sock'),
    log: silentLog,
    clock: systemClock,
    authorise: () => Promise.resolve({ ok: false, reason: 'no' }),
    onEvent: (event) => events.push(event.type),
  })
  await until(() => (link.connected && link.publications()[0]?.state === 'stopped' ? true : undefined))
  const answer = await link.playlist(session, 'plain', {})
  expect(answer.status).toBe(200)
  const ended = await link.end(session)
  expect(Math.abs((ended?.recording?.durationMs ?? 0) - 5_000)).toBeLessThan(500)
  expect(events.slice(0, 1)).toEqual(['hello'])
  await link.close()
})

test('over TCP only who knows the secret gets in', async () => {
  const settings = { linkAddress: '127.0.0.1:0', linkSecret: 'right' }
  await using ingest = await startIngest({ settings })
  const address = `127.0.0.1:${String(ingest.logs.find((line) => 'linkPort' in line)?.['linkPort'])}`
  const common = { address, log: silentLog, clock: systemClock, onEvent: () => undefined }
  const authorise = (): Promise<{ ok: false; reason: string }> => Promise.resolve({ ok: false, reason: 'no' })
  const wrong = createIngestLink({ ...common, secret: 'wrong', authorise })
  const right = createIngestLink({ ...common, secret: 'right', authorise })
  await until(() => (right.connected ? true : undefined))
  await until(() => ingest.logs.find((line) => line['msg'] === 'link closed: the secret is wrong'))
  expect(wrong.connected).toBe(false)
  await Promise.all([wrong.close(), right.close()])
})

test('a publisher waits for an API that is coming back, and hears no when none comes', async () => {
  await using ingest = await startIngest()
  await ingest.link.close()
  const publisher = ingest.publish()
  const events: string[] = []
  const link = createIngestLink({
    address: join(ingest.dir, 'link.sock'),
    log: silentLog,
    clock: systemClock,
    authorise: () =>
      Promise.resolve({ ok: true, roomId: 'r', sessionId: session, record: false, recordingQuotaBytes: 0 }),
    onEvent: (event) => events.push(event.type),
  })
  await until(() => (events.includes('started') ? true : undefined))
  // Nobody watches here, yet danmaku can be placed.
  await until(() => ((link.edgeMediaTimeMs(session) ?? 0) > 0 ? true : undefined))
  expect(link.timeline(session)).toHaveLength(1)
  await publisher.stop()
  await link.close()
  const late = ingest.publish()
  expect(await late.exited()).not.toBe(0)
  expect(ingest.logs.some((line) => /refused: authorisation/.test(String(line['msg'])))).toBe(true)
})

test('a wrong key ends the publisher and stores nothing', async () => {
  await using ingest = await startIngest()
  const publisher = ingest.publish({ key: 'bad-key' })
  expect(await publisher.exited()).not.toBe(0)
  await until(() => ingest.logs.find((line) => line['msg'] === 'closed: refused: stream_key_wrong'))
  await expect(stat(join(ingest.recordingsDir, session))).rejects.toThrow('ENOENT')
  expect(ingest.link.publications()).toEqual([])
})

test('cut ends the publication, not the session; SIGTERM ends the process and keeps the session', async () => {
  await using ingest = await startIngest()
  const publisher = ingest.publish()
  await ingest.event('started')
  ingest.link.cut(session, 'the key was rotated')
  await ingest.event('vanished')
  expect(await publisher.exited()).not.toBe(0)
  ingest.publish()
  await ingest.event('resumed')
  expect(await ingest.kill('SIGTERM')).toBe(0)
  const journal = await readJournal(join(ingest.recordingsDir, session))
  expect(journal?.ended).toBe(false)
  const size = journal?.parts
    .filter((part) => part.bundle === 0)
    .reduce((end, p) => Math.max(end, p.offset + p.length), 0)
  expect((await stat(bundleFile(join(ingest.recordingsDir, session), 0))).size).toBe(size)
})

test('a publisher that stands still without hanging up has vanished', async () => {
  await using ingest = await startIngest({ settings: { limits: { idleMs: 1_500 } } })
  const publisher = ingest.publish()
  await ingest.event('started')
  publisher.process.kill('SIGSTOP')
  await ingest.event('vanished')
  expect(ingest.logs.some((line) => line['msg'] === 'closed: no bytes from the publisher')).toBe(true)
  publisher.process.kill('SIGCONT')
})

test('a quota ends the recording, not the live', async () => {
  await using ingest = await startIngest({
    authorise: () => ({
      ok: true,
      roomId: 'r',
      sessionId: session,
      record: true,
      recordingQuotaBytes: 60_000,
    }),
  })
  ingest.publish()
  await ingest.event('started')
  await until(() => ingest.logs.find((line) => line['msg'] === 'recording stopped, live goes on'))
  const edge = ingest.link.edgeMediaTimeMs(session) ?? 0
  await playlistText(ingest, 'll')
  await until(() => ((ingest.link.edgeMediaTimeMs(session) ?? 0) > edge + 1_000 ? true : undefined))
  const ended = await ingest.link.end(session)
  expect(ended?.recording).toMatchObject({ stoppedEarly: true })
  expect(ended?.recording?.bytes).toBeLessThanOrEqual(60_000)
})

test('without recording a killed ingest still never counts backwards', async () => {
  await using ingest = await startIngest({
    authorise: () => ({ ok: true, roomId: 'r', sessionId: session, record: false, recordingQuotaBytes: 1 }),
  })
  const first = ingest.publish()
  await ingest.event('started')
  const [msn] = lastHint(await playlistText(ingest, 'll'))
  const edge = ingest.link.edgeMediaTimeMs(session) ?? 0
  await ingest.kill('SIGKILL')
  await first.stop()
  const mark = ingest.events.length
  await ingest.start()
  ingest.publish()
  await ingest.event('resumed', mark)
  const text = await playlistText(ingest, 'll')
  expect(lastHint(text)[0]).toBeGreaterThanOrEqual(msn)
  expect(ingest.link.edgeMediaTimeMs(session)).toBeGreaterThan(edge)
  await expect(readFile(join(ingest.recordingsDir, session, 'journal.jsonl'))).rejects.toThrow('ENOENT')
})

test.each([
  ['video only', { audio: false }, 'no_audio', ['h264']],
  ['audio only', { video: false }, 'no_video', ['aac']],
] as const)('%s is played', async (_name, wanted, warning, codecs) => {
  await using ingest = await startIngest()
  ingest.publish(wanted)
  await ingest.event('started')
  const text = await playlistText(ingest, 'll', { msn: 1 })
  expect(text).toContain('#EXT-X-INDEPENDENT-SEGMENTS')
  const clip = join(ingest.dir, 'clip.mp4')
  await writeFile(
    clip,
    Buffer.concat([await fileBytes(ingest, 'init-0.mp4'), await fileBytes(ingest, 's0.mp4')]),
  )
  expect((await probe(clip)).map((stream) => stream['codec_name'])).toEqual(codecs)
  await until(() =>
    ingest.events.find((event) => event.type === 'health' && event.health.warnings.includes(warning)),
  )
})

test('hostile connections close alone, each with one line', async () => {
  await using ingest = await startIngest({ settings: { limits: { handshakeMs: 600, preAuthMs: 1_500 } } })
  const publisher = ingest.publish()
  await ingest.event('started')
  const handshake = Buffer.concat([Buffer.from([3]), Buffer.alloc(1536)])
  const giant = Buffer.concat([
    handshake,
    Buffer.alloc(1536),
    Buffer.from([3, 0, 0, 0, 255, 255, 255, 20, 0, 0, 0, 0]),
  ])
  const flood = Buffer.concat([handshake, Buffer.alloc(1536), Buffer.alloc(4_000_000, 0x42)])
  const attacks: [Buffer, RegExp][] = [
    [Buffer.from('GET / HTTP/1.1\r\n\r\n'), /not RTMP/],
    [Buffer.from([3, 1, 2]), /handshake took too long/],
    [Buffer.alloc(0), /handshake took too long/],
    [giant, /too long/],
    [flood, /too many bytes|too long/],
    [Buffer.concat([handshake, Buffer.alloc(1536)]), /no publish in time/],
  ]
  const before = ingest.logs.length
  await Promise.all(
    attacks.map(
      ([bytes]) =>
        new Promise<void>((resolve) => {
          const socket = connect(ingest.rtmpPort, '127.0.0.1', () => socket.write(bytes))
          socket.on('error', () => undefined)
          socket.on('data', () => undefined)
          socket.on('close', () => resolve())
        }),
    ),
  )
  const lines = await until(() => {
    const closed = ingest.logs.slice(before).filter((line) => String(line['msg']).startsWith('closed: '))
    return closed.length >= attacks.length ? closed : undefined
  })
  expect(lines).toHaveLength(attacks.length)
  for (const [, wanted] of attacks) expect(lines.some((line) => wanted.test(String(line['msg'])))).toBe(true)
  const edge = ingest.link.edgeMediaTimeMs(session) ?? 0
  await playlistText(ingest, 'll')
  await until(() => ((ingest.link.edgeMediaTimeMs(session) ?? 0) > edge + 500 ? true : undefined))
  expect(publisher.process.exitCode).toBeNull()
})
