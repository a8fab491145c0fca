/** Owns the child process that looks into one file with mediabunny and says what it found as one line of JSON. */
import { maxAvcLevel, webReadyProfiles } from './web-ready.ts'
import { EncodedPacketSink, FilePathSource, Input, MATROSKA, MP4, MPEG_TS, OGG, QTFF, WEBM } from 'mediabunny'
import type { InputAudioTrack, InputVideoTrack } from 'mediabunny'
import type { AudioFacts, Facts, ProbeAnswer, VideoFacts } from './probe.ts'
import { readPicture } from './sps.ts'

const maxGopS = 10.05

const main = async (): Promise<ProbeAnswer> => {
  const { path } = JSON.parse(process.argv[2] ?? '') as { path: string }
  using input = new Input({
    source: new FilePathSource(path),
    formats: [MP4, QTFF, MATROSKA, WEBM, MPEG_TS, OGG],
  })
  if (!(await input.canRead())) return { facts: undefined, cutShort: false }
  const video = await input.getPrimaryVideoTrack()
  const audio = await input.getPrimaryAudioTrack()
  const tracks = [video, audio].filter((track) => track !== null)
  const facts: Facts = {
    durationS: tracks.length === 0 ? 0 : await durationOf(input, tracks),
    video: video === null ? undefined : await videoFacts(video),
    audio: audio === null ? undefined : await audioFacts(audio),
  }
  return { facts, cutShort: await isCutShort(tracks) }
}

/** A transport stream starts anywhere on its clock; an MP4 that starts late begins with nothing to see. */
const durationOf = async (input: Input, tracks: (InputVideoTrack | InputAudioTrack)[]): Promise<number> => {
  const end = await input.computeDuration(tracks)
  if ((await input.getFormat()) !== MPEG_TS) return end
  return Math.max(0, end - (await input.getFirstTimestamp(tracks)))
}

const videoFacts = async (track: InputVideoTrack): Promise<VideoFacts> => {
  const codec = await track.getCodec()
  const shown = { width: await track.getDisplayWidth(), height: await track.getDisplayHeight() }
  const coded = { width: await track.getCodedWidth(), height: await track.getCodedHeight() }
  // Zero in either place: nothing can be shown, whatever a decoder would make of it.
  const isEmpty = coded.width === 0 || coded.height === 0
  return {
    codec,
    width: isEmpty ? 0 : Math.round(shown.width),
    height: isEmpty ? 0 : Math.round(shown.height),
    webReady:
      codec === 'avc' &&
      (await isPlainAvc(track)) &&
      (await startsAtKey(track)) &&
      (await hasShortGops(track)),
  }
}

const isPlainAvc = async (track: InputVideoTrack): Promise<boolean> => {
  // The type comes from the browser's library, which the server does not load.
  const config = (await track.getDecoderConfig()) as { description?: ArrayBuffer | ArrayBufferView } | null
  const description = config?.description
  if (description === undefined) return false
  const record = Buffer.from(
    ArrayBuffer.isView(description)
      ? new Uint8Array(description.buffer, description.byteOffset, description.byteLength)
      : new Uint8Array(description),
  )
  try {
    const { profile, chroma, bitDepth, interlaced } = readPicture(record)
    const isKnown = webReadyProfiles.has(profile) && (record[3] ?? 255) <= maxAvcLevel
    return isKnown && chroma === 1 && bitDepth === 8 && !interlaced
  } catch {
    // Not ours to judge: a decoder may still make something of it.
    return false
  }
}

/**
 * An edit list may begin between two key frames. Media Source Extensions drop what lies before the start and then wait
 * for the next key frame: only a decoder can begin there.
 */
const startsAtKey = async (track: InputVideoTrack): Promise<boolean> => {
  const first = await new EncodedPacketSink(track).getFirstKeyPacket({ metadataOnly: true })
  return first !== null && first.timestamp > -0.05
}

const hasShortGops = async (track: InputVideoTrack): Promise<boolean> => {
  const sink = new EncodedPacketSink(track)
  let key = await sink.getFirstKeyPacket({ metadataOnly: true })
  const end = await track.computeDuration()
  while (key !== null) {
    const next = await sink.getNextKeyPacket(key, { metadataOnly: true })
    if ((next?.timestamp ?? end) - key.timestamp > maxGopS) return false
    key = next
  }
  return true
}

const audioFacts = async (track: InputAudioTrack): Promise<AudioFacts> => ({
  codec: await track.getCodec(),
  webReady: (await track.getCodecParameterString()) === 'mp4a.40.2',
})

/** Reads the bytes of each track's last packet: the tables may name what is not there. */
const isCutShort = async (tracks: (InputVideoTrack | InputAudioTrack)[]): Promise<boolean> => {
  for (const track of tracks) {
    try {
      const last = await new EncodedPacketSink(track).getPacket(Infinity)
      if (last !== null && last.data.byteLength === 0 && last.byteLength > 0) return true
    } catch {
      return true
    }
  }
  return false
}

process.stdout.write(`${JSON.stringify({ result: await main() })}\n`)
