/** The life of a live session: every transition by time and by what ingest says, on a clock that is moved by hand. */
import { describe, expect, it } from 'vitest'
import type { DataOf } from '../../contract/endpoint.ts'
import type { getMyHealth, OwnRoom, Room } from '../../contract/live.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { testDatabases } from '../platform/db/testing.ts'
import type { Db } from '../platform/db/db.ts'
import { createLiveApp, createPlayedIngest } from './live.fixture.ts'
import type { LiveApp, Person } from './live.fixture.ts'

const startMs = Date.parse('2026-05-01T10:00:00.000Z')

const setUp = async (db: Db) => {
  const clock = createManualClock(startMs)
  const ingest = createPlayedIngest(clock)
  const app = await createLiveApp({ db, clock, openLink: ingest.openLink })
  const owner = await app.signUp()
  const key = await keyOf(app, owner)
  return { clock, ingest, app, owner, key }
}

const keyOf = async (app: LiveApp, owner: Person): Promise<string> =>
  (await app.call<{ stream_key: string }>('POST', '/me/room/stream_key', owner)).data.stream_key

const roomOf = async (app: LiveApp, owner: Person): Promise<Room> =>
  (await app.call<Room>('GET', `/live/${owner.roomId}`, owner)).data

const publish = async ({ ingest, key }: Awaited<ReturnType<typeof setUp>>): Promise<string> => {
  const answer = await ingest.authorise(key)
  if (!answer.ok) throw new Error(answer.reason)
  await ingest.tell(answer.sessionId, 'started')
  return answer.sessionId
}

const eventsIn = async (db: Db): Promise<string[]> =>
  (await db.selectFrom('event').select(['type']).where('type', 'like', 'live.%').orderBy('id').execute()).map(
    ({ type }) => type,
  )

describe.each(testDatabases())('live sessions on $name', ({ open }) => {
  it('go from first publish over a clean end to a replay and an end', async () => {
    await using db = await open()
    const set = await setUp(db)
    const { app, ingest, owner, clock } = set
    await using _app = app
    const id = await publish(set)
    expect(await roomOf(app, owner)).toMatchObject({
      state: 'live',
      session_id: id,
      started_at: '2026-05-01T10:00:00.000Z',
      play: {
        ll_hls: `/play/live/${owner.roomId}/ll.m3u8`,
        hls: `/play/live/${owner.roomId}/live.m3u8`,
        dvr: `/play/live/${owner.roomId}/dvr.m3u8`,
      },
    })
    clock.advance(30_000)
    await ingest.tell(id, 'stopped', 30_000.333)
    expect(app.replays.get(id)).toMatchObject({ mediaMs: 30_000, final: false, visibility: 'private' })
    const idle = await roomOf(app, owner)
    expect(idle).toMatchObject({ state: 'idle', play: null, session_id: null })
    expect(idle.last_session).toEqual({ id, video_id: app.replays.get(id)?.videoId })
    // To others a private replay does not exist.
    const foreign = await app.call<Room>('GET', `/live/${owner.roomId}`)
    expect(foreign.data.last_session).toEqual({ id, video_id: null })
    clock.advance(60_000)
    await app.live.sessions.sweep()
    expect(ingest.ended).toEqual([id])
    expect(app.replays.get(id)).toMatchObject({ final: true, puts: 2 })
    expect(await eventsIn(db)).toEqual(['live.started', 'live.ended'])
    // Again changes nothing.
    await app.live.sessions.sweep()
    expect(app.replays.get(id)?.puts).toBe(2)
  })

  it('say reconnecting until when, go on with a publisher who is back, and end without one', async () => {
    await using db = await open()
    const set = await setUp(db)
    const { app, ingest, owner, clock, key } = set
    await using _app = app
    const id = await publish(set)
    await ingest.tell(id, 'vanished', 20_000)
    expect(await roomOf(app, owner)).toMatchObject({
      state: 'reconnecting',
      session_id: id,
      reconnect_until: '2026-05-01T10:01:00.000Z',
    })
    clock.advance(59_000)
    await app.live.sessions.sweep()
    expect(await ingest.authorise(key)).toMatchObject({ ok: true, sessionId: id })
    clock.advance(2_000)
    await app.live.sessions.sweep()
    await ingest.tell(id, 'resumed')
    expect(await roomOf(app, owner)).toMatchObject({ state: 'live', session_id: id, reconnect_until: null })
    await ingest.tell(id, 'vanished', 40_000)
    clock.advance(60_001)
    await app.live.sessions.sweep()
    expect(await roomOf(app, owner)).toMatchObject({ state: 'idle' })
    expect(app.replays.get(id)).toMatchObject({ mediaMs: 40_000, final: true })
    const next = await ingest.authorise(key)
    expect(next.ok && next.sessionId).not.toBe(id)
    expect(await eventsIn(db)).toEqual(['live.started', 'live.ended'])
  })

  it('extend the same replay when the publisher is back after a clean end', async () => {
    await using db = await open()
    const set = await setUp(db)
    const { app, ingest, clock, key } = set
    await using _app = app
    const id = await publish(set)
    await ingest.tell(id, 'stopped', 15_000)
    clock.advance(20_000)
    expect(await ingest.authorise(key)).toMatchObject({ sessionId: id })
    await ingest.tell(id, 'resumed')
    await ingest.tell(id, 'stopped', 33_000)
    expect(app.replays.get(id)).toMatchObject({ mediaMs: 33_000, puts: 2, final: false })
  })

  it('are ended for good by their owner; the next publish is another one', async () => {
    await using db = await open()
    const set = await setUp(db)
    const { app, ingest, owner, key } = set
    await using _app = app
    expect(await app.call('POST', '/me/room/end', owner)).toMatchObject({
      status: 409,
      error: 'room_not_live',
    })
    const id = await publish(set)
    ingest.publications.set(id, { ...ingest.publications.get(id)!, mediaDurationMs: 12_000 })
    const ended = await app.call<{ video_id: string }>('POST', '/me/room/end', owner, {})
    expect(ended).toMatchObject({ status: 200, data: { video_id: app.replays.get(id)?.videoId } })
    expect(ingest.ended).toEqual([id])
    const next = await ingest.authorise(key)
    expect(next.ok && next.sessionId).not.toBe(id)
  })

  it('leave no replay when short or not wanted; the recording is deleted after its days', async () => {
    await using db = await open()
    const set = await setUp(db)
    const { app, ingest, owner, clock } = set
    await using _app = app
    const short = await publish(set)
    await ingest.tell(short, 'stopped', 9_999)
    clock.advance(61_000)
    await app.live.sessions.sweep()
    await app.call('PATCH', '/me/room', owner, { replay: 'none' })
    const unwanted = await publish(set)
    await ingest.tell(unwanted, 'stopped', 99_999)
    clock.advance(61_000)
    await app.live.sessions.sweep()
    expect(app.replays.size).toBe(0)
    await app.live.dropRecordings()
    expect(app.deletedRecordings).toEqual([])
    clock.advance(7 * 24 * 3600_000)
    await app.live.dropRecordings()
    expect(app.deletedRecordings.sort()).toEqual([short, unwanted].sort())
    await app.live.dropRecordings()
    expect(app.deletedRecordings).toHaveLength(2)
  })

  it('come out right whatever an API that was away has missed', async () => {
    await using db = await open()
    const set = await setUp(db)
    const { app, ingest, owner, clock } = set
    await using _app = app
    const id = await publish(set)
    const hello = async (state?: 'live' | 'reconnecting' | 'stopped'): Promise<void> => {
      const known = ingest.publications.get(id)
      if (state === undefined) ingest.publications.delete(id)
      else ingest.publications.set(id, { ...known!, state, mediaDurationMs: 50_000 })
      ingest.event({ type: 'hello', sessions: [...ingest.publications.values()] })
      await ingest.settled()
    }
    await hello('live')
    expect(await roomOf(app, owner)).toMatchObject({ state: 'live', session_id: id })
    clock.advance(5_000)
    await hello('reconnecting')
    expect(await roomOf(app, owner)).toMatchObject({
      state: 'reconnecting',
      reconnect_until: '2026-05-01T10:01:05.000Z',
    })
    clock.advance(5_000)
    // Said again, the wait does not begin anew.
    await hello('reconnecting')
    expect(await roomOf(app, owner)).toMatchObject({ reconnect_until: '2026-05-01T10:01:05.000Z' })
    await hello('stopped')
    expect(await roomOf(app, owner)).toMatchObject({ state: 'idle' })
    expect(app.replays.get(id)).toMatchObject({ mediaMs: 50_000 })
    await hello('live')
    expect(await roomOf(app, owner)).toMatchObject({ state: 'live', session_id: id })
    await hello()
    expect(await roomOf(app, owner)).toMatchObject({ state: 'idle' })
    expect(app.replays.get(id)).toMatchObject({ final: true })
    expect(await eventsIn(db)).toEqual(['live.started', 'live.ended'])
  })

  it('are settled as soon as ingest can be reached again', async () => {
    await using db = await open()
    const set = await setUp(db)
    const { app, ingest, owner, clock } = set
    await using _app = app
    const id = await publish(set)
    await ingest.tell(id, 'vanished', 30_000)
    ingest.state.reachable = false
    clock.advance(60_001)
    await app.live.sessions.sweep()
    expect(await roomOf(app, owner)).toMatchObject({ state: 'idle' })
    expect(await eventsIn(db)).toEqual(['live.started'])
    ingest.state.reachable = true
    await app.live.sessions.sweep()
    expect(await eventsIn(db)).toEqual(['live.started', 'live.ended'])
    expect(app.replays.get(id)).toMatchObject({ final: true })
  })

  it('that never showed anything leave nothing', async () => {
    await using db = await open()
    const { app, ingest, owner, key } = await setUp(db)
    await using _app = app
    const answer = await ingest.authorise(key)
    const sessionId = answer.ok ? answer.sessionId : ''
    expect(await roomOf(app, owner)).toMatchObject({ state: 'idle', last_session: null })
    const base = { sessionId, roomId: owner.roomId, atMs: startMs }
    ingest.event({ ...base, type: 'ended', mediaDurationMs: 0, recording: null })
    await ingest.settled()
    expect(await db.selectFrom('live_session').selectAll().execute()).toEqual([])
    expect(await eventsIn(db)).toEqual([])
  })

  it('are one, however many publishers ask at once', async () => {
    await using db = await open()
    const { app, ingest, key } = await setUp(db)
    await using _app = app
    const answers = await Promise.all(Array.from({ length: 20 }, () => ingest.authorise(key)))
    const ids = new Set(answers.map((answer) => (answer.ok ? answer.sessionId : answer.reason)))
    expect(ids.size).toBe(1)
    expect(await db.selectFrom('live_session').select('id').execute()).toHaveLength(1)
  })

  it('are refused for wrong keys, old keys, other applications and banned users, who are also cut', async () => {
    await using db = await open()
    const set = await setUp(db)
    const { app, ingest, owner, key } = set
    await using _app = app
    const { stream_key: stored } = await db
      .selectFrom('room')
      .select('stream_key_hash as stream_key')
      .executeTakeFirstOrThrow()
    expect(key.length).toBeGreaterThanOrEqual(22)
    expect(stored).not.toContain(key)
    for (const wrong of ['', 'x', key.slice(1), `${key} `, "' or 1=1 --", stored ?? '']) {
      expect(await ingest.authorise(wrong)).toMatchObject({ ok: false })
    }
    expect(await ingest.authorise(key, 'other')).toMatchObject({ ok: false })
    const id = await publish(set)
    const newKey = await keyOf(app, owner)
    expect(ingest.cuts).toEqual([id])
    expect(await ingest.authorise(key)).toMatchObject({ ok: false })
    await app.call('POST', '/me/room/stream_key', owner, { cut: false })
    expect(ingest.cuts).toEqual([id])
    const lastKey = await keyOf(app, owner)
    expect(await ingest.authorise(newKey)).toMatchObject({ ok: false })
    await db.updateTable('user').set({ banned_ms: 1 }).where('id', '=', owner.userId).execute()
    expect(await ingest.authorise(lastKey)).toMatchObject({ ok: false })
    await app.live.sessions.cutBanned()
    expect(ingest.ended).toEqual([id])
  })

  it('show the health of the incoming stream for six seconds', async () => {
    await using db = await open()
    const set = await setUp(db)
    const { app, ingest, owner, clock } = set
    await using _app = app
    const sessionId = await publish(set)
    ingest.event({
      type: 'health',
      sessionId,
      roomId: owner.roomId,
      atMs: startMs,
      health: {
        video: { codec: 'avc1.64001f', width: 1280, height: 720, fps: 30 },
        audio: { codec: 'mp4a.40.2', sampleRate: 48_000, channels: 2 },
        videoKbps: 2500,
        audioKbps: 160,
        keyframeIntervalMs: 2000,
        missingFrames: 4,
        skewMs: -12,
        droppedReaders: 0,
        recordingBytes: 1,
        warnings: ['long_gop', 'clock_jump'],
      },
    })
    const mine = async () => (await app.call<OwnRoom>('GET', '/me/room', owner)).data
    expect((await mine()).health).toMatchObject({
      video: { width: 1280, bitrate_kbps: 2500, keyframe_interval: 2 },
      audio: { bitrate_kbps: 160 },
      warnings: ['long_gop'],
    })
    const history = async (person: Person, since?: string) => {
      const query = since === undefined ? '' : `?since=${encodeURIComponent(since)}`
      return (await app.call<DataOf<typeof getMyHealth>>('GET', `/me/room/health${query}`, person)).data
    }
    const at = new Date(startMs).toISOString()
    expect(await history(owner)).toEqual({
      session_id: sessionId,
      items: [
        {
          at,
          video_kbps: 2500,
          audio_kbps: 160,
          fps: 30,
          keyframe_interval: 2,
          dropped_frames: 4,
          skew: -12,
        },
      ],
    })
    expect((await history(owner, at)).items).toEqual([])
    expect(await history(await app.signUp())).toEqual({ session_id: null, items: [] })
    clock.advance(6_000)
    expect((await mine()).health).toBeNull()
    // What was is still known.
    expect((await history(owner)).items).toHaveLength(1)
  })
})
