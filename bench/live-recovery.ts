/**
 * Owns the measure of coming back: a publisher that vanished, and an ingest that was killed under its publisher, until a
 * viewer who never reloads has the next part.
 *
 * usage: npm run bench -- live-recovery
 */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isHeader, makeClip } from '../tests/rtmp/flv.ts'
import { publishRtmp } from '../tests/rtmp/publisher.ts'
import type { RtmpPublisher } from '../tests/rtmp/publisher.ts'
import { startMachine, until } from '../tests/machine.ts'
import { nowMs, watchLl } from './lib/ll-client.ts'
import { against, report } from './lib/report.ts'
import { allLive, makeRooms } from './lib/rooms.ts'

const clip = makeClip({ seconds: 60, size: '320x180', videoKbps: 500 })
await using machine = await startMachine()
const [room] = await makeRooms(machine, 1)
if (room === undefined) throw new Error('no room')
const { key, roomId } = room

/** Publishes in real time from the clip's beginning until its connection ends. */
const begin = async (): Promise<RtmpPublisher & { beganMs: number }> => {
  const publisher = await publishRtmp({ port: machine.rtmpPort, key })
  const beganMs = nowMs()
  let next = 0
  const timer = setInterval(() => {
    if (publisher.socket.destroyed) {
      clearInterval(timer)
      return
    }
    for (let tag = clip[next]; tag !== undefined; tag = clip[++next]) {
      if (!isHeader(tag) && tag.timestampMs > nowMs() - beganMs) return
      publisher.send(tag)
    }
  }, 5)
  return Object.assign(publisher, { beganMs })
}

let seenMs = 0
let isOver = false
let publisher = await begin()
await allLive(machine, [room])
const watching = watchLl(
  `${machine.base}/play/live/${roomId}`,
  { onPart: ({ atMs, status }) => void (status === 200 && (seenMs = atMs)) },
  () => isOver,
)
await until('the viewer sees parts', () => seenMs > 0)

publisher.destroy()
await sleep(5_000)
publisher = await begin()
const backMs = publisher.beganMs
await until('the viewer goes on', () => seenMs > backMs)
const resumedS = (seenMs - backMs) / 1000
await sleep(4_000)

const pid = await machine.pidOf('vireo-ingest')
const killedMs = nowMs()
process.kill(pid ?? 0, 'SIGKILL')
const listens = (): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(machine.rtmpPort, '127.0.0.1')
    probe.on('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.on('error', () => resolve(false))
  })
// The dead one's port may answer for a moment.
await until('another ingest runs', async () => {
  const now = await machine.pidOf('vireo-ingest')
  return now !== undefined && now !== pid
})
await until('ingest listens again', listens)
const listeningS = (nowMs() - killedMs) / 1000
// As encoders do: it may listen before it knows whose keys are good.
await until('the publisher is taken', () =>
  begin().then(
    (taken) => ((publisher = taken), true),
    () => false,
  ),
)
const againMs = nowMs()
await until('the viewer goes on', () => seenMs > againMs)
const survivedS = (seenMs - killedMs) / 1000
isOver = true
publisher.destroy()
await watching

const line = (what: string, value: number, most: number, settings: string): void =>
  report([against({ what: `recovery: ${what}`, value, target: { most }, unit: 's', digits: 2, settings })])
line('publisher back → next part', resumedS, 3, 'away for 5 s; from its first keyframe; GOP 2 s')
line('ingest killed → listening', listeningS, 2, 'SIGKILL')
line('ingest killed → next part', survivedS, 8, 'SIGKILL; the publisher dials as soon as it may; no reload')
