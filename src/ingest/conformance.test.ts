/** Every playlist and every file of real streams against RFC 8216bis and two foreign parsers. */
import { describe, expect, test } from 'vitest'
import { watchConformance } from '../../tests/hls/watch.ts'
import type { Door } from '../../tests/hls/watch.ts'
import { startIngest } from './testing/ingest-fixture.ts'
import type { IngestFixture } from './testing/ingest-fixture.ts'

const doorOf = ({ link }: IngestFixture, sessionId = 'session1'): Door => ({
  async playlist(kind, query) {
    const answer = await link.playlist(sessionId, kind, query)
    return { status: answer.status, body: Buffer.from(answer.status === 200 ? answer.body : '') }
  },
  async file(name) {
    const answer = await link.file(sessionId, name)
    return { status: answer.status, body: answer.status === 200 ? answer.body : Buffer.alloc(0) }
  },
})

// Each file is read by two parsers, which takes as long as the machine lets it.
describe('a stream keeps every obligation', { timeout: 180_000 }, () => {
  test.each([
    ['with a keyframe every 2 s and B-frames', { gop: 60, seconds: 14 }],
    ['with a keyframe every 250 frames', { gop: 250, seconds: 18 }],
    ['of audio alone', { video: false, seconds: 10 }],
    ['of video alone', { audio: false, gop: 30, seconds: 10 }],
  ])('%s', async (_name, publisher) => {
    await using ingest = await startIngest()
    const encoder = ingest.publish({ size: '160x90', ...publisher })
    await ingest.event('started')
    void ingest
      .event('stopped')
      .then(() => ingest.link.end('session1'))
      .catch(() => undefined)
    const watched = await watchConformance(doorOf(ingest), () => false)
    expect(watched.broken).toEqual([])
    expect(watched.parts).toBeGreaterThan(publisher.seconds * 1.7)
    expect(watched.segments).toBeGreaterThan(publisher.seconds / 4.5)
    expect(watched.refused).toBeGreaterThan(2)
    expect(watched.deltas).toBeGreaterThan(3)
    expect(await encoder.exited()).toBe(0)
  })

  test('whose publisher is killed and comes back', async () => {
    await using ingest = await startIngest()
    const first = ingest.publish({ size: '160x90', gop: 30 })
    await ingest.event('started')
    const watching = watchConformance(doorOf(ingest), () => false)
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    await first.stop('SIGKILL')
    await ingest.event('vanished')
    // With other pictures: the configuration changes too.
    const second = ingest.publish({ size: '320x180', gop: 30, seconds: 5 })
    await ingest.event('resumed')
    await second.exited()
    await ingest.event('stopped')
    await ingest.link.end('session1')
    const watched = await watching
    expect(watched.broken).toEqual([])
    expect(watched.discontinuities).toBe(1)
  })
})
