/** The playlist of a whole running session: what was recorded, then the live window, counted alike. */
import { mkdtemp, rm, appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundleFile, followJournal, readJournal } from '../ingest/index.ts'
import { startIngest, until } from '../ingest/testing/ingest-fixture.ts'
import { readMediaPlaylist } from '../../tests/hls/media-playlist.ts'
import { createDvr } from './dvr.ts'
import { createRecordedSegments, dvrPlaylist } from './dvr-playlist.ts'

const live = (first: number, rest: string[]): string =>
  [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    '#EXT-X-TARGETDURATION:2',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
    '#EXT-X-DISCONTINUITY-SEQUENCE:1',
    ...rest,
    '',
  ].join('\n')

const part = (msn: number, index: number, offset: number, more: object = {}) => ({
  msn,
  part: index,
  init: 0,
  bundle: 0,
  offset,
  length: 100,
  durationMs: 1000,
  mediaTimeMs: (msn * 2 + index) * 1000,
  pdtMs: 1_700_000_000_000 + (msn * 2 + index) * 1000,
  independent: index === 0,
  discontinuity: false,
  ...more,
})
const inits = [{ n: 0, bundle: 0, offset: 0, length: 50, tracks: [] }]
const recordedOf = (parts: ReturnType<typeof part>[]) => {
  const recorded = createRecordedSegments()
  recorded.take({ parts, inits } as never)
  return recorded.segments
}
const uriOf = (bundle: number): string => `x/b${bundle}.mp4`

describe('looking back', () => {
  const whole = [part(0, 0, 50), part(0, 1, 150), part(1, 0, 250, { discontinuity: true }), part(1, 1, 350)]

  it('puts what was recorded in front and counts on', () => {
    const text = dvrPlaylist(
      live(2, ['#EXT-X-MAP:URI="init-0.mp4"', '#EXTINF:2,', 's2.mp4']),
      recordedOf(whole),
      uriOf,
    )
    const lines = text.split('\n')
    expect(lines).toContain('#EXT-X-MEDIA-SEQUENCE:0')
    // The one that stands in the recording is no longer before the playlist.
    expect(lines).toContain('#EXT-X-DISCONTINUITY-SEQUENCE:0')
    expect(lines.filter((line) => line === '#EXT-X-DISCONTINUITY')).toHaveLength(1)
    expect(text).toContain('#EXTINF:2,\n#EXT-X-BYTERANGE:200@50\nx/b0.mp4')
    expect(text).toContain('#EXT-X-MAP:URI="x/b0.mp4",BYTERANGE="50@0"')
    expect(text.indexOf('x/b0.mp4')).toBeLessThan(text.indexOf('s2.mp4'))
  })

  it('counts what a delta update leaves out', () => {
    const text = dvrPlaylist(
      live(2, ['#EXT-X-SKIP:SKIPPED-SEGMENTS=3', '#EXTINF:2,', 's5.mp4']),
      recordedOf(whole),
      uriOf,
    )
    expect(text).toContain('#EXT-X-SKIP:SKIPPED-SEGMENTS=5')
    expect(text).not.toContain('BYTERANGE')
  })

  it('leaves the window alone where the recording does not reach it, and marks what is torn', () => {
    const alone = live(4, ['#EXTINF:2,', 's4.mp4'])
    expect(dvrPlaylist(alone, recordedOf(whole), uriOf)).toBe(alone)
    const torn = dvrPlaylist(
      live(2, ['s2.mp4']),
      recordedOf([part(0, 0, 50), part(0, 1, 0, { bundle: 1 }), part(1, 0, 100)]),
      uriOf,
    )
    expect(torn).toContain('#EXT-X-GAP\n#EXTINF:2,')
    // A segment whose first frame is no keyframe takes the promise from all of them.
    const late = dvrPlaylist(live(1, ['s1.mp4']), recordedOf([part(0, 0, 50, { independent: false })]), uriOf)
    expect(late).not.toContain('#EXT-X-INDEPENDENT-SEGMENTS')
  })

  it('follows a journal that grows by halves of lines', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'vireo-follow-'))
    try {
      const follower = followJournal(dir)
      expect(await follower.read()).toBeUndefined()
      const file = join(dir, 'journal.jsonl')
      await appendFile(
        file,
        '{"t":"open","v":1,"sessionId":"s","roomId":"r","startedAtMs":1}\n{"t":"part","s":0,',
      )
      expect((await follower.read())?.parts).toHaveLength(0)
      await appendFile(file, '"p":0,"i":0,"b":0,"o":0,"l":9,"d":500,"m":0,"pdt":1}\n')
      const [first, second] = await Promise.all([follower.read(), follower.read()])
      expect(first?.parts).toHaveLength(1)
      expect(second).toBe(first)
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  })

  it('holds a real session from its first segment to its live edge', async () => {
    await using ingest = await startIngest()
    const dvr = createDvr({ recordingsDir: ingest.recordingsDir, now: () => Date.now() })
    ingest.publish({ gop: 30 })
    await ingest.event('started')
    const text = await until(async () => {
      const answer = await ingest.link.playlist('session1', 'll', {})
      if (answer.status !== 200) return undefined
      const own = answer.body.toString()
      if (/MEDIA-SEQUENCE:0$/m.test(own)) return undefined
      return dvr.extend('session1', own)
    }, 60_000)
    const playlist = readMediaPlaylist(text)
    expect(playlist.firstMsn).toBe(0)
    expect(playlist.hint).toBeDefined()
    for (const [i, segment] of playlist.segments.entries()) expect(segment.msn).toBe(i)
    // Each byte range is whole boxes: it begins with a fragment's header.
    const journal = await readJournal(join(ingest.recordingsDir, 'session1'))
    const [first] = journal?.parts ?? []
    expect(first && bundleFile(join(ingest.recordingsDir, 'session1'), first.bundle)).toContain('b0.mp4')
  }, 90_000)
})
