/**
 * Owns the measure of how soon the replay of a long stream is there: two hours of media, sent as fast as they are taken,
 * then a clean end.
 *
 * usage: npm run bench -- live-replay [hours]
 */
import { makeClip, isHeader } from '../tests/rtmp/flv.ts'
import { publishRtmp } from '../tests/rtmp/publisher.ts'
import { startMachine, until } from '../tests/machine.ts'
import { against, report } from './lib/report.ts'
import { makeRooms } from './lib/rooms.ts'

const hours = Number(process.argv[2] ?? 2)
const clip = makeClip({ seconds: 20, size: '160x90', fps: 15, gop: 30, bFrames: 0 })
const frames = clip.filter((tag) => !isHeader(tag))

await using machine = await startMachine()
const [room] = await makeRooms(machine, 1, 'public')
if (room === undefined) throw new Error('no room')
const publisher = await publishRtmp({ port: machine.rtmpPort, key: room.key })
for (const tag of clip.filter(isHeader)) publisher.send(tag, 0)
for (let loop = 0; loop < (hours * 3600) / 20; loop++) {
  for (const tag of frames)
    if (!publisher.send(tag, tag.timestampMs + loop * 20_000)) await publisher.drained()
}

interface OwnRoom {
  last_session: { video_id: string | null } | null
}
const finishedMs = performance.now()
await publisher.finish()
let video = ''
await until(
  'the replay can be played',
  async () => {
    const { data } = await machine.request('GET', '/api/v1/me/room', room.token)
    video = (data as OwnRoom).last_session?.video_id ?? ''
    if (video === '') return false
    const watched = await machine.request('GET', `/api/v1/videos/${video}`, room.token)
    const hls = (watched.data as { play: { hls: string } | null } | null)?.play?.hls
    if (hls === undefined) return false
    const master = new URL(hls, machine.base)
    const [media] = /^[^#\s]\S*$/m.exec(await (await fetch(master)).text()) ?? []
    if (media === undefined) return false
    return (await (await fetch(new URL(media, master))).text()).includes('EXTINF')
  },
  60_000,
)
report([
  against({
    what: 'replay: clean end → playable',
    value: (performance.now() - finishedMs) / 1000,
    target: { most: 2 },
    unit: 's',
    digits: 2,
    settings: `${hours} h of media, ${(hours * 7_200).toString()} parts, from unpublish to the playlist of the replay`,
  }),
])
