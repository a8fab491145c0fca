/** Owns where somebody stopped in each video; kept in the browser for the last 200. */
import { useLocalStorage } from '@vueuse/core'

const kept = useLocalStorage<Record<string, number>>('vireo.progress', {})
const most = 200

/** Where to go on: not for the first seconds, nor at the end. */
export const resumeAt = (id: string, duration: number): number | undefined => {
  const at = kept.value[id]
  return at !== undefined && at > 10 && at < duration - 15 ? at : undefined
}

export const keepProgress = (id: string, at: number, duration: number): void => {
  const { [id]: _old, ...rest } = kept.value
  const finished = at < 10 || at > duration - 15
  const entries = Object.entries(rest).slice(finished ? -most : 1 - most)
  kept.value = Object.fromEntries(finished ? entries : [...entries, [id, Math.round(at)]])
}
