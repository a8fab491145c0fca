/**
 * Owns the endurance test of live: publishers that vanish and come back as they like, viewers of all of them, for as long
 * as it is told. It says how long viewers stood still beyond their publisher's own gap, how memory goes, and whether
 * every replay is whole.
 *
 * usage: npm run bench -- soak [minutes] [publishers] [viewers]
 */
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isHeader, makeClip } from '../tests/rtmp/flv.ts'
import { publishRtmp } from '../tests/rtmp/publisher.ts'
import { startMachine, until } from '../tests/machine.ts'
import { memoryBytes } from './lib/cpu.ts'
import { get, nowMs, watchLl } from './lib/ll-client.ts'
import { against, report } from './lib/report.ts'
import { allLive, makeRooms } from './lib/rooms.ts'
import type { Room } from './lib/rooms.ts'

const minutes = Number(process.argv[2] ?? 30)
const publishers = Number(process.argv[3] ?? 10)
const viewers = Number(process.argv[4] ?? 100)
const clipS = 20

const clip = makeClip({ seconds: clipS, size: '320x180', videoKbps: 500 })
const headers = clip.filter(isHeader)
const frames = clip.filter((tag) => !isHeader(tag))

interface Stream {
  room: Room
  /** Stretches in which nobody published, and what packaging takes to begin again. */
  gaps: { fromMs: number; toMs: number }[]
  publishedMs: number
  returns: number
}

const startMs = nowMs()
const endMs = startMs + minutes * 60_000
const isOver = (): boolean => nowMs() > endMs

await using machine = await startMachine()
const rooms = await makeRooms(machine, publishers, 'public')

/** One publication of a random length; ends by hanging up. */
const publishOnce = async (stream: Stream, seconds: number): Promise<void> => {
  const publisher = await publishRtmp({ port: machine.rtmpPort, key: stream.room.key })
  const beganMs = nowMs()
  for (const tag of headers) publisher.send(tag, 0)
  let [next, loop] = [0, 0]
  while (nowMs() - beganMs < seconds * 1000 && !isOver() && !publisher.socket.destroyed) {
    const tag = frames[next]
    if (tag === undefined) {
      next = 0
      loop++
      continue
    }
    const timestampMs = tag.timestampMs + loop * clipS * 1000
    const waitMs = timestampMs - (nowMs() - beganMs)
    if (waitMs > 0) await sleep(waitMs)
    if (!publisher.socket.destroyed && !publisher.send(tag, timestampMs)) await publisher.drained()
    next++
  }
  stream.publishedMs += nowMs() - beganMs
  if (isOver()) await publisher.finish()
  else publisher.destroy()
}

const publish = async (stream: Stream): Promise<void> => {
  while (!isOver()) {
    await publishOnce(stream, randomInt(25, 90))
    if (isOver()) return
    const fromMs = nowMs()
    await sleep(randomInt(500, 12_000))
    stream.gaps.push({ fromMs, toMs: nowMs() })
    stream.returns++
  }
}

const streams: Stream[] = rooms.map((room) => ({ room, gaps: [], publishedMs: 0, returns: 0 }))
const publishing = streams.map(publish)
await allLive(machine, rooms)

// A publisher that returns is playable one keyframe and one part later.
const returnMs = 3_000
const stalls: number[] = []
const troubles = new Map<string, number>()
const watching = Array.from({ length: viewers }, async (_, n) => {
  const stream = streams[n % streams.length]
  if (stream === undefined) return
  let lastMs: number | undefined
  await watchLl(
    `${machine.base}/play/live/${stream.room.roomId}`,
    {
      onPart({ atMs }) {
        const from = lastMs
        lastMs = atMs
        if (from === undefined) return
        const own = stream.gaps.reduce(
          (sum, gap) => sum + Math.max(0, Math.min(atMs, gap.toMs + returnMs) - Math.max(from, gap.fromMs)),
          0,
        )
        stalls.push(Math.max(0, atMs - from - own - 500))
      },
      onTrouble: (what) => troubles.set(what, (troubles.get(what) ?? 0) + 1),
    },
    isOver,
  )
})

const pids = { ingest: await machine.pidOf('vireo-ingest'), api: await machine.pidOf('vireo-api') }
const samples: { atMs: number; ingest: number; api: number }[] = []
const sampler = setInterval(() => {
  samples.push({ atMs: nowMs(), ingest: memoryBytes(pids.ingest ?? 0), api: memoryBytes(pids.api ?? 0) })
}, 10_000)

await Promise.all([...publishing, ...watching])
clearInterval(sampler)

/** MB per hour, by least squares over the second half. */
const slopeOf = (process: 'ingest' | 'api'): number => {
  const half = samples.slice(samples.length >> 1)
  const meanX = half.reduce((sum, { atMs }) => sum + atMs, 0) / half.length
  const meanY = half.reduce((sum, sample) => sum + sample[process], 0) / half.length
  const over = half.reduce((sum, sample) => sum + (sample.atMs - meanX) * (sample[process] - meanY), 0)
  const under = half.reduce((sum, { atMs }) => sum + (atMs - meanX) ** 2, 0)
  return ((over / under) * 3_600_000) / 1024 / 1024
}

/** Whether the replay names about as much media as was sent and its first and last byte ranges are there. */
const isWhole = async (stream: Stream): Promise<boolean> => {
  const { data } = await machine.request('GET', '/api/v1/me/room', stream.room.token)
  const video = (data as { last_session: { video_id: string | null } | null }).last_session?.video_id
  if (video == null) return false
  const watched = await machine.request('GET', `/api/v1/videos/${video}`, stream.room.token)
  const hls = (watched.data as { play: { hls: string } | null }).play?.hls
  if (hls === undefined) return false
  const text = (await get(new URL(hls, machine.base).href)).body.toString()
  const seconds = [...text.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, found) => sum + Number(found[1]), 0)
  process.stdout.write(
    `${stream.room.roomId}: ${seconds.toFixed(1)} s of ${(stream.publishedMs / 1000).toFixed(1)} s, ${stream.returns} returns\n`,
  )
  // Each vanishing may cost the part in the making and the frames that were on their way.
  return text.includes('#EXT-X-ENDLIST') && seconds > stream.publishedMs / 1000 - 1.5 * (stream.returns + 1)
}

await until('every room is idle', async () => {
  for (const { room } of streams) {
    await machine.request('POST', '/api/v1/me/room/end', room.token, {})
    const { data } = await machine.request('GET', `/api/v1/live/${room.roomId}`)
    if ((data as { state: string }).state !== 'idle') return false
  }
  return true
})
const whole: boolean[] = []
for (const stream of streams) whole.push(await isWhole(stream))
for (const [what, count] of troubles) process.stdout.write(`${count} × ${what}\n`)
const settings = `${minutes} min, ${publishers} publishers with ${streams.reduce((sum, { returns }) => sum + returns, 0)} returns, ${viewers} viewers, ${stalls.length} parts seen`
report([
  against({
    what: 'soak: longest stall beyond the gaps',
    value: stalls.reduce((max, stall) => Math.max(max, stall), 0) / 1000,
    target: { most: 2 },
    unit: 's',
    digits: 2,
    settings,
  }),
  against({
    what: 'soak: ingest grows',
    value: Math.max(0, slopeOf('ingest')),
    target: { most: 60 },
    unit: 'MB/h',
    settings,
  }),
  against({
    what: 'soak: API grows',
    value: Math.max(0, slopeOf('api')),
    target: { most: 60 },
    unit: 'MB/h',
    settings,
  }),
  against({
    what: 'soak: replays that are whole',
    value: whole.filter(Boolean).length,
    target: { least: publishers },
    unit: 'replays',
    settings,
  }),
])
