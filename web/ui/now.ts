/** Owns one clock for everything on the page that counts seconds. */
import { useIntervalFn } from '@vueuse/core'
import { computed, ref } from 'vue'

export const nowMs = ref(Date.now())
useIntervalFn(() => (nowMs.value = Date.now()), 1000)

/** Steps every 15 s: the part of a picture's address that keeps it younger than that. */
export const pictureStep = computed(() => Math.floor(nowMs.value / 15_000))
