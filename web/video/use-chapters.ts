/** Owns a video's chapters and the address of the track that the seek bar reads them from. */
import { computed, onScopeDispose, ref, watch } from 'vue'
import type { Video } from '../api/shapes.ts'
import { chaptersOf, chaptersVtt } from './chapters.ts'

export const useChapters = (video: () => Video | undefined) => {
  const chapters = computed(() => {
    const now = video()
    return now ? chaptersOf(now.intro, now.duration) : []
  })
  const track = ref<string>()
  const drop = (): void => {
    if (track.value) URL.revokeObjectURL(track.value)
    track.value = undefined
  }
  watch(
    () => JSON.stringify(chapters.value),
    () => {
      drop()
      if (chapters.value.length > 0)
        track.value = URL.createObjectURL(new Blob([chaptersVtt(chapters.value)], { type: 'text/vtt' }))
    },
    { immediate: true },
  )
  onScopeDispose(drop)
  return { chapters, track }
}
