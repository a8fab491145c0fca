/** Checks what is measured of a publication: rates, missing frames, sound against picture; pure. */
import { describe, expect, it } from 'vitest'
import type { AudioConfig, AudioFrame, MediaItem, VideoConfig, VideoFrame } from '../media/codec/packet.ts'
import type { PackagerStats } from '../media/hls/packager.ts'
import { createHealthCounter } from './health.ts'
import type { HealthCounter } from './health.ts'
import { createMissingFrames } from './missing-frames.ts'
import { createSkew } from './skew.ts'
import type { StreamHealth } from './types.ts'

const nothing = Buffer.alloc(0)
const frame = (timestampMs: number): VideoFrame => ({
  kind: 'video',
  timestampMs,
  compositionMs: 0,
  key: false,
  data: nothing,
})
const sound = (timestampMs: number): AudioFrame => ({ kind: 'audio', timestampMs, data: nothing })

const videoConfig: VideoConfig = {
  kind: 'video',
  codec: 'h264',
  codecString: 'avc1.64001f',
  width: 1280,
  height: 720,
  fps: 30,
  record: nothing,
}
const audioConfig: AudioConfig = {
  kind: 'audio',
  codec: 'aac',
  codecString: 'mp4a.40.2',
  sampleRate: 48_000,
  outputSampleRate: 48_000,
  channels: 2,
  frameSamples: 1_024,
  record: nothing,
}
const stats: PackagerStats = {
  video: videoConfig,
  audio: audioConfig,
  fps: 30,
  keyframeIntervalMs: 2_000,
  keyframes: 1,
  clockJumps: 0,
}
const extra = { droppedReaders: 0, recordingBytes: 0, recordingStopped: false }

interface Stream {
  fps?: number
  /** Frames left out, by their number. */
  leftOut?: (n: number) => boolean
  /** Added to the time stamps of sound. */
  soundAheadMs?: number
  /** Where the publisher's clock begins. */
  firstMs?: number
}

/** Sends a stream in its own time and gives a report every two seconds. */
const send = (counter: HealthCounter, seconds: number, stream: Stream = {}) => {
  const { fps = 30, leftOut = () => false, soundAheadMs = 0, firstMs = 0 } = stream
  const arrivals: { atMs: number; kind: 'video' | 'audio'; item: MediaItem }[] = []
  const stamp = (ms: number): number => (firstMs + Math.round(ms)) >>> 0
  for (let n = 0; n < seconds * fps; n++) {
    const atMs = (n * 1000) / fps
    if (!leftOut(n)) arrivals.push({ atMs, kind: 'video', item: frame(stamp(atMs)) })
  }
  for (let n = 0; n < (seconds * 48_000) / 1_024; n++) {
    const atMs = (n * 1_024) / 48
    arrivals.push({ atMs, kind: 'audio', item: sound(stamp(atMs + soundAheadMs)) })
  }
  arrivals.sort((a, b) => a.atMs - b.atMs)
  const reports: (StreamHealth | undefined)[] = []
  let next = 2_000
  for (const { atMs, kind, item } of arrivals) {
    while (atMs >= next) {
      reports.push(counter.report(next, { ...stats, keyframes: next }, extra))
      next += 2_000
    }
    counter[kind](atMs, kind === 'video' ? 10_000 : 400, item)
  }
  reports.push(counter.report(next, { ...stats, keyframes: next }, extra))
  return reports
}

describe('the health of a publication', () => {
  it('tells rates, no missing frames and no skew of a constant stream', () => {
    const reports = send(createHealthCounter(), 10)
    expect(reports).toHaveLength(5)
    for (const report of reports) {
      expect(report).toMatchObject({
        video: { fps: 30 },
        videoKbps: 2_400,
        keyframeIntervalMs: 2_000,
        missingFrames: 0,
        warnings: [],
      })
      expect(report?.audioKbps).toBeCloseTo(150, -1)
      expect(Math.abs(report?.skewMs ?? 100)).toBeLessThan(34)
    }
  })

  it('counts frames that were left out', () => {
    // Every two seconds ten in a row, as a congested encoder drops them.
    const reports = send(createHealthCounter(), 10, { leftOut: (n) => n % 60 >= 40 && n % 60 < 50 })
    expect(reports.map((report) => report?.missingFrames)).toEqual([10, 10, 10, 10, 10])
    expect(reports[1]?.video?.fps).toBe(25)
  })

  it('tells how far sound comes before or after its picture', () => {
    for (const soundAheadMs of [300, -450])
      for (const report of send(createHealthCounter(), 6, { soundAheadMs }))
        expect(Math.abs((report?.skewMs ?? 0) - soundAheadMs)).toBeLessThan(34)
  })

  it('measures over the wrap of the time stamps', () => {
    for (const report of send(createHealthCounter(), 6, { firstMs: 2 ** 32 - 3_000 })) {
      expect(report?.missingFrames).toBe(0)
      expect(Math.abs(report?.skewMs ?? 100)).toBeLessThan(34)
    }
  })

  it('counts whoever comes back anew: the time away is no loss, and a short first stretch no low rate', () => {
    const first = send(createHealthCounter(), 4)
    expect(first.map((report) => report?.missingFrames)).toEqual([0, 0])
    // Back after twenty seconds, 300 ms before a report is due; its stamps may go on or begin again.
    const counter = createHealthCounter()
    expect(counter.report(23_000, stats, extra)).toBeUndefined()
    const frameAt = (n: number): void => {
      const atMs = 24_000 + Math.round((n * 1000) / 30)
      counter.video(atMs, 10_000, frame(atMs))
    }
    frameAt(0)
    expect(counter.report(24_300, stats, extra)).toBeUndefined()
    for (let n = 1; n <= 60; n++) frameAt(n)
    expect(counter.report(26_033, stats, extra)).toMatchObject({
      video: { fps: 30 },
      missingFrames: 0,
      skewMs: null,
    })
  })

  it('goes on when the clock of the machine was set back', () => {
    const counter = createHealthCounter()
    counter.video(1_000_000, 10_000, frame(0))
    expect(counter.report(900_000, stats, extra)).toBeUndefined()
    for (let n = 1; n < 60; n++) counter.video(900_000 + n * 33, 10_000, frame(Math.round((n * 1000) / 30)))
    expect(counter.report(902_000, stats, extra)).toMatchObject({ video: { fps: 30 } })
  })

  it('counts headers as bytes, not as frames', () => {
    const counter = createHealthCounter()
    counter.video(0, 500, { kind: 'config', config: videoConfig })
    counter.audio(0, 500, undefined)
    expect(counter.report(1_000, stats, extra)).toBeUndefined()
    counter.audio(1_000, 500, sound(0))
    expect(counter.report(3_000, stats, extra)).toMatchObject({
      video: { fps: 0 },
      videoKbps: 2,
      audioKbps: 4,
      skewMs: null,
    })
  })
})

describe('missing frames', () => {
  it('are not counted while the rate is not constant', () => {
    const missing = createMissingFrames()
    let ms = 0
    for (let n = 0; n < 60; n++) missing.frame((ms += 20 + ((n * 37) % 50)))
    expect(missing.take()).toBeUndefined()
  })

  it('are counted at 60 frames a second, and on top of a first stretch full of gaps', () => {
    const missing = createMissingFrames()
    const report = (fromMs: number, every: number): number | undefined => {
      for (let n = 0; n < 120; n += every) missing.frame(fromMs + Math.round((n * 1000) / 60))
      return missing.take()
    }
    expect(report(0, 2)).toBe(0)
    // The step over from half the rate is itself one short.
    expect(report(2_000, 1)).toBe(1)
    expect(report(4_000, 2)).toBe(59)
  })

  it('end when a camera stays slower', () => {
    const missing = createMissingFrames()
    const report = (fromMs: number, fps: number): number | undefined => {
      for (let n = 0; n < 2 * fps; n++) missing.frame(fromMs + Math.round((n * 1000) / fps))
      return missing.take()
    }
    expect(report(0, 30)).toBe(0)
    const slow = Array.from({ length: 7 }, (_, n) => report(2_000 + n * 2_000, 15))
    expect(slow[1]).toBe(30)
    expect(slow.slice(-2)).toEqual([0, 0])
  })

  it('are not what a jump of the clock leaves out', () => {
    const missing = createMissingFrames()
    for (let n = 0; n < 60; n++) missing.frame(n * 40)
    expect(missing.take()).toBe(0)
    for (let n = 0; n < 50; n++) missing.frame(60_000_000 + n * 40)
    expect(missing.take()).toBe(0)
    for (let n = 0; n < 50; n++) missing.frame(n * 40)
    expect(missing.take()).toBe(0)
  })
})

describe('skew', () => {
  it('is unknown without both, and when they are on different clocks', () => {
    const skew = createSkew()
    skew.arrived('audio', 1_000)
    expect(skew.take()).toBeUndefined()
    skew.arrived('video', 1_000)
    expect(skew.take()).toBeUndefined()
    skew.arrived('video', 1_000)
    skew.arrived('audio', 3_600_000)
    expect(skew.take()).toBeUndefined()
  })
})
