/** Owns bringing a video's danmaku onto the picture as the playhead passes them. */
import { ref, shallowRef, watch } from 'vue'
import { videoDanmaku, writeVideoDanmaku } from '../api/danmaku.ts'
import type { Danmaku } from '../api/shapes.ts'
import { user } from '../api/session.ts'
import { createRanges } from './danmaku/ranges.ts'
import type { Ranges } from './danmaku/ranges.ts'
import type { DanmakuStyle } from './danmaku/settings.ts'
import type { StageItem } from './danmaku/stage.ts'

interface Options {
  video: () => string
  show: (item: StageItem) => void
  /** Not shown without it. */
  wants: (item: Danmaku) => boolean
  currentTime: () => number
  onFailed: (error: unknown) => void
}

// A longer step than this is a jump: what lies between was not watched.
const jumpS = 2.5

export const useTimeline = ({ video, show, wants, currentTime, onFailed }: Options) => {
  const loaded = ref(0)
  const items = shallowRef<readonly Danmaku[]>([])
  let ranges: Ranges
  let last = 0
  let abort = new AbortController()
  const own = new Set<string>()

  const reset = (id: string): void => {
    abort.abort()
    abort = new AbortController()
    const { signal } = abort
    loaded.value = 0
    items.value = []
    last = 0
    ranges = createRanges({
      read: (from, to) => videoDanmaku(id, from, to, signal),
      onLoaded: (fresh: readonly Danmaku[]) => {
        if (signal.aborted) return
        loaded.value += fresh.length
        items.value = ranges.all()
      },
    })
  }
  watch(video, reset, { immediate: true })

  return {
    loaded,
    /** What is loaded, in order. */
    items,
    /** To be called several times a second with the playhead. */
    onTime: (seconds: number, playing: boolean): void => {
      ranges.want(seconds)
      const step = seconds - last
      if (playing && step > 0 && step < jumpS) {
        for (const item of ranges.between(last, seconds)) if (!own.has(item.id) && wants(item)) show(item)
      }
      last = seconds
    },
    write: async (text: string, style: DanmakuStyle): Promise<void> => {
      if (!user.value) return
      const id = video()
      show({ text, ...style, own: true })
      try {
        const made = await writeVideoDanmaku(id, { text, ...style, time: currentTime() })
        // It was shown already; it comes again only when the video is watched again.
        own.add(made.id)
        setTimeout(() => own.delete(made.id), 10_000)
        if (id === video()) {
          ranges.add(made)
          items.value = ranges.all()
        }
        loaded.value += 1
      } catch (error) {
        onFailed(error)
      }
    },
  }
}
