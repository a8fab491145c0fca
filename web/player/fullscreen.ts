/** Owns full screen of the whole player, danmaku included; where elements can not (iPhone) it fills the page. */
import { useEventListener } from '@vueuse/core'
import { onScopeDispose, ref, watch } from 'vue'
import type { Ref } from 'vue'

export const usePlayerFullscreen = (host: Ref<HTMLElement | null>) => {
  const filled = ref(false)
  const native = (): boolean =>
    document.fullscreenEnabled && typeof host.value?.requestFullscreen === 'function'

  const enter = async (): Promise<void> => {
    filled.value = true
    if (!native()) return
    try {
      await host.value?.requestFullscreen({ navigationUI: 'hide' })
      // A phone turns to landscape where that is allowed.
      await (screen.orientation as unknown as { lock?: (to: string) => Promise<void> }).lock?.('landscape')
    } catch {
      // The page stays filled; a desktop refuses the lock.
    }
  }
  const leave = async (): Promise<void> => {
    filled.value = false
    if (document.fullscreenElement) await document.exitFullscreen()
  }

  useEventListener(document, 'fullscreenchange', () => {
    if (!document.fullscreenElement) filled.value = false
  })
  useEventListener(document, 'keydown', (event: KeyboardEvent) => {
    if (event.key === 'Escape' && filled.value) void leave()
  })
  watch(filled, (on) => document.documentElement.classList.toggle('player-filled', on))
  onScopeDispose(() => document.documentElement.classList.remove('player-filled'))

  return { filled, toggle: () => void (filled.value ? leave() : enter()) }
}
