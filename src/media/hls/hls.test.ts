import fc from 'fast-check'
import HLS from 'hls-parser'
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny'
import { describe, expect, test } from 'vitest'
import { parseAacConfig } from '../codec/aac.ts'
import { aacLc48k, avc360p30, avc720p25 } from '../codec/fixtures.ts'
import { parseAvcRecord, spsOfRecord } from '../codec/h264.ts'
import { createPackager } from './packager.ts'
import type { Packager } from './packager.ts'
import { blockDecision, nextPart, writePlaylist } from './playlist.ts'
import { extendRuns, mediaTimeAt } from './runs.ts'
import type { Run } from './runs.ts'
import { chooseShape } from './shape.ts'
import { createAudioClock, createUnwrapper } from './timestamps.ts'
import type { HlsUpdate, InitUpdate, PartUpdate, ResumePoint } from './updates.ts'
import { createWindow } from './window.ts'

const wall = 1_800_000_000_000
const video360 = parseAvcRecord(avc360p30)
const video720 = parseAvcRecord(avc720p25)
const audio48 = parseAacConfig(aacLc48k)
const idr = Buffer.from([0, 0, 0, 2, 0x65, 1])
const delta = Buffer.from([0, 0, 0, 2, 0x41, 1])

interface Rig {
  packager: Packager
  updates: HlsUpdate[]
  parts: () => PartUpdate[]
  inits: () => InitUpdate[]
  /** Sends media time [fromMs, toMs) of a publisher whose clock starts at `clockMs`. */
  send(fromMs: number, toMs: number, options?: SendOptions): void
}

interface SendOptions {
  fps?: number
  gop?: number
  clockMs?: number
  video?: boolean
  audio?: boolean
  wallMs?: number
  jitter?: (frame: number) => number
  compositionMs?: (frame: number) => number
}

const rig = (resume?: ResumePoint): Rig => {
  const updates: HlsUpdate[] = []
  const packager = createPackager({ resume, emit: (update) => updates.push(update) })
  return {
    packager,
    updates,
    parts: () => updates.filter((update) => update.type === 'part'),
    inits: () => updates.filter((update) => update.type === 'init'),
    send(fromMs, toMs, options = {}) {
      const {
        fps = 30,
        gop = 60,
        clockMs = 0,
        video = true,
        audio = true,
        jitter = () => 0,
        wallMs = wall,
      } = options
      const frames: [number, () => void][] = []
      for (let n = Math.ceil((fromMs * fps) / 1000 - 1e-6); video && (n * 1000) / fps < toMs - 1e-6; n++) {
        const ms = Math.round((n * 1000) / fps) + jitter(n)
        const key = n % gop === 0
        const frame = {
          kind: 'video' as const,
          timestampMs: (ms + clockMs) % 2 ** 32,
          compositionMs: options.compositionMs?.(n) ?? 0,
          key,
          data: key ? idr : delta,
        }
        frames.push([ms, () => packager.video(frame, wallMs + ms)])
      }
      const step = 1024 / 48
      for (let n = Math.ceil(fromMs / step); audio && n * step < toMs; n++) {
        const ms = Math.round(n * step)
        const frame = {
          kind: 'audio' as const,
          timestampMs: (ms + clockMs) % 2 ** 32,
          data: Buffer.from([1, 2]),
        }
        frames.push([ms, () => packager.audio(frame, wallMs + ms)])
      }
      for (const [, push] of frames.sort((a, b) => a[0] - b[0])) push()
    },
  }
}

const live = (resume?: ResumePoint): Rig => {
  const made = rig(resume)
  made.packager.begin()
  made.packager.config(video360)
  made.packager.config(audio48)
  return made
}

const segmentsOf = (parts: PartUpdate[]): number[] => {
  const durations = new Map<number, number>()
  for (const part of parts) durations.set(part.msn, (durations.get(part.msn) ?? 0) + part.durationMs)
  return [...durations.values()].map((value) => Math.round(value))
}

/** The obligations on parts, RFC 8216bis §4.4.4.9, and a media time without holes. */
const expectLawful = ({ updates, parts }: Rig): void => {
  const shape = updates.find((update) => update.type === 'shape')?.shape
  const targetMs = shape?.partTargetMs ?? 0
  let endMs: number | undefined
  for (const part of parts()) {
    expect(part.durationMs).toBeLessThanOrEqual(targetMs)
    if (!part.final) expect(part.durationMs).toBeGreaterThanOrEqual(0.85 * targetMs)
    if (endMs !== undefined) expect(part.mediaTimeMs).toBeCloseTo(endMs, 3)
    endMs = part.mediaTimeMs + part.durationMs
  }
  for (const duration of segmentsOf(parts())) {
    expect(Math.round(duration / 1000)).toBeLessThanOrEqual(shape?.targetDurationS ?? 0)
  }
}

const readTracks = async (bytes: Buffer): Promise<{ kind: string; times: number[]; first: number }[]> => {
  const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS })
  const out: { kind: string; times: number[]; first: number }[] = []
  for (const track of await input.getTracks()) {
    const times: number[] = []
    const sink = new EncodedPacketSink(track)
    for await (const packet of sink.packets(undefined, undefined, { metadataOnly: true }))
      times.push(packet.timestamp)
    out.push({ kind: track.type, times, first: times[0] ?? NaN })
  }
  return out
}

describe('shape', () => {
  test.each([
    [1_000, 1000 / 30, 2],
    [2_000, 1000 / 30, 2],
    [2_002, 1001 / 30, 2],
    [1_500, 1000 / 30, 3],
    [500, 1000 / 60, 2],
    [2_500, 40, 3],
    [8_333, 1000 / 30, 4],
    [undefined, 1000 / 30, 4],
  ])('a first GOP of %s ms at %s ms a frame gives TARGETDURATION %s', (gop, frame, target) => {
    expect(chooseShape(gop, frame).targetDurationS).toBe(target)
  })

  test.each([7, 10, 12.5, 15, 23.976, 24, 25, 29.97, 30, 48, 50, 59.94, 60, 120])(
    'at %s frames a second parts of at least 85 %% are possible',
    (fps) => {
      const made = live()
      made.send(0, 9_000, { fps, gop: Math.round(fps * 2), audio: false })
      expect(made.parts().length).toBeGreaterThan(5)
      expectLawful(made)
    },
  )
})

describe('packager', () => {
  test('a GOP of 2 s: playable after one GOP, segments at IDRs, first part independent', () => {
    const made = live()
    made.send(0, 1_990)
    expect(made.parts()).toHaveLength(0)
    made.send(2_000, 2_050)
    expect(made.parts().map((part) => [part.msn, part.part, part.independent, part.final])).toEqual([
      [0, 0, true, false],
      [0, 1, false, false],
      [0, 2, false, false],
      [0, 3, false, true],
    ])
    expect(made.inits()).toHaveLength(1)
    made.send(2_050, 9_000)
    expectLawful(made)
    expect(segmentsOf(made.parts()).slice(0, 3)).toEqual([2_000, 2_000, 2_000])
    expect(made.parts().every((part) => part.independent === (part.part === 0))).toBe(true)
  })

  test('millisecond jitter of 33 and 34 does not move anything', () => {
    const made = live()
    made.send(0, 20_000, { jitter: (n) => [0, 3, -4, 2, -1][n % 5] ?? 0 })
    expectLawful(made)
    expect(
      segmentsOf(made.parts())
        .slice(0, 8)
        .every((ms) => Math.abs(ms - 2_000) <= 8),
    ).toBe(true)
  })

  test('a GOP of 250 frames: segments are cut at TARGETDURATION, parts at the IDR stay joinable', () => {
    const made = live()
    made.send(0, 26_000, { gop: 250 })
    expectLawful(made)
    const starts = made.parts().filter((part) => part.independent)
    expect(starts.map((part) => Math.round(part.mediaTimeMs))).toEqual([0, 8_333, 16_667, 25_000])
    expect(segmentsOf(made.parts()).slice(0, 3)).toEqual([4_000, 4_000, 333])
  })

  test('composition offsets are signed and samples keep DTS order', async () => {
    const made = live()
    made.send(0, 2_100, { compositionMs: (n) => (n % 3 === 0 ? 33 : -33) })
    const bytes = Buffer.concat([made.inits()[0]?.bytes ?? idr, ...made.parts().map((part) => part.bytes)])
    const [video, audio] = await readTracks(bytes)
    expect(video?.kind).toBe('video')
    expect(video?.times).toHaveLength(60)
    // mediabunny gives presentation times: 0 + 33, 33 − 33, 67 − 33, 100 + 33…
    expect(video?.times.slice(0, 4).map((time) => Math.round(time * 1000))).toEqual([33, 0, 34, 133])
    expect(audio?.times.length).toBeGreaterThan(90)
  })

  test.each([
    ['hour 5', 16_777_000],
    ['the 32-bit wrap', 2 ** 32 - 3_000],
  ])('timestamps go on at %s', (_name, clockMs) => {
    const made = live()
    made.send(0, 8_000, { clockMs })
    expectLawful(made)
    expect(made.packager.stats.clockJumps).toBe(0)
    expect(made.parts()[0]?.mediaTimeMs).toBe(0)
    expect(made.packager.mediaTimeMs).toBeGreaterThan(7_900)
  })

  test('equal sequence headers change nothing, another one makes a new init at the next IDR', () => {
    const made = live()
    made.send(0, 3_000)
    made.packager.config(parseAvcRecord(avc360p30))
    made.packager.config(parseAacConfig(aacLc48k))
    made.send(3_000, 5_000)
    expect(made.inits()).toHaveLength(1)
    made.packager.config(video720)
    made.send(5_000, 8_100)
    expectLawful(made)
    expect(made.inits().map((init) => init.tracks[0]?.width)).toEqual([640, 1280])
    const changed = made.parts().find((part) => part.init === 1)
    expect(changed).toMatchObject({
      part: 0,
      discontinuity: true,
      independent: true,
      discontinuitySequence: 1,
    })
    expect(changed?.mediaTimeMs).toBe(6_000)
  })

  test('an SPS that changes inside the stream makes a new init', () => {
    const made = live()
    made.send(0, 4_000)
    const sps = spsOfRecord(avc720p25)
    const pps = avc720p25.subarray(8 + sps.length + 3, -4)
    const size = (bytes: Buffer): Buffer => Buffer.from([0, 0, 0, bytes.length])
    const data = Buffer.concat([size(sps), sps, size(pps), pps, idr])
    made.packager.video({ kind: 'video', timestampMs: 4_000, compositionMs: 0, key: true, data }, wall)
    made.send(4_001, 6_100)
    expect(made.inits().map((init) => init.tracks[0]?.width)).toEqual([640, 1280])
    expectLawful(made)
  })

  test('audio only', () => {
    const made = rig()
    made.packager.begin()
    made.packager.config(audio48)
    made.send(0, 9_000, { video: false })
    expectLawful(made)
    expect(made.parts().every((part) => part.independent)).toBe(true)
    expect(made.inits()[0]?.tracks.map((track) => track.kind)).toEqual(['audio'])
  })

  test('audio that starts late joins at an IDR with a new init', () => {
    const made = live()
    made.send(0, 5_000, { audio: false })
    made.send(5_000, 9_000)
    expectLawful(made)
    expect(made.inits().map((init) => init.tracks.map((track) => track.kind))).toEqual([
      ['video'],
      ['video', 'audio'],
    ])
    expect(made.parts().find((part) => part.init === 1)).toMatchObject({
      discontinuity: true,
      mediaTimeMs: 6_000,
    })
  })

  test('video that goes leaves audio alone, and comes back', () => {
    const made = live()
    made.send(0, 4_500)
    made.send(4_500, 10_000, { video: false })
    made.send(10_000, 14_000)
    expect(made.inits().map((init) => init.tracks.map((track) => track.kind))).toEqual([
      ['video', 'audio'],
      ['audio'],
      ['video', 'audio'],
    ])
    const parts = made.parts()
    expect((parts.at(-1)?.mediaTimeMs ?? 0) / 1000).toBeGreaterThan(12.5)
    expectLawful(made)
  })

  test('a clock that jumps back begins a new run; media time and PDT only go forward', () => {
    const made = live()
    made.send(0, 5_000, { clockMs: 100_000 })
    made.send(0, 5_000, { clockMs: 7_000, wallMs: wall + 9_000 })
    expectLawful(made)
    expect(made.packager.stats.clockJumps).toBe(1)
    const runs: Run[] = []
    for (const part of made.parts()) extendRuns(runs, part)
    expect(runs.length).toBe(2)
    expect(runs[1]?.pdtMs).toBeGreaterThanOrEqual((runs[0]?.pdtMs ?? 0) + (runs[0]?.durationMs ?? 0))
    expect(made.parts().filter((part) => part.discontinuity && part.part === 0)).toHaveLength(1)
  })

  test('frames that are missing for a second are a discontinuity, not a long part', () => {
    const made = live()
    made.send(0, 4_000, { audio: false })
    made.send(7_000, 12_000, { audio: false })
    expectLawful(made)
    expect(made.parts().filter((part) => part.discontinuity && part.part === 0)).toHaveLength(1)
  })

  test('a late frame leaves the part at PART-TARGET', () => {
    const made = live()
    made.send(0, 2_300)
    made.send(2_300, 2_900, { video: false })
    made.send(2_900, 8_000)
    expectLawful(made)
    expect(made.parts().some((part) => part.discontinuity)).toBe(false)
  })

  test('a second publication goes on at once: same shape, same init, contiguous media time', () => {
    const made = live()
    made.send(0, 5_000)
    made.packager.end()
    const endMs = made.packager.mediaTimeMs
    made.packager.begin()
    made.packager.config(video360)
    made.packager.config(audio48)
    made.send(0, 600)
    const next = made.parts().find((part) => part.discontinuity)
    expect(next?.mediaTimeMs).toBeCloseTo(endMs, 3)
    expect(made.inits()).toHaveLength(1)
    expectLawful(made)
  })

  test('a resumed session never counts backwards', () => {
    const resume: ResumePoint = {
      shape: { targetDurationS: 2, partTargetMs: 508 },
      nextMsn: 41,
      nextInit: 3,
      discontinuitySequence: 2,
      mediaTimeMs: 80_000,
      pdtMs: wall + 1_000_000,
    }
    const made = live(resume)
    made.send(0, 3_000)
    expect(made.parts()[0]).toMatchObject({
      msn: 41,
      init: 3,
      mediaTimeMs: 80_000,
      discontinuity: true,
      discontinuitySequence: 3,
      pdtMs: wall + 1_000_000,
    })
  })
})

test('whatever a publisher sends, the packager keeps going and time goes forward', () => {
  const step = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({ t: fc.constant('v' as const), ms: fc.integer({ min: 0, max: 90 }) }),
    },
    {
      weight: 12,
      arbitrary: fc.record({ t: fc.constant('a' as const), ms: fc.integer({ min: 0, max: 40 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ t: fc.constant('k' as const), ms: fc.integer({ min: 0, max: 90 }) }),
    },
    { weight: 1, arbitrary: fc.record({ t: fc.constant('jump' as const), ms: fc.integer() }) },
    {
      weight: 1,
      arbitrary: fc.record({ t: fc.constantFrom('begin', 'end', '360', '720', 'aac'), ms: fc.nat(5) }),
    },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: 'max' }), fc.integer(), (steps, compositionMs) => {
      const made = live()
      let clock = 0
      for (const { t, ms } of steps) {
        clock += ms
        const timestampMs = clock >>> 0
        if (t === 'v' || t === 'k') {
          const data = t === 'k' ? idr : delta
          const frame = {
            kind: 'video' as const,
            timestampMs,
            compositionMs: compositionMs >> 8,
            key: t === 'k',
            data,
          }
          made.packager.video(frame, wall + clock)
        } else if (t === 'a') made.packager.audio({ kind: 'audio', timestampMs, data: delta }, wall + clock)
        else if (t === '360') made.packager.config(video360)
        else if (t === '720') made.packager.config(video720)
        else if (t === 'aac') made.packager.config(audio48)
        else if (t === 'end') made.packager.end()
        if (t === 'end' || t === 'begin') made.packager.begin()
        if (t === 'begin') made.packager.config(video360)
      }
      made.packager.end()
      let endMs = 0
      let pdtMs = 0
      for (const part of made.parts()) {
        expect(part.mediaTimeMs).toBeGreaterThanOrEqual(endMs - 0.001)
        expect(part.pdtMs).toBeGreaterThanOrEqual(pdtMs - 0.001)
        endMs = part.mediaTimeMs + part.durationMs
        pdtMs = part.pdtMs + part.durationMs
      }
      const window = createWindow()
      for (const update of made.updates) window.apply(update)
      writePlaylist(window, { parts: true, skip: true })
    }),
    { numRuns: 300 },
  )
})

describe('audio clock', () => {
  test('counts frames through jitter, resynchronises on real drift', () => {
    const clock = createAudioClock(48_000)
    for (let n = 0; n < 500; n++) {
      const jitterMs = [0, 5, -6, 1][n % 4] ?? 0
      expect(clock.place(n * 1024 + jitterMs * 48, 1024)).toEqual({ base: n * 1024, duration: 1024 })
    }
    // 300 ms are missing.
    const gap = 500 * 1024 + 300 * 48
    expect(clock.place(gap, 1024)?.base).toBe(gap)
    expect(clock.place(gap - 48_000, 1024)).toBeUndefined()
  })
  test('12 h of a clock that is 50 ppm off stay within 40 ms', () => {
    const clock = createAudioClock(48_000)
    let worst = 0
    for (let n = 0; n < (12 * 3600 * 48_000) / 1024; n++) {
      const position = n * 1024 * 1.00005
      worst = Math.max(worst, Math.abs((clock.place(position, 1024)?.base ?? Infinity) - position))
    }
    expect(worst / 48).toBeLessThan(40)
  })
  test('the unwrapper follows a wrap and a step back', () => {
    const unwrap = createUnwrapper()
    expect([2 ** 32 - 10, 5, 2 ** 32 - 2].map(unwrap)).toEqual([2 ** 32 - 10, 2 ** 32 + 5, 2 ** 32 - 2])
  })
})

describe('playlists', () => {
  const windowOf = (untilMs: number, options: SendOptions = {}): ReturnType<typeof createWindow> => {
    const window = createWindow()
    const made = live()
    made.send(0, untilMs, options)
    for (const update of made.updates) window.apply(update)
    return window
  }

  test('ll.m3u8 keeps the obligations', () => {
    const window = windowOf(60_300)
    const text = writePlaylist(window, { parts: true, skip: false }) ?? ''
    const parsed = HLS.parse(text)
    expect(parsed).toMatchObject({ targetDuration: 2, partTargetDuration: 0.508, version: 9 })
    expect(text).toContain('CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,PART-HOLD-BACK=1.524,HOLD-BACK=6')
    expect(text).toContain('#EXT-X-DISCONTINUITY-SEQUENCE:0')
    expect(text).toContain('#EXT-X-INDEPENDENT-SEGMENTS')
    expect(text).toMatch(/#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p30\.0\.mp4"\n$/)
    expect(text.match(/#EXT-X-PROGRAM-DATE-TIME/g)?.length).toBe(text.match(/#EXTINF/g)?.length)
    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:23')
    expect(text).not.toContain('p27.0.mp4')
    expect(text).toContain('p28.0.mp4')
  })

  test('what left the playlist stays for 6 target durations, then goes', () => {
    const window = windowOf(60_300)
    expect(window.segment(22)).toBeDefined()
    expect(window.segment(17)).toBeDefined()
    expect(window.segment(15)).toBeUndefined()
    expect(
      window.part(22, 0)?.equals(window.segment(22)?.subarray(0, window.part(22, 0)?.length) ?? idr),
    ).toBe(true)
  })

  test('a delta update skips what is older than six target durations', () => {
    const window = windowOf(60_300)
    const text = writePlaylist(window, { parts: true, skip: true }) ?? ''
    expect(text).toContain('#EXT-X-SKIP:SKIPPED-SEGMENTS=1')
    expect(text).not.toContain('s23.mp4')
    expect(text).not.toContain('#EXT-X-MAP')
    expect(text).toContain('s24.mp4')
  })

  test('live.m3u8 lists whole segments only', () => {
    const text = writePlaylist(windowOf(11_300), { parts: false, skip: false }) ?? ''
    expect(text).not.toMatch(/PART|PRELOAD|SKIP/)
    expect(HLS.parse(text)).toMatchObject({ targetDuration: 2 })
    expect(text.match(/#EXTINF/g)).toHaveLength(5)
  })

  test('a segment that does not begin with an IDR leaves INDEPENDENT-SEGMENTS out', () => {
    const text = writePlaylist(windowOf(14_000, { gop: 250 }), { parts: true, skip: false }) ?? ''
    expect(text).not.toContain('INDEPENDENT-SEGMENTS')
    expect(text).toContain('INDEPENDENT=YES')
    expect(text).toContain('#EXT-X-TARGETDURATION:4')
  })

  test('blocking reload decides as the RFC says', () => {
    const window = windowOf(8_700)
    const next = nextPart(window)
    expect(next).toEqual({ msn: 4, part: 1 })
    expect(blockDecision(window, undefined, undefined)).toBe('ready')
    expect(blockDecision(window, undefined, 1)).toBe('invalid')
    expect(blockDecision(window, 3, undefined)).toBe('ready')
    expect(blockDecision(window, 4, 0)).toBe('ready')
    expect(blockDecision(window, 4, 1)).toBe('wait')
    expect(blockDecision(window, 4, undefined)).toBe('wait')
    expect(blockDecision(window, 5, 0)).toBe('wait')
    expect(blockDecision(window, 6, 0)).toBe('too-far')
    expect(blockDecision(window, 4, 60)).toBe('too-far')
  })

  test('discontinuities are counted when they leave the playlist', () => {
    const window = createWindow()
    const made = live()
    made.send(0, 5_000)
    made.packager.begin()
    made.packager.config(video360)
    made.packager.config(audio48)
    made.send(0, 60_000)
    for (const update of made.updates) window.apply(update)
    const text = writePlaylist(window, { parts: true, skip: false }) ?? ''
    expect(text).toContain('#EXT-X-DISCONTINUITY-SEQUENCE:1')
    expect(text).not.toContain('#EXT-X-DISCONTINUITY\n')
  })

  test('a snapshot makes the same playlist', () => {
    const window = windowOf(30_300)
    const copy = createWindow()
    for (const update of window.snapshot()) copy.apply(update)
    const options = { parts: true, skip: false }
    expect(writePlaylist(copy, options)).toBe(writePlaylist(window, options))
  })
})

test('PDT maps to media time through the runs', () => {
  const runs: Run[] = [
    { mediaTimeMs: 0, pdtMs: 1_000, durationMs: 5_000 },
    { mediaTimeMs: 5_000, pdtMs: 20_000, durationMs: 1_000 },
  ]
  expect([0, 1_500, 7_000, 20_500, 90_000].map((pdt) => mediaTimeAt(runs, pdt))).toEqual([
    0, 500, 5_000, 5_500, 6_000,
  ])
})
