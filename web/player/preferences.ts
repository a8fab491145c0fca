/** Owns how somebody wants live streams: how near to the edge, with or without the picture; kept in the browser. */
import { useLocalStorage } from '@vueuse/core'
import { ref } from 'vue'

export type LatencyChoice = 'low' | 'normal'

export const latencyChoice = useLocalStorage<LatencyChoice>('vireo.latency', 'low')

/** For this visit alone: who opens the next room wants to see it. */
export const audioOnly = ref(false)
export const showsFigures = ref(false)
