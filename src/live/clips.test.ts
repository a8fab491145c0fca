/** Clips: the last moments of a real stream become a video of whoever watched, with what was said there. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { OwnRoom } from '../../contract/live.ts'
import { createIngestLink, readJournal, replaySegments } from '../ingest/index.ts'
import { startIngest, until } from '../ingest/testing/ingest-fixture.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { silentLog } from '../platform/log/log.ts'
import { peaksOf } from '../danmaku/rules.ts'
import { createLiveApp } from './live.fixture.ts'

interface Clip {
  video_id: string
  from: number
  duration: number
}
interface Source {
  source: { room_id: string; from: number; replay_id: string | null } | null
}

describe.each(testDatabases())('clips on $name', ({ open }) => {
  it('are cut out of the running recording, from a keyframe on, and belong to who made them', async () => {
    await using db = await open()
    let keyed: ((key: string) => Promise<unknown>) | undefined
    await using ingest = await startIngest()
    await using app = await createLiveApp({
      db,
      directory: ingest.dir,
      openLink: (on) => {
        keyed = (streamKey) => on.authorise({ streamKey, app: 'live', address: '127.0.0.1' })
        return createIngestLink({
          address: join(ingest.dir, 'link.sock'),
          log: silentLog,
          clock: systemClock,
          ...on,
        })
      },
    })
    // The fixture's own link would refuse the key.
    await ingest.link.close()
    const [owner, viewer] = [await app.signUp(), await app.signUp()]
    const key = (await app.call<{ stream_key: string }>('POST', '/me/room/stream_key', owner)).data.stream_key
    expect(keyed).toBeDefined()
    const idle = await app.call('POST', `/live/${owner.roomId}/clips`, viewer, {})
    expect([idle.status, idle.error]).toEqual([409, 'room_not_live'])
    ingest.publish({ key, gop: 30 })
    const session = await until(async () => {
      const link = (await app.call<OwnRoom>('GET', '/me/room', owner)).data
      return link.state === 'live' ? link.session_id : undefined
    }, 40_000)
    const dir = join(ingest.recordingsDir, session ?? '')
    await until(
      async () => (((await readJournal(dir))?.parts.at(-1)?.mediaTimeMs ?? 0) > 9_000 ? true : undefined),
      60_000,
    )
    const writer = { id: owner.userId, nickname: 'x' }
    const looks = { color: '#ffffff', mode: 'scroll', size: 'normal' } as const
    await app.danmaku.write({ timelineId: session ?? '', ownerId: owner.userId }, writer, {
      text: 'now',
      mediaMs: 7_500,
      ...looks,
    })

    const clip = await app.call<Clip>('POST', `/live/${owner.roomId}/clips`, viewer, {
      length: 5,
      title: 'best',
    })
    expect(clip.status).toBe(200)
    expect(clip.data.duration).toBeGreaterThanOrEqual(5)
    // To the last keyframe before: a GOP is a second.
    expect(clip.data.duration).toBeLessThan(8)
    const [clipId, made] = [...app.replays].find(([, replay]) => replay.videoId === clip.data.video_id) ?? []
    expect(made).toMatchObject({ userId: viewer.userId, title: 'best', visibility: 'public' })
    const journal = await readJournal(join(ingest.recordingsDir, clipId ?? ''))
    if (journal === undefined) throw new Error('the clip has no recording')
    expect(journal.parts[0]).toMatchObject({ independent: true, mediaTimeMs: 0, bundle: 0 })
    expect(replaySegments(journal).length).toBeGreaterThan(0)
    const said = await app.danmaku.range(clipId ?? '', 0, undefined)
    const expected = 7_500 - clip.data.from * 1000
    if (expected >= 0) expect(said.map(({ media_time: at }) => at * 1000)).toEqual([Math.round(expected)])
    const source = (await app.call<Source>('GET', `/videos/${clip.data.video_id}/clip_source`)).data.source
    expect(source).toMatchObject({ room_id: owner.roomId, replay_id: null })
    expect(source?.from).toBeCloseTo(clip.data.from, 2)

    expect((await app.call('POST', `/live/${owner.roomId}/clips`, undefined, {})).status).toBe(401)
    expect((await app.call('POST', `/live/${owner.roomId}/clips`, viewer, { length: 61 })).status).toBe(400)
    const patched = await app.call<OwnRoom>('PATCH', '/me/room', owner, { clips: 'owner' })
    expect(patched.data.clips).toBe('owner')
    expect((await app.call('POST', `/live/${owner.roomId}/clips`, viewer, {})).error).toBe('forbidden')
    expect(
      (await app.call('POST', `/live/${owner.roomId}/clips`, owner, { length: 5, behind: 2 })).status,
    ).toBe(200)
    expect((await app.call<{ items: unknown[] }>('GET', `/live/${owner.roomId}/peaks`)).data.items).toEqual(
      [],
    )
  }, 150_000)
})

describe('peaks', () => {
  it('stand out from the rest, apart from each other, the most first', () => {
    const quiet = Array.from({ length: 40 }, (_, i) => ({ slot_ms: i * 5000, said: 1 }))
    const slots = quiet.map((slot) => ({ ...slot, said: { 10: 9, 11: 8, 30: 20 }[slot.slot_ms / 5000] ?? 1 }))
    expect(peaksOf(slots, 5, 30_000)).toEqual([
      { atMs: 150_000, said: 20 },
      { atMs: 50_000, said: 9 },
    ])
    expect(peaksOf(quiet, 5, 30_000)).toEqual([])
    expect(peaksOf([], 5, 30_000)).toEqual([])
  })
})
