/** Owns the sound of a broadcast: microphone and shared screen mixed, muted, measured, and given out 10 ms at a time. */
import { sampleRate } from './quality.ts'
import workletUrl from './sound-worklet.js?url'

export interface Sound {
  /** Replaces what comes from this source; undefined takes it away. */
  setTrack(source: 'microphone' | 'screen', track: MediaStreamTrack | undefined): void
  setMuted(muted: boolean): void
  close(): Promise<void>
}

/** `onSamples` comes a hundred times a second, with or without sources, also while the page is hidden. */
export const openSound = async (
  onSamples: (planes: Float32Array<ArrayBuffer>, peak: number) => void,
): Promise<Sound> => {
  const context = new AudioContext({ sampleRate, latencyHint: 'interactive' })
  await context.audioWorklet.addModule(workletUrl)
  const tap = new AudioWorkletNode(context, 'vireo-tap', {
    numberOfOutputs: 0,
    channelCount: 2,
    channelCountMode: 'explicit',
  })
  tap.port.onmessage = ({ data }: MessageEvent<{ samples: Float32Array<ArrayBuffer>; peak: number }>) =>
    onSamples(data.samples, data.peak)
  const microphone = context.createGain()
  microphone.connect(tap)
  // Without any source nothing would be drawn through the graph.
  const silence = context.createConstantSource()
  silence.offset.value = 0
  silence.connect(tap)
  silence.start()
  const nodes = new Map<string, MediaStreamAudioSourceNode>()
  await context.resume()

  return {
    setTrack(source, track) {
      nodes.get(source)?.disconnect()
      nodes.delete(source)
      if (!track) return
      const node = context.createMediaStreamSource(new MediaStream([track]))
      node.connect(source === 'microphone' ? microphone : tap)
      nodes.set(source, node)
    },
    setMuted: (muted) => void (microphone.gain.value = muted ? 0 : 1),
    async close() {
      tap.port.onmessage = null
      await context.close()
    },
  }
}
