/** Owns how somebody watches: the wide picture, going on by itself, and the keys for both; kept in the browser. */
import { useEventListener, useLocalStorage } from '@vueuse/core'

export const wide = useLocalStorage('vireo.wide', false)
export const autoNext = useLocalStorage('vireo.auto_next', true)

const takesKeys = 'input, textarea, select, [contenteditable], [role=menu], [role=listbox], [role=dialog]'

/** `t` for the wide picture, `n` for the next video, `c` for captions; never while somebody writes. */
export const useWatchKeys = (keys: { next: () => void; captions: () => void }): void => {
  useEventListener(document, 'keydown', (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    const [target] = event.composedPath()
    if (target instanceof Element && target.closest(takesKeys)) return
    if (document.querySelector('[role=dialog][data-state=open]')) return
    const key = event.key.toLowerCase()
    if (key === 't') wide.value = !wide.value
    else if (key === 'n') keys.next()
    else if (key === 'c') keys.captions()
    else return
    event.preventDefault()
  })
}
