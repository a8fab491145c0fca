/** Owns what the system shows of a playback, and its buttons: lock screens, headsets, a phone that is put away. */
import { onScopeDispose, watch } from 'vue'
import type { Ref } from 'vue'

interface Options {
  title: () => string
  artist: () => string | undefined
  picture: () => string | null | undefined
  playing: Ref<boolean>
  actions: { play(): void; pause(): void; seek(seconds: number): void }
}

const stepS = 10

export const useMediaSession = ({ title, artist, picture, playing, actions }: Options): void => {
  if (!('mediaSession' in navigator)) return
  const { mediaSession } = navigator
  const handlers: [MediaSessionAction, () => void][] = [
    ['play', actions.play],
    ['pause', actions.pause],
    ['stop', actions.pause],
    ['seekbackward', () => actions.seek(-stepS)],
    ['seekforward', () => actions.seek(stepS)],
  ]
  for (const [action, handler] of handlers) {
    try {
      mediaSession.setActionHandler(action, handler)
    } catch {
      // A browser without this button.
    }
  }
  watch(
    [title, artist, picture],
    ([name, by, image]) => {
      mediaSession.metadata = new MediaMetadata({
        title: name,
        artist: by ?? '',
        artwork: image ? [{ src: new URL(image, location.href).href, sizes: '1280x720' }] : [],
      })
    },
    { immediate: true },
  )
  watch(playing, (on) => void (mediaSession.playbackState = on ? 'playing' : 'paused'), { immediate: true })
  onScopeDispose(() => {
    mediaSession.metadata = null
    mediaSession.playbackState = 'none'
    for (const [action] of handlers) {
      try {
        mediaSession.setActionHandler(action, null)
      } catch {
        // As above.
      }
    }
  })
}
