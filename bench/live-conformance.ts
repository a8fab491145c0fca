/**
 * Owns the long check of what players are told: every playlist and every file of a stream over HTTP against the
 * obligations of RFC 8216bis and two foreign parsers.
 *
 * usage: npm run bench -- live-conformance [seconds]
 */
import { startMachine } from '../tests/machine.ts'
import { publishClock } from '../tests/clock-picture.ts'
import { watchConformance } from '../tests/hls/watch.ts'
import type { Door } from '../tests/hls/watch.ts'
import { get } from './lib/ll-client.ts'
import { against, report } from './lib/report.ts'
import { allLive, makeRooms } from './lib/rooms.ts'

const seconds = Number(process.argv[2] ?? 600)

await using machine = await startMachine()
const [room] = await makeRooms(machine, 1)
if (room === undefined) throw new Error('no room')
await using _publisher = publishClock(`rtmp://127.0.0.1:${machine.rtmpPort}/live/${room.key}`)
await allLive(machine, [room])
const base = `${machine.base}/play/live/${room.roomId}`
const door: Door = {
  playlist(kind, { msn, part, skip }) {
    const query = new URLSearchParams({
      ...(msn !== undefined && { _HLS_msn: String(msn) }),
      ...(part !== undefined && { _HLS_part: String(part) }),
      ...(skip === true && { _HLS_skip: 'YES' }),
    })
    return get(`${base}/${kind === 'll' ? 'll' : 'live'}.m3u8?${query.toString()}`)
  },
  file: (name) => get(`${base}/${name}`),
}
const endMs = performance.now() + seconds * 1000
const watched = await watchConformance(door, () => performance.now() > endMs)
for (const line of watched.broken.slice(0, 50)) process.stdout.write(`${line}\n`)
report([
  against({
    what: 'conformance: broken rules + 1',
    value: watched.broken.length + 1,
    target: { most: 1 },
    unit: '(1 is none)',
    settings:
      `${seconds} s, GOP 2 s with B-frames: ${watched.playlists} playlists (${watched.deltas} deltas), ` +
      `${watched.parts} parts and ${watched.segments} segments through ffprobe and mediabunny, ${watched.refused} refusals`,
  }),
])
