/**
 * Owns a live session's media from compressed frames to parts: which tracks there are, where runs begin, when a
 * new init is due. One packager lives as long as its session; publications come and go. It refuses nothing:
 * what can't be placed in time is dropped.
 */
import { opusPacketSamples } from '../codec/opus.ts'
import { sameConfig } from '../codec/packet.ts'
import type { AudioConfig, AudioFrame, TrackConfig, VideoConfig, VideoFrame } from '../codec/packet.ts'
import { timescaleOf, writeInit } from '../fmp4/init.ts'
import type { Sample } from '../fmp4/part.ts'
import { inspectKeyframe } from './in-band.ts'
import { createSegmenter } from './segmenter.ts'
import type { Segmenter } from './segmenter.ts'
import { chooseShape, typicalStep } from './shape.ts'
import { firstAudio, firstGop, firstVideo, tracksSettled, videoTimes } from './start-up.ts'
import type { AudioItem, Item, VideoItem } from './start-up.ts'
import { summarise } from './summary.ts'
import { createAudioClock, createUnwrapper } from './timestamps.ts'
import type { AudioClock } from './timestamps.ts'
import type { HlsUpdate, ResumePoint, SessionShape } from './updates.ts'

export interface PackagerStats {
  video: VideoConfig | undefined
  audio: AudioConfig | undefined
  fps: number
  keyframeIntervalMs: number | undefined
  keyframes: number
  clockJumps: number
}

export interface Packager {
  /** A publication begins; what the last one left open is ended. */
  begin(): void
  config(config: TrackConfig): void
  /** `wallMs` is when it arrived. */
  video(frame: VideoFrame, wallMs: number): void
  audio(frame: AudioFrame, wallMs: number): void
  /** The publication is over: what waits becomes the last part of its segment. */
  end(): void
  readonly mediaTimeMs: number
  readonly stats: PackagerStats
}

export interface PackagerOptions {
  resume?: ResumePoint | undefined
  /** How long parts should be. */
  partMs?: number | undefined
  emit: (update: HlsUpdate) => void
}

const ticks = 90
// A track that is this far behind the other has gone.
const lostMs = 2_500
// Beyond these the publisher's clock jumped; below them frames are just late or missing.
const jumpBackMs = 1_000
const jumpForwardMs = 10_000
// How far audio may run ahead of video before parts stop waiting for a frame.
const interleaveMs = 1_000
const maxStray = 100
const maxStartBytes = 32 * 1024 * 1024

export const createPackager = (options: PackagerOptions): Packager => {
  const { emit, resume, partMs } = options
  const counters = {
    nextMsn: resume?.nextMsn ?? 0,
    discontinuitySequence: resume?.discontinuitySequence ?? 0,
  }
  let nextInit = resume?.nextInit ?? 0
  let shape: SessionShape | undefined = resume?.shape
  let segmenter: Segmenter | undefined =
    shape === undefined ? undefined : createSegmenter(shape, counters, emit)
  if (shape !== undefined) emit({ type: 'shape', shape })

  // The publication's own state.
  let unwrap = createUnwrapper()
  let videoConfig: VideoConfig | undefined
  let audioConfig: AudioConfig | undefined
  let waiting: Item[] | undefined
  let waitingBytes = 0
  let firstSeenMs: number | undefined
  let videoSeen = false
  let stray = 0

  // The run's state.
  let offset = 0
  let activeVideo: VideoConfig | undefined
  let activeAudio: AudioConfig | undefined
  let audioClock: AudioClock | undefined
  let pending: VideoItem | undefined
  let lastVideoMs = 0
  let lastAudioMs = 0
  let frameMs = 1000 / 30
  let currentInit = -1
  let initTracks: TrackConfig[] = []
  let pdtOffsetMs = 0

  // The session's state.
  let mediaEnd = Math.round((resume?.mediaTimeMs ?? 0) * ticks)
  let pdtEndMs = resume?.pdtMs ?? 0
  let everRan = resume !== undefined
  let lastKeyMs: number | undefined
  let keyframeIntervalMs: number | undefined
  let keyframes = 0
  let clockJumps = 0

  const writeInitFor = (): void => {
    const tracks = [activeVideo, activeAudio].filter((config) => config !== undefined)
    const same = initTracks.length === tracks.length && tracks.every((t, i) => sameConfig(initTracks[i], t))
    if (same && currentInit >= 0) return
    initTracks = tracks
    currentInit = nextInit++
    emit({
      type: 'init',
      n: currentInit,
      tracks: tracks.map((t) => summarise(t, frameMs)),
      bytes: writeInit(tracks),
    })
  }

  const beginSegment = (time: number, discontinuity: boolean): void => {
    writeInitFor()
    segmenter?.begin({ time, init: currentInit, discontinuity, pdtOffsetMs })
  }

  // The frame that waits for its successor's time gets the usual duration instead.
  const flushPending = (endMs?: number): void => {
    if (pending === undefined) return
    const duration = endMs === undefined ? frameMs : Math.max(1, endMs - pending.ms)
    pushVideo(pending, Math.round(duration * ticks))
    pending = undefined
  }

  const closeRun = (): void => {
    if (segmenter?.open === true) {
      const last = pending
      flushPending()
      const audioEnd = lastAudioMs * ticks + offset
      const time = last === undefined ? audioEnd : Math.round((last.ms + frameMs) * ticks) + offset
      mediaEnd = Math.max(mediaEnd, segmenter.end(time))
      pdtEndMs = mediaEnd / ticks + pdtOffsetMs
    }
    pending = undefined
  }

  /** Collects again until tracks and first frame are settled; media time goes on where it stands. */
  const restart = (): void => {
    closeRun()
    waiting = []
    waitingBytes = 0
    firstSeenMs = undefined
    videoSeen = false
  }

  const pushVideo = (item: VideoItem, duration: number): void => {
    const sample: Sample = {
      duration,
      composition: Math.round(item.compositionMs * ticks),
      key: item.key,
      data: item.data,
    }
    segmenter?.video(item.ms * ticks + offset, sample)
  }

  const pushAudio = (item: AudioItem): void => {
    if (activeAudio === undefined || segmenter === undefined) return
    const rate = timescaleOf(activeAudio)
    audioClock ??= createAudioClock(rate)
    const position = ((item.ms * ticks + offset) * rate) / 90_000
    const samples = activeAudio.codec === 'opus' ? opusPacketSamples(item.data) : activeAudio.frameSamples
    const place = audioClock.place(position, samples)
    if (place === undefined || place.base < 0) return
    segmenter.audio(place.base, { duration: place.duration, composition: 0, key: true, data: item.data })
  }

  // Changed configurations and tracks that came or went take effect at an IDR, with a new init.
  const retrack = (item: VideoItem): void => {
    const audioHere = audioConfig !== undefined && item.ms - lastAudioMs < lostMs
    const wantedAudio = audioHere ? audioConfig : undefined
    const videoSame = sameConfig(activeVideo, item.config)
    const audioSame =
      wantedAudio === undefined ? activeAudio === undefined : sameConfig(activeAudio, wantedAudio)
    if (videoSame && audioSame) return
    // end() never goes beyond PART-TARGET; the next segment begins where it stopped, the run's clock stays.
    const time = item.ms * ticks + offset
    const ended = segmenter?.end(time) ?? time
    activeVideo = item.config
    if (!audioSame) audioClock = undefined
    activeAudio = wantedAudio
    beginSegment(ended, true)
  }

  const runVideo = (item: VideoItem): void => {
    if (segmenter === undefined) return
    let current = item
    if (pending !== undefined) {
      // DTS must rise; PTS stays where it was.
      if (current.ms <= pending.ms) {
        const ms = pending.ms + 1
        current = { ...current, ms, compositionMs: current.compositionMs + current.ms - ms }
      }
      pushVideo(pending, (current.ms - pending.ms) * ticks)
      pending = undefined
    }
    if (current.key) {
      retrack(current)
      if (lastKeyMs !== undefined && current.ms > lastKeyMs) keyframeIntervalMs = current.ms - lastKeyMs
      lastKeyMs = current.ms
      keyframes++
    } else if (activeVideo === undefined) return
    segmenter.advance(current.ms * ticks + offset, frameMs * ticks, current.key)
    lastVideoMs = current.ms
    pending = current
  }

  const runAudio = (item: AudioItem): void => {
    if (segmenter === undefined) return
    lastAudioMs = item.ms
    if (activeAudio === undefined || audioConfig !== activeAudio) return
    const time = item.ms * ticks + offset
    if (activeVideo === undefined) {
      segmenter.advance(time, (activeAudio.frameSamples / activeAudio.sampleRate) * 90_000, true)
    } else if (item.ms - lastVideoMs > lostMs) {
      loseVideo(item)
    } else if (shape !== undefined) {
      const late = time - segmenter.partStart - shape.partTargetMs * ticks
      if (late > interleaveMs * ticks && item.ms - lastVideoMs > interleaveMs) segmenter.forceCut()
    }
    pushAudio(item)
  }

  const loseVideo = (item: AudioItem): void => {
    flushPending(item.ms)
    const ended = segmenter?.end(item.ms * ticks + offset) ?? 0
    activeVideo = undefined
    beginSegment(ended, true)
    segmenter?.advance(item.ms * ticks + offset, 0, true)
  }

  const run = (item: Item): void => (item.kind === 'video' ? runVideo(item) : runAudio(item))

  const decideShape = (items: readonly Item[], key: VideoItem | undefined): boolean => {
    if (key === undefined) {
      const step = audioConfig === undefined ? 20 : (audioConfig.frameSamples / audioConfig.sampleRate) * 1000
      shape ??= chooseShape(2_000, step, partMs)
    } else {
      // Timestamps before the first step are all there is on a return; the usual frame stays as it was.
      frameMs = typicalStep(videoTimes(items), key.config.fps === undefined ? frameMs : 1000 / key.config.fps)
      if (shape === undefined) {
        const gop = firstGop(items, key)
        if (gop === undefined && waitingBytes < maxStartBytes) return false
        shape = chooseShape(typeof gop === 'number' ? gop : undefined, frameMs, partMs)
      }
    }
    if (segmenter === undefined) {
      segmenter = createSegmenter(shape, counters, emit)
      emit({ type: 'shape', shape })
    }
    return true
  }

  const tryStart = (items: Item[], nowMs: number): void => {
    if (!tracksSettled(items, nowMs - (firstSeenMs ?? nowMs), videoSeen)) return
    const key = firstVideo(items)
    const audio = firstAudio(items)
    if (!decideShape(items, key)) return
    const first = key ?? audio
    if (first === undefined) return
    waiting = undefined
    firstSeenMs = undefined
    startRun(first, key?.config, audio === undefined ? undefined : audioConfig)
    for (const item of items) if (item.ms >= first.ms) run(item)
  }

  const startRun = (first: Item, video: VideoConfig | undefined, audio: AudioConfig | undefined): void => {
    offset = mediaEnd - first.ms * ticks
    // PDT goes with media time from the first frame's arrival on, and never backwards.
    pdtOffsetMs = Math.max(first.wallMs, pdtEndMs) - mediaEnd / ticks
    activeVideo = video
    activeAudio = audio
    audioClock = undefined
    lastVideoMs = lastAudioMs = first.ms
    if (audio === undefined) lastAudioMs = -Infinity
    lastKeyMs = undefined
    beginSegment(mediaEnd, everRan)
    everRan = true
  }

  const collect = (items: Item[], item: Item): void => {
    firstSeenMs ??= item.ms
    if (item.kind === 'video') {
      videoSeen = true
      if (!item.key && firstVideo(items) === undefined) return
    }
    items.push(item)
    waitingBytes += item.data.length
    // Audio before the first IDR is of no use; what is kept is only as much as the decision needs.
    if (firstVideo(items) === undefined && items.length > 1_000) items.shift()
    tryStart(items, item.ms)
  }

  // Whether `ms` can't belong to the clock that went before, by the track that leads.
  const jumped = (ms: number): boolean => {
    if (waiting !== undefined) {
      const before = waiting.at(-1)?.ms ?? firstSeenMs
      return before !== undefined && (ms < before - jumpBackMs || ms > before + jumpForwardMs)
    }
    const last = activeVideo === undefined ? lastAudioMs : lastVideoMs
    const missing =
      shape !== undefined && ms - last > 2 * shape.partTargetMs && ms - lastAudioMs > 2 * shape.partTargetMs
    return ms < last - jumpBackMs || ms > last + jumpForwardMs || missing
  }

  // Audio follows video's clock: it may see a jump first, and may not lead unless video stays away.
  const strays = (ms: number): boolean => {
    const lead = waiting === undefined ? lastVideoMs : (waiting.at(-1)?.ms ?? firstSeenMs ?? ms)
    stray = Math.abs(ms - lead) > jumpForwardMs ? stray + 1 : 0
    return stray > 0
  }

  const take = (item: Item): void => {
    const leads = item.kind === 'video' || (waiting === undefined ? activeVideo === undefined : !videoSeen)
    if (leads ? jumped(item.ms) : strays(item.ms)) {
      if (!leads && stray < maxStray) return
      stray = 0
      clockJumps++
      restart()
    }
    if (waiting !== undefined) collect(waiting, item)
    else run(item)
  }

  return {
    begin() {
      restart()
      unwrap = createUnwrapper()
      videoConfig = audioConfig = undefined
      keyframeIntervalMs = undefined
    },
    config(config) {
      // A repeated sequence header is no news.
      if (config.kind === 'video') {
        if (!sameConfig(videoConfig, config)) videoConfig = config
      } else if (!sameConfig(audioConfig, config)) audioConfig = config
    },
    video(frame, wallMs) {
      if (videoConfig === undefined) return
      const { key, config } = inspectKeyframe(frame, videoConfig)
      videoConfig = config
      const { compositionMs, data } = frame
      const ms = unwrap(frame.timestampMs)
      take({ kind: 'video', ms, compositionMs, key, data, wallMs, config: videoConfig })
    },
    audio(frame, wallMs) {
      if (audioConfig === undefined) return
      take({ kind: 'audio', ms: unwrap(frame.timestampMs), data: frame.data, wallMs })
    },
    end() {
      if (waiting !== undefined && waiting.length > 0 && segmenter === undefined) startShort()
      restart()
      waiting = undefined
    },
    get mediaTimeMs() {
      const last = activeVideo === undefined ? lastAudioMs : lastVideoMs
      return segmenter?.open === true ? (last * ticks + offset) / ticks : mediaEnd / ticks
    },
    get stats() {
      const fps = 1000 / frameMs
      return { video: videoConfig, audio: audioConfig, fps, keyframeIntervalMs, keyframes, clockJumps }
    },
  }

  // A publication shorter than its first GOP is still played and kept.
  function startShort(): void {
    const items = waiting ?? []
    const key = firstVideo(items)
    if (key === undefined) return
    frameMs = typicalStep(videoTimes(items), 1000 / 30)
    shape ??= chooseShape(2_000, frameMs, partMs)
    segmenter ??= createSegmenter(shape, counters, emit)
    emit({ type: 'shape', shape })
    waiting = undefined
    const audioHere = items.some((item) => item.kind === 'audio')
    startRun(key, key.config, audioHere ? audioConfig : undefined)
    for (const item of items) if (item.ms >= key.ms) run(item)
  }
}
