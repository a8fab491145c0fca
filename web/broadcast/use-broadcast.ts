/** Owns a broadcast from this page: its sources through mixers and encoders into the socket, and how it goes. */
import { effectScope, onScopeDispose, reactive, ref, shallowRef, watch } from 'vue'
import type { PublishEnd } from '../../contract/publish.ts'
import { createCongestion } from './congestion.ts'
import { createEncoders } from './encoders.ts'
import { createPicture } from './picture.ts'
import { openPublishSocket } from './publish-socket.ts'
import type { PublishState } from './publish-socket.ts'
import { chooseAudio, chooseVideo } from './quality.ts'
import type { Quality } from './quality.ts'
import { openSound } from './sound.ts'
import type { Sound } from './sound.ts'
import type { Sources } from './sources.ts'

/** `fault`: an encoder gave up; everything else as the server says it. */
export type BroadcastEnd = PublishEnd | 'gave_up' | 'fault'

export interface BroadcastFigures {
  /** Arriving at the server, bits a second. */
  rate: number
  /** What the picture is encoded with now. */
  bitrate: number
  /** Pictures left out since the start: the network or the machine was too slow. */
  dropped: number
  pictures: number
}

interface Running {
  stop(goodbye: boolean): void
}

export const useBroadcast = (sources: Sources) => {
  const state = ref<'off' | PublishState>('off')
  const end = ref<BroadcastEnd>()
  const level = ref(0)
  const micMuted = ref(false)
  const cameraHidden = ref(false)
  const startedMs = ref(0)
  const codec = ref('')
  const figures = reactive<BroadcastFigures>({ rate: 0, bitrate: 0, dropped: 0, pictures: 0 })
  const sound = shallowRef<Sound>()
  let onSamples: ((planes: Float32Array<ArrayBuffer>) => void) | undefined
  let running: Running | undefined

  /** The meter works before anything is sent. */
  const listen = async (): Promise<void> => {
    if (sound.value) return
    sound.value = await openSound((planes, peak) => {
      // Falls slowly, as meters do.
      level.value = Math.max(micMuted.value ? 0 : peak, level.value * 0.9)
      onSamples?.(planes)
    })
  }
  watch(
    [sound, sources.microphone, sources.screenSound],
    ([open, microphone, screen]) => {
      open?.setTrack('microphone', microphone)
      open?.setTrack('screen', screen)
    },
    { immediate: true },
  )
  watch([sound, micMuted], ([open, muted]) => open?.setMuted(muted))

  const begin = async (quality: Quality): Promise<Running | undefined> => {
    await listen()
    const [video, audio] = [await chooseVideo(quality), await chooseAudio()]
    if (!video || !audio) return undefined
    codec.value = video.fourcc
    const congestion = createCongestion(quality.bitrate)
    const socket = openPublishSocket({
      size: { width: video.config.width, height: video.config.height },
      onState: (next) => (state.value = next),
      onReady: () => encoders.renew(),
      onRate: (rate) => (figures.rate = rate),
      onEnd: (why) => stop(why),
    })
    const encoders = createEncoders({
      video,
      audio,
      onTag: (kind, atMs, body) => socket.send(kind, atMs, body),
      onDropped: () => figures.dropped++,
      onError: () => stop('fault'),
    })
    const originMs = performance.now()
    const picture = createPicture(quality, (frame, atMs) => {
      figures.pictures++
      if (congestion.mayEncode(socket.waitingBytes)) return encoders.picture(frame, atMs - originMs)
      figures.dropped++
      frame.close()
    })
    const follow = effectScope(true)
    follow.run(() => {
      watch(sources.camera, (track) => picture.setTrack('camera', track), { immediate: true })
      watch(sources.screen, (track) => picture.setTrack('screen', track), { immediate: true })
      watch(cameraHidden, (hidden) => picture.setHidden(hidden), { immediate: true })
    })
    const clock = createSampleClock(originMs)
    onSamples = (planes) => {
      encoders.sound(planes, clock(planes.length / 2))
      picture.tick()
    }
    const steering = setInterval(() => {
      figures.bitrate = congestion.bitrate(socket.waitingBytes)
      encoders.setBitrate(figures.bitrate)
    }, 1000)
    return {
      stop(goodbye) {
        clearInterval(steering)
        onSamples = undefined
        follow.stop()
        picture.close()
        encoders.close()
        if (goodbye) socket.stop()
      },
    }
  }

  const stop = (why?: BroadcastEnd): void => {
    const was = running
    running = undefined
    state.value = 'off'
    end.value = why
    was?.stop(why === undefined || why === 'fault')
  }

  onScopeDispose(() => {
    stop()
    void sound.value?.close()
  })

  return {
    state,
    end,
    level,
    micMuted,
    cameraHidden,
    startedMs,
    codec,
    figures,
    listen,
    async start(quality: Quality): Promise<void> {
      if (running) return
      end.value = undefined
      Object.assign(figures, { rate: 0, bitrate: quality.bitrate, dropped: 0, pictures: 0 })
      state.value = 'connecting'
      running = await begin(quality)
      startedMs.value = Date.now()
      if (!running) stop('fault')
    },
    stop: () => stop(),
  }
}
export type Broadcast = ReturnType<typeof useBroadcast>

/** When samples were heard, from how many came: steady where messages are not. Begins anew after a gap. */
const createSampleClock = (originMs: number) => {
  let baseMs: number | undefined
  let samples = 0
  return (count: number): number => {
    const nowMs = performance.now() - originMs
    const expected = baseMs === undefined ? nowMs : baseMs + samples / 48
    if (baseMs === undefined || Math.abs(expected - nowMs) > 150) {
      baseMs = nowMs
      samples = 0
    }
    const atMs = baseMs + samples / 48
    samples += count
    return atMs
  }
}
