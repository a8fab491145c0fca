/**
 * Owns the measure of the way through the engine: from the byte that completes a part, at the publisher, to the last
 * byte of the blocked playlist that tells of it, at the viewer. The frames carry the time at which they were sent.
 *
 * usage: npm run bench -- live-delay [streams] [seconds]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMachine } from '../tests/machine.ts'
import { against, median, quantile, report } from './lib/report.ts'
import { allLive, gone, makeFlv, makeRooms, publishMany } from './lib/rooms.ts'

const streams = Number(process.argv[2] ?? 50)
const seconds = Number(process.argv[3] ?? 30)
const kbps = 1_000

const dir = await mkdtemp(join(tmpdir(), 'vireo-bench-'))
try {
  await using machine = await startMachine()
  const rooms = await makeRooms(machine, streams)
  await using _publishers = await publishMany({
    clip: makeFlv(dir, kbps),
    port: machine.rtmpPort,
    keys: rooms.map(({ key }) => key),
    stamped: true,
  })
  await allLive(machine, rooms)
  const bases = rooms.map(({ roomId }) => `${machine.base}/play/live/${roomId}`)
  const viewer = spawn(process.execPath, ['bench/lib/delay-viewer.ts', JSON.stringify({ bases, seconds })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface({ input: viewer.stdout }), 'line')) as [string]
  await gone(viewer, 'SIGKILL')
  const delays = JSON.parse(line) as number[]
  report([
    against({
      what: 'delay: last byte of a part → playlist, p99',
      value: quantile(delays, 0.99),
      target: { most: 30 },
      unit: 'ms',
      digits: 1,
      settings:
        `${streams} streams of 1 Mb/s, a viewer each, ${delays.length} parts in ${seconds} s; p50 ${median(delays).toFixed(1)} ms; ` +
        'publishers and viewers on the same cores',
    }),
  ])
} finally {
  await rm(dir, { recursive: true, force: true })
}
