/** Owns asking two foreign parsers, ffprobe and mediabunny, what a part or a segment holds. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny'

export interface TrackFacts {
  kind: 'video' | 'audio'
  codec: string
  packets: number
  /** Seconds of media time: the earliest presentation and the latest end. */
  fromS: number
  toS: number
  beginsWithKey: boolean
}

const endOf = (packet: { timestamp: number; duration: number }): number => packet.timestamp + packet.duration

/** What mediabunny finds in init + media. */
export const readWithMediabunny = async (bytes: Buffer): Promise<TrackFacts[]> => {
  using input = new Input({ formats: ALL_FORMATS, source: new BufferSource(new Uint8Array(bytes)) })
  const facts: TrackFacts[] = []
  for (const track of await input.getTracks()) {
    const sink = new EncodedPacketSink(track)
    let packets = 0
    let [fromS, toS] = [Infinity, -Infinity]
    let beginsWithKey = false
    for await (const packet of sink.packets()) {
      if (packets++ === 0) beginsWithKey = packet.type === 'key'
      fromS = Math.min(fromS, packet.timestamp)
      toS = Math.max(toS, endOf(packet))
    }
    if (packets === 0) continue
    const kind = track.isVideoTrack() ? 'video' : 'audio'
    facts.push({ kind, codec: String(track.codec), packets, fromS, toS, beginsWithKey })
  }
  return facts
}

interface ProbedPacket {
  codec_type: 'video' | 'audio'
  pts_time?: string
  dts_time?: string
  duration_time?: string
  flags: string
}

/** What ffprobe finds in init + media; throws in its words when it complains. */
export const readWithFfprobe = async (bytes: Buffer): Promise<TrackFacts[]> => {
  const child = spawn('ffprobe', [
    ...[
      '-v',
      'error',
      '-f',
      'mp4',
      '-show_entries',
      'packet=codec_type,pts_time,dts_time,duration_time,flags',
    ],
    ...['-show_entries', 'stream=codec_type,codec_name', '-of', 'json', '-'],
  ])
  child.stdin.on('error', () => undefined)
  child.stdin.end(bytes)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null) await once(child, 'exit')
  // Of a part without a keyframe the decoders complain; that is no mistake of the file.
  const complaints = stderr
    .split('\n')
    .filter((line) => line !== '' && !/^\[(h264|hevc|vp9|av1|libdav1d|aac|opus) @/.test(line))
  if (child.exitCode !== 0 || complaints.length > 0) {
    throw new Error(`ffprobe: ${child.exitCode} ${complaints.join(' ')}`)
  }
  const { packets, streams } = JSON.parse(stdout) as {
    packets: ProbedPacket[]
    streams: { codec_type: string; codec_name: string }[]
  }
  return (['video', 'audio'] as const).flatMap((kind) => {
    const own = packets.filter(({ codec_type: type }) => type === kind)
    if (own.length === 0) return []
    const times = own.map(({ pts_time: pts }) => Number(pts))
    const decodes = own.map(({ dts_time: dts }) => Number(dts))
    if (decodes.some((dts, n) => n > 0 && dts <= (decodes[n - 1] ?? 0))) throw new Error('DTS do not rise')
    return [
      {
        kind,
        codec: streams.find(({ codec_type: type }) => type === kind)?.codec_name ?? '',
        packets: own.length,
        fromS: Math.min(...times),
        toS: Math.max(...own.map((packet, n) => (times[n] ?? 0) + Number(packet.duration_time))),
        beginsWithKey: own[0]?.flags.startsWith('K') === true,
      },
    ]
  })
}
