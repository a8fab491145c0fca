/** Owns light and dark: the system's choice until somebody switches. */
import { useColorMode } from '@vueuse/core'
import { computed, watch } from 'vue'

const mode = useColorMode({
  storageKey: 'vireo.theme',
  modes: { light: '', dark: 'dark' },
  disableTransition: true,
})

watch(
  () => mode.state.value,
  (state) =>
    document
      .querySelector('meta[name=theme-color]')
      ?.setAttribute('content', state === 'dark' ? '#0d100c' : '#fcfcf9'),
  { immediate: true },
)

export type Theme = 'auto' | 'light' | 'dark'
export const theme = computed<Theme>({
  get: () => (mode.store.value === 'light' || mode.store.value === 'dark' ? mode.store.value : 'auto'),
  set: (value) => {
    mode.store.value = value
  },
})
export const isDark = computed(() => mode.state.value === 'dark')
