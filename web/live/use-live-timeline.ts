/** Owns the danmaku of a live session's past: they come onto the picture as the playhead passes them again. */
import { watch } from 'vue'
import { liveDanmaku } from '../api/danmaku.ts'
import type { Danmaku } from '../api/shapes.ts'
import { createRanges } from '../player/danmaku/ranges.ts'
import type { Ranges } from '../player/danmaku/ranges.ts'
import type { StageItem } from '../player/danmaku/stage.ts'

interface Options {
  room: () => string
  session: () => string | null | undefined
  show: (item: StageItem) => void
}

// A longer step than this is a jump: what lies between was not watched.
const jumpS = 2.5

export const useLiveTimeline = ({ room, session, show }: Options) => {
  let ranges: Ranges
  let last = 0
  const reset = (): void => {
    const id = room()
    last = 0
    ranges = createRanges({ read: (from, to) => liveDanmaku(id, from, to) })
  }
  watch([room, session], reset, { immediate: true })

  return {
    /** To be called several times a second with the playhead, in seconds of the session. */
    onTime: (seconds: number, playing: boolean): void => {
      ranges.want(seconds)
      const step = seconds - last
      if (playing && step > 0 && step < jumpS) for (const item of ranges.between(last, seconds)) show(item)
      last = seconds
    },
    /** Said at the live edge just now: it is shown when the playhead gets there. */
    add: (item: Danmaku): void => ranges.add(item),
  }
}
