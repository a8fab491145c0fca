/**
 * Owns looking back in a live stream: from the live edge into the recording and back again, catching up at a higher
 * speed until both are one.
 */
import { computed, ref, watch } from 'vue'
import type { Ref } from 'vue'
import { useIntervalFn } from '@vueuse/core'
import { latencyChoice } from './preferences.ts'
import type { LivePlace, Playback, PlaySource } from './source.ts'

interface Options {
  source: () => PlaySource | undefined
  video: Ref<HTMLVideoElement | null>
  playback: () => Playback | undefined
}

/** Within this of the edge it is live again. */
const mergedS = 3
/** From here on the higher of the two speeds is used. */
const farS = 60
export const catchUpRates = { near: 1.25, far: 1.5 } as const

export const useLookBack = ({ source, video, playback }: Options) => {
  /** How far behind the present look back began; undefined at the live edge. */
  const behind = ref<number>()
  const catching = ref(false)
  const place = ref<LivePlace>()
  const canLookBack = computed(() => source()?.live === true && source()?.dvr !== undefined)

  const played = computed<PlaySource | undefined>(() => {
    const given = source()
    if (!given?.live) return given
    if (behind.value !== undefined && given.dvr !== undefined)
      return { live: true, hls: given.dvr, behind: behind.value }
    return latencyChoice.value === 'low' ? given : { ...given, lowLatency: undefined }
  })

  const stopCatching = (): void => {
    if (!catching.value) return
    catching.value = false
    if (video.value) video.value.playbackRate = 1
  }
  const toEdge = (): void => {
    stopCatching()
    place.value = undefined
    if (behind.value === undefined) playback()?.goLive()
    behind.value = undefined
  }

  /** `seconds` behind the edge. */
  const lookBack = (seconds: number): void => {
    if (!canLookBack.value) return
    stopCatching()
    if (seconds < mergedS) return toEdge()
    const now = playback()?.place()
    if (behind.value !== undefined && now && video.value) {
      // The same timeline: only the playhead moves.
      video.value.currentTime += Math.max(0, now.edge - seconds) - now.at
      playback()?.follow(false)
    } else behind.value = seconds
  }

  const behindNow = (): number =>
    behind.value === undefined
      ? (playback()?.latency() ?? 0)
      : place.value
        ? place.value.edge - place.value.at
        : behind.value

  const catchUp = (): void => {
    catching.value = true
    playback()?.follow(false)
    steer()
    void video.value?.play().catch(() => undefined)
  }
  /** Keeps the speed while it catches up; once merged, the stream is followed as any live stream is. */
  const steer = (): void => {
    const element = video.value
    const now = playback()?.place()
    if (!catching.value || !element || !now) return
    const left = now.edge - now.at
    if (left <= mergedS) {
      stopCatching()
      playback()?.follow(true)
    } else element.playbackRate = left > farS ? catchUpRates.far : catchUpRates.near
  }

  useIntervalFn(() => {
    if (behind.value === undefined) return
    place.value = playback()?.place() ?? place.value
    steer()
  }, 250)
  // Another room, or the end of this one.
  watch(
    () => source()?.hls,
    () => {
      stopCatching()
      behind.value = undefined
      place.value = undefined
    },
  )

  return {
    played,
    canLookBack,
    place,
    catching,
    /** Farther behind than the live edge's own distance. */
    isBack: computed(
      () => behind.value !== undefined && (!place.value || place.value.edge - place.value.at > mergedS + 5),
    ),
    /** The timeline of the recording is on the screen, at its live edge or not. */
    onRecording: computed(() => behind.value !== undefined),
    lookBack,
    behindNow,
    toEdge,
    catchUp,
    stopCatching,
  }
}
export type LookBack = ReturnType<typeof useLookBack>
