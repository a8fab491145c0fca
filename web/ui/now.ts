/** Owns one clock for everything on the page that counts seconds. */
import { useNow } from '@vueuse/core'
import { computed } from 'vue'

const now = useNow({ interval: 1000 })
export const nowMs = computed(() => now.value.getTime())
/** Steps every 15 s: the part of a picture's address that keeps it younger than that. */
export const pictureStep = computed(() => Math.floor(nowMs.value / 15_000))
