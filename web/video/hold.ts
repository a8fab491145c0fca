/** Owns holding a button: half a second begins it, the ring fills, and letting go early takes it back. */
import { onBeforeUnmount, ref } from 'vue'

const beginMs = 300
const fullMs = 1500

export const useHold = (done: () => void) => {
  /** 0 to 1; undefined while nothing is held. */
  const progress = ref<number>()
  let frame = 0
  let held = false

  const stop = (): void => {
    cancelAnimationFrame(frame)
    progress.value = undefined
  }
  const start = (event: PointerEvent): void => {
    if (event.button !== 0) return
    held = false
    const sinceMs = performance.now()
    const step = (nowMs: number): void => {
      const ms = nowMs - sinceMs
      if (ms > beginMs) {
        held = true
        progress.value = Math.min(1, (ms - beginMs) / fullMs)
      }
      if (progress.value === 1) {
        stop()
        done()
      } else frame = requestAnimationFrame(step)
    }
    frame = requestAnimationFrame(step)
  }
  onBeforeUnmount(stop)

  return {
    progress,
    on: {
      pointerdown: start,
      pointerup: stop,
      pointerleave: stop,
      pointercancel: stop,
      contextmenu: (event: Event) => event.preventDefault(),
    },
    /** Was the click that comes now the end of a hold? */
    wasHeld: (): boolean => {
      const was = held
      held = false
      return was
    },
  }
}
