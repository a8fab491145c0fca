/** Owns the life of a playback in a component: starting, starting muted where sound is refused, ending. */
import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { Ref } from 'vue'
import { attach } from './attach.ts'
import type { Playback, PlaySource, PlayState } from './source.ts'

export interface UsePlayback {
  state: Ref<PlayState>
  /** Sound was refused by the browser; a tap turns it on. */
  silenced: Ref<boolean>
  /** Even silent playing was refused: it waits for a press. */
  refused: Ref<boolean>
  playback: Ref<Playback | undefined>
  unmute(): void
}

const samePlay = (a: PlaySource | undefined, b: PlaySource | undefined): boolean =>
  a?.hls === b?.hls && a?.lowLatency === b?.lowLatency

export const usePlayback = (
  video: Ref<HTMLVideoElement | null>,
  source: () => PlaySource | undefined,
  keepTrying: () => boolean,
  silent = false,
): UsePlayback => {
  const state = ref<PlayState>('loading')
  const silenced = ref(false)
  const refused = ref(false)
  const playback = shallowRef<Playback>()
  let turn = 0

  const begin = async (element: HTMLVideoElement): Promise<void> => {
    if (silent) element.muted = true
    try {
      await element.play()
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return
      element.muted = true
      silenced.value = true
      try {
        await element.play()
      } catch {
        refused.value = true
      }
    }
  }

  const stop = (): void => {
    playback.value?.destroy()
    playback.value = undefined
  }

  watch(
    [video, source],
    async ([element, next], [, before]) => {
      if (playback.value && samePlay(next, before)) return
      turn += 1
      const mine = turn
      stop()
      state.value = 'loading'
      if (!element || !next) return
      const made = await attach({
        video: element,
        source: next,
        keepTrying,
        onState: (value) => (state.value = value),
      })
      if (mine !== turn) return made.destroy()
      playback.value = made
      void begin(element)
    },
    { immediate: true, flush: 'post' },
  )

  onScopeDispose(() => {
    turn += 1
    stop()
  })

  return {
    state,
    silenced,
    refused,
    playback,
    unmute: () => {
      const element = video.value
      if (!element) return
      element.muted = false
      if (element.volume === 0) element.volume = 0.7
      silenced.value = false
      void element.play().catch(() => undefined)
    },
  }
}
