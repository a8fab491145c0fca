/** Owns the child process that rewrites one file as a fragmented MP4 and says what it made as one line of JSON. */
import { statSync, writeFileSync } from 'node:fs'
import {
  EncodedAudioPacketSource,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  FilePathSource,
  FilePathTarget,
  Input,
  MATROSKA,
  MP4,
  Mp4OutputFormat,
  Output,
  QTFF,
  WEBM,
} from 'mediabunny'
import type { EncodedPacket, InputAudioTrack, InputVideoTrack } from 'mediabunny'
import { mediaPlaylist } from './playlist.ts'
import type { Segment } from './playlist.ts'
import type { RemuxInput, Remuxed } from './remux.ts'

const segmentS = 4

interface Fragment {
  offset: number
  end: number
  startS: number
}

/** One track on its way: its next packet and where it goes. */
interface Lane {
  packets: AsyncGenerator<EncodedPacket, void>
  next: EncodedPacket | undefined
  add: (packet: EncodedPacket) => Promise<void>
}

const main = async (): Promise<Remuxed> => {
  const { source, target, playlist, uri } = JSON.parse(process.argv[2] ?? '') as RemuxInput
  using input = new Input({ source: new FilePathSource(source), formats: [MP4, QTFF, MATROSKA, WEBM] })
  const video = await input.getPrimaryVideoTrack()
  const audio = await input.getPrimaryAudioTrack()
  if (video === null) throw new Error('no video track')

  const fragments: Fragment[] = []
  const output = new Output({
    format: new Mp4OutputFormat({
      fastStart: 'fragmented',
      minimumFragmentDuration: segmentS,
      onMoof: (_data, offset, startS) => fragments.push({ offset, end: offset, startS }),
      onMdat: (data, offset) => {
        const last = fragments.at(-1)
        if (last) last.end = offset + data.byteLength
      },
    }),
    target: new FilePathTarget(target),
  })
  const lanes = [await videoLane(output, video), ...(audio === null ? [] : [await audioLane(output, audio)])]
  await output.start()
  const durationS = await input.computeDuration(audio === null ? [video] : [video, audio])
  await copy(lanes, durationS)
  await output.finalize()

  const segments = segmentsOf(fragments, durationS)
  const first = segments[0]
  if (first === undefined) throw new Error('no packets')
  // Flushed by who started us: this process may not.
  writeFileSync(playlist, mediaPlaylist(uri, { offset: 0, length: first.offset }, segments))
  const codecs = [await video.getCodecParameterString(), await audio?.getCodecParameterString()]
  return {
    durationMs: Math.round(durationS * 1000),
    width: Math.round(await video.getDisplayWidth()),
    height: Math.round(await video.getDisplayHeight()),
    sizeBytes: statSync(target).size,
    bandwidth: segments.reduce((max, { length, durationS }) => Math.max(max, (length * 8) / durationS), 0),
    codecs: codecs.filter((codec) => codec !== null && codec !== undefined).join(','),
  }
}

const videoLane = async (output: Output, track: InputVideoTrack): Promise<Lane> => {
  const codec = await track.getCodec()
  const decoderConfig = await track.getDecoderConfig()
  if (codec === null || decoderConfig === null) throw new Error('unknown video codec')
  const source = new EncodedVideoPacketSource(codec)
  const rotation = await track.getRotation()
  output.addVideoTrack(source, { rotation, flip: await track.getFlip() })
  const sink = new EncodedPacketSink(track)
  const packets = sink.packets((await sink.getFirstKeyPacket()) ?? undefined)
  return laneOf(packets, (packet) => source.add(packet, { decoderConfig }))
}

const audioLane = async (output: Output, track: InputAudioTrack): Promise<Lane> => {
  const codec = await track.getCodec()
  const decoderConfig = await track.getDecoderConfig()
  if (codec === null || decoderConfig === null) throw new Error('unknown audio codec')
  const source = new EncodedAudioPacketSource(codec)
  output.addAudioTrack(source)
  return laneOf(new EncodedPacketSink(track).packets(), (packet) => source.add(packet, { decoderConfig }))
}

const laneOf = async (packets: Lane['packets'], add: Lane['add']): Promise<Lane> => {
  const first = await packets.next()
  return { packets, add, next: first.done === true ? undefined : first.value }
}

/** In order of time, so that the muxer never waits for one track while it collects the other. */
const copy = async (lanes: readonly Lane[], durationS: number): Promise<void> => {
  let saidMs = Date.now()
  for (;;) {
    let lane: Lane | undefined
    for (const one of lanes) {
      if (one.next && (lane?.next === undefined || one.next.timestamp < lane.next.timestamp)) lane = one
    }
    if (lane?.next === undefined) return
    const packet = lane.next
    await lane.add(packet)
    const following = await lane.packets.next()
    lane.next = following.done === true ? undefined : following.value
    if (Date.now() - saidMs > 500) {
      saidMs = Date.now()
      say({ progress: Math.min(1, Math.max(0, packet.timestamp / durationS)) })
    }
  }
}

const segmentsOf = (fragments: readonly Fragment[], durationS: number): Segment[] =>
  fragments.map(({ offset, end, startS }, index) => {
    // What lies before zero is cut off by the edit list.
    const from = Math.max(0, startS)
    const to = fragments[index + 1]?.startS ?? durationS
    return { offset, length: end - offset, durationS: Math.max(0.001, to - from) }
  })

const say = (message: { progress: number } | { result: Remuxed }): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

say({ result: await main() })
